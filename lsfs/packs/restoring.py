"""Put many contents back into files: where their chunks lie is looked up at once.

Threading: an object belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lsfs.packs.content import Content
from lsfs.packs.fetch import Fetcher
from lsfs.packs.format import Codec
from lsfs.packs.index import ChunkRow
from lsfs.packs.reader import restore


class Payload(NamedTuple):
    """A content as it is stored: a zstd frame, or as it is."""

    zstd: bool
    data: bytes


class Restorer:
    """Restores contents.

    Args:
        rows: where the chunks of these contents lie; those of others are looked up one by one.
    """

    def __init__(self, fetcher: Fetcher, rows: Mapping[bytes, ChunkRow]) -> None:
        self._fetcher, self._rows = fetcher, rows

    def restore(self, content: Content, fd: int) -> None:
        """Write a content into an empty file, with its holes and checked; raises as `Packs.restore` does."""
        restore(content, self._get, fd)

    def _get(self, id_: bytes) -> bytes:
        row = self._rows.get(id_)
        return self._fetcher.get(id_) if row is None else self._fetcher.checked(row)[2]

    def stored(self, content: Content, most: int) -> Payload | None:
        """Return a content of up to `most` bytes as it is stored, unchecked, where it is one chunk and no patch.

        Raises:
            Corrupt: it cannot be read.
        """
        row = self._rows.get(content.digest) if content.chunks == (content.digest,) else None
        if row is None or row.base is not None or row.length > most:
            return None
        record, payload = self._fetcher.payload(row)
        return Payload(record.codec == Codec.ZSTD, payload)
