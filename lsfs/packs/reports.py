"""What the store's longer operations tell: statistics, collection, repacking and damage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PackStats:
    """How much is stored.

    Attributes:
        bytes: of all packs on the disk.
        packs: files.
        chunks: different chunks.
        content_bytes: of the contents of these chunks, uncompressed.
    """

    bytes: int
    packs: int
    chunks: int
    content_bytes: int


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a collection did, or would do.

    Attributes:
        packs: how many were rewritten and removed.
        freed: bytes of packs removed, less the bytes written again.
        chunks: dead chunks dropped.
        damaged: packs left alone because something living in them cannot be read, in words.
    """

    packs: int
    freed: int
    chunks: int
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RepackReport:
    """What repacking did.

    Attributes:
        patched: chunks that are kept as patches now.
        before: bytes these chunks took.
        after: bytes they take now.
    """

    patched: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Something in the store that is not as it should be.

    Attributes:
        pack: number of the pack; None when none is at fault.
        chunk: id of the chunk that cannot be read; None when it is not about one.
        words: what is wrong, for people.
    """

    pack: int | None
    chunk: bytes | None
    words: str
