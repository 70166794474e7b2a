"""A file's content to text and attributes: the choice between reading here and asking the worker, and the size limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from lsfs.model import show
from lsfs.text.custom import Wanted, with_custom
from lsfs.text.extracted import Extracted
from lsfs.text.families import extension
from lsfs.text.plain import plain
from lsfs.text.pool import WorkerPool
from lsfs.text.worker import CUSTOM, handled

_SIGNATURES = ((b"%PDF-", "pdf"), (b"{\\rtf", "rtf"))
_HEAD = 8192


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes beyond which a file has no text.

    Attributes:
        text: of plain text and code.
        document: of documents, images and the like.
    """

    text: int = 16 << 20
    document: int = 128 << 20


class Extractor:
    """Turns content into text and attributes; never raises for what is in the file."""

    def __init__(self, pool: WorkerPool, limits: Limits | None = None, custom: Wanted | None = None) -> None:
        self._pool = pool
        self._limits = limits or Limits()
        self._custom = custom or Wanted()

    def is_slow(self, path: bytes) -> bool:
        """Tell whether the file goes to a worker by its name (so that quick files need not wait behind it)."""
        ext = extension(path)
        return handled(ext) or ext in self._custom.extensions

    def extract(self, path: bytes, stream: BinaryIO, size: int) -> Extracted:
        """Return what is in the content of `size` bytes; `path` is looked at for its name only.

        Raises:
            OSError, LsfsError: whatever reading `stream` raises.
        """
        if not size:
            return Extracted()
        ext = extension(path)
        head = stream.read(_HEAD)
        kind = ext if handled(ext) else next((k for magic, k in _SIGNATURES if head.startswith(magic)), "")
        limit = self._limits.document if kind else self._limits.text
        if size > limit:
            return _too_large(head, size, limit, bool(kind))
        data = head + stream.read(limit - len(head) + 1)
        if len(data) > limit:
            return _too_large(head, len(data), limit, bool(kind))
        found = self._read(path, data, ext, kind)
        if self._custom.wants(ext, document=bool(kind)):
            found = with_custom(found, self._pool.extract(show(path.rpartition(b"/")[2]), data, CUSTOM), path)
        return found

    def _read(self, path: bytes, data: bytes, ext: str, kind: str) -> Extracted:
        if not kind:
            return plain(data, ext) or Extracted()
        name = show(path.rpartition(b"/")[2])
        found = self._pool.extract(name if kind == ext else f"{name}.{kind}", data)
        return found if found.text or kind not in {"html", "htm"} else plain(data, ext) or found


def _too_large(head: bytes, size: int, limit: int, is_document: bool) -> Extracted:
    if not is_document and plain(head, "") is None:
        return Extracted()  # binary: it would have no text at any size
    key = "max_document_bytes" if is_document else "max_text_bytes"
    return Extracted(reason=f"larger than the limit of [index] {key} ({size:,} bytes, limit {limit:,})")
