"""A ZIP archive written while it is sent: no temporary file, no second copy in memory.

Entries carry their sizes behind them (data descriptors), as the stream cannot go back; ZIP64 is always allowed.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Sequence
from typing import IO, cast

from lsfs.links.content import Shared

_PIECE = 256 * 1024
_PACKED = frozenset(
    "zip gz bz2 xz zst 7z rar jpg jpeg png gif webp mp3 mp4 m4a ogg flac mkv webm pdf docx xlsx pptx epub".split()
)


class _Stream:
    """A writable that only goes forward; `tell` is what ZipFile asks for to know that it cannot seek."""

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self.sent = 0

    def write(self, data: bytes) -> int:
        if data:
            self._send(bytes(data))
        self.sent += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def write_zip(files: Sequence[Shared], send: Callable[[bytes], object]) -> int:
    """Send the files as an archive through `send`; return the bytes sent."""
    stream = _Stream(send)
    with zipfile.ZipFile(cast(IO[bytes], stream), "w", allowZip64=True) as archive:
        for f in files:
            info = zipfile.ZipInfo(f.name, _date(f.modified_ns))
            ending = f.name.rpartition(".")[2].lower()
            info.compress_type = zipfile.ZIP_STORED if ending in _PACKED else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with f.open() as source, archive.open(info, "w", force_zip64=True) as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
    return stream.sent


def _date(at_ns: int) -> tuple[int, int, int, int, int, int]:
    """Return a time as ZIP can say it: from 1980 to 2107."""
    t = time.gmtime(max(at_ns, 0) // 10**9)
    if not 1980 <= t.tm_year <= 2107:
        return (1980, 1, 1, 0, 0, 0)
    return (t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec)
