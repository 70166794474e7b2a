"""Content: what a version points to, and its compact form for a database column.

A content is a list of extents: chunks, named by the BLAKE3-256 of their bytes, and holes. It names no file and no pack.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from blake3 import blake3

from lsfs.errors import Corrupt

HOLE = bytes(32)
"""Stands in `Content.chunks` for a hole; no chunk has this id."""

_EMPTY_DIGEST = blake3(b"").digest()


class Content(NamedTuple):
    """The bytes of one version.

    Attributes:
        digest: of the whole content, holes read as zeros where they are not very large (`packs.digest`).
        size: bytes.
        chunks: ids in order; HOLE for a hole.
        lengths: bytes of each chunk or hole; their sum is `size`.
    """

    digest: bytes
    size: int
    chunks: tuple[bytes, ...]
    lengths: tuple[int, ...]

    @property
    def holes_bytes(self) -> int:
        """How long its holes are together."""
        return sum(length for id_, length in zip(self.chunks, self.lengths, strict=True) if id_ == HOLE)

    def ids(self) -> Iterator[bytes]:
        """Yield the ids of the chunks, without holes."""
        return (id_ for id_ in self.chunks if id_ != HOLE)

    def encode(self) -> bytes:
        """Return digest, size and extents; a content of one chunk needs no list (its digest is the chunk's id)."""
        out = bytearray(self.digest)
        _put_varint(out, self.size)
        if self.chunks == (self.digest,) or not self.chunks:
            return bytes(out)
        for id_, length in zip(self.chunks, self.lengths, strict=True):
            if id_ == HOLE:
                _put_varint(out, length << 1 | 1)
            else:
                _put_varint(out, length << 1)
                out += id_
        return bytes(out)

    @staticmethod
    def decode(data: bytes) -> Content:
        """Read what `encode` wrote.

        Raises:
            Corrupt: the bytes are no encoded content, or its lengths do not add up.
        """
        digest = data[:32]
        size, at = _get_varint(data, 32)
        if at == len(data):
            return Content(digest, size, (digest,), (size,)) if size else Content(digest, 0, (), ())
        chunks: list[bytes] = []
        lengths: list[int] = []
        while at < len(data):
            head, at = _get_varint(data, at)
            lengths.append(head >> 1)
            if head & 1:
                chunks.append(HOLE)
                continue
            chunks.append(data[at : at + 32])
            at += 32
        if at != len(data) or sum(lengths) != size:
            raise Corrupt("a stored content list is damaged: its lengths do not add up")
        return Content(digest, size, tuple(chunks), tuple(lengths))


EMPTY = Content(_EMPTY_DIGEST, 0, (), ())
"""The content of an empty file."""


def _put_varint(out: bytearray, value: int) -> None:
    """Append `value` in groups of seven bits, lowest first."""
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _get_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the value at `at` and the place behind it."""
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise Corrupt("a stored content list is damaged: it ends early")
