"""Repacking: chunks of later versions become zstd patches of the chunks they came from.

Never on the way of a writer; garbage collection does it at leisure. Patches point backwards in time, so that a new version
never changes an old record. A chunk that others are patches of is not made one itself: no cycles, and no chain grows from
below. Where a chain is as deep as it may be, the patch is made of the chain's first chunk; where a patch does not pay, the
chunk stays whole.

Source: zstd's --patch-from (the base as a raw dictionary); RCS and Subversion for keeping versions as differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from lsfs.errors import Corrupt
from lsfs.packs.codec import make_patch
from lsfs.packs.content import HOLE, Content
from lsfs.packs.format import ID_SIZE, PACK_HEADER_SIZE, Codec
from lsfs.packs.index import ChunkRow, PackState
from lsfs.packs.reports import RepackReport
from lsfs.packs.rewrite import Rewriter, Store

DEEPEST = 16
_LARGEST = 1024 * 1024  # bytes of a chunk; larger ones are media
_SMALLEST = 256  # bytes stored; below, a patch's own header eats the gain
_PAYS = 0.8
_COMMIT_AT = 512  # patches
_SPARSE = 0.6


@dataclass(frozen=True, slots=True)
class _Span:
    """A chunk of a content with its place."""

    id: bytes
    start: int
    length: int


def successors(old: Content, new: Content) -> Iterator[tuple[bytes, bytes]]:
    """Yield (chunk of `new`, chunk of `old` it most likely came from) for the chunks that `old` does not have.

    Both lists are aligned by the chunks they share; between two shared ones, places are scaled to each other.
    """
    before, after = _spans(old), _spans(new)
    had = set(old.chunks)
    head = 0
    while head < min(len(before), len(after)) and before[head].id == after[head].id:
        head += 1
    before, after = before[head:], after[head:]
    matcher = SequenceMatcher(None, [s.id for s in before], [s.id for s in after], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "replace":
            for target, base in _pair(before[i1:i2], after[j1:j2]):
                if target not in had and HOLE not in (target, base):
                    yield target, base


def _spans(content: Content) -> list[_Span]:
    starts = accumulate(content.lengths, initial=0)
    return [_Span(*item) for item in zip(content.chunks, starts, content.lengths, strict=False)]


def _pair(before: list[_Span], after: list[_Span]) -> Iterator[tuple[bytes, bytes]]:
    """Pair the chunks of two blocks that stand for each other by the place of their middles."""
    start, size = before[0].start, before[-1].start + before[-1].length - before[0].start
    first, extent = after[0].start, after[-1].start + after[-1].length - after[0].start
    at = 0
    for span in after:
        middle = start + (span.start + span.length // 2 - first) * size // max(1, extent)
        while at + 1 < len(before) and before[at + 1].start <= middle:
            at += 1
        yield span.id, before[at].id


class Repacker:
    """One run of repacking."""

    def __init__(self, store: Store, deepest: int) -> None:
        self._s, self._deepest = store, deepest
        self._rewriter = Rewriter(store)
        self._bases: set[bytes] = set()  # of patches that are not committed yet
        self._patched = self._before = self._after = 0

    def run(self, chains: Iterable[Sequence[Content]]) -> RepackReport:
        """Make the patches; `compact` gives the room back."""
        for chain in chains:
            for old, new in pairwise(chain):
                for target, base in successors(old, new):
                    self._patch(target, base)
            if len(self._bases) >= _COMMIT_AT:
                self._commit()
        self._commit()
        return RepackReport(self._patched, self._before, self._after)

    def _commit(self) -> None:
        self._rewriter.commit()
        self._bases.clear()

    def _patch(self, target: bytes, base: bytes) -> None:
        """Store one chunk as a patch, if that pays and may be."""
        with self._s.appender.lock:
            row, base_row = self._row(target), self._row(base)
            if row is None or base_row is None or not self._may_change(row) or base_row.length > _LARGEST:
                return
            chain = self._chain(base_row)
            if len(chain) > self._deepest:
                base_row = chain[-1]
            try:
                patch = make_patch(self._s.fetcher.get(base_row.id), self._s.fetcher.get(target))
            except Corrupt:
                return
            if len(patch) + ID_SIZE > row.stored * _PAYS:
                return
            new = self._s.appender.put_chunk(target, Codec.PATCH, row.length, patch, base_row.id)
            self._bases.add(base_row.id)
            self._patched, self._before, self._after = self._patched + 1, self._before + row.span, self._after + new.span

    def _may_change(self, row: ChunkRow) -> bool:
        """Tell whether a chunk is whole, of a size that pays, and no other one's base."""
        if row.base is not None or row.length > _LARGEST or row.stored < _SMALLEST or row.id in self._bases:
            return False
        return not self._s.index.has_dependents(row.id)

    def _chain(self, row: ChunkRow) -> list[ChunkRow]:
        """Return a chunk and what it is a patch of, down to the whole one."""
        chain = [row]
        while (base := chain[-1].base) is not None and (below := self._row(base)) is not None:
            chain.append(below)
        return chain

    def _row(self, id_: bytes) -> ChunkRow | None:
        return self._s.appender.fresh(id_) or self._s.index.chunk(id_)

    def sparse(self) -> list[int]:
        """Return the packs, the open one included, of which less than 60 % is pointed to."""
        spans = self._s.index.spans()
        packs = self._s.index.packs().values()
        return sorted(p.number for p in packs if spans.get(p.number, 0) < _SPARSE * (p.length - PACK_HEADER_SIZE))

    def compact(self, number: int) -> None:
        """Write what is pointed to in a pack again, and remove it; a damaged one stays."""
        if self._s.appender.open_number() == number:
            self._s.appender.seal()
            self._rewriter.commit()
        pack = self._s.index.packs().get(number)
        if pack is not None and pack.state is not PackState.OPEN:
            self._rewriter.rewrite(pack, _everything)


def _everything(_id: bytes) -> bool:
    return True
