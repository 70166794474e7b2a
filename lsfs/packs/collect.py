"""Garbage collection: mark by the caller's live set, sweep sparse packs, or forget so that the bytes are gone.

A sweep rewrites sealed packs older than the grace time of which less than 60 % lives; dead chunks in fuller ones stay, and
serve again if their content comes back. Bases of living patches live. Forgetting rewrites every pack that holds something
dead, the open one (sealed first) and bytes that no row points to included, and makes living patches of dead bases whole.

What was given out by `add` since the last commit, or while the collection runs, lives.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass

from lsfs.errors import Corrupt
from lsfs.packs.batch import decode_batch
from lsfs.packs.codec import decode
from lsfs.packs.format import PACK_HEADER_SIZE, RecordKind
from lsfs.packs.index import ChunkRow, PackRow, PackState
from lsfs.packs.packfile import pack_path
from lsfs.packs.reports import SweepReport
from lsfs.packs.rewrite import DropRecord, Rewriter, Rewritten, Store
from lsfs.packs.scan import Found, read_all, scan

HOUR_NS = 3_600_000_000_000
_SPARSE = 0.6

Live = Container[bytes] | Callable[[], Container[bytes]]
"""The ids that live, or a function that returns them once the collection keeps what is added meanwhile."""


@dataclass(slots=True)
class _Use:
    """How much of a pack lives."""

    living: int = 0
    dead: int = 0  # chunks


class Collector:
    """One collection."""

    def __init__(self, store: Store, drop_record: DropRecord) -> None:
        self._s, self._drop_record = store, drop_record
        self._rewriter = Rewriter(store)
        self._live: Container[bytes] = ()
        self._needed: set[bytes] = set()
        self._forget: bool | Set[bytes] = False
        self._damaged: list[str] = []

    def sweep(self, live: Live, *, now_ns: int, grace_ns: int, dry_run: bool, forget: bool | Set[bytes]) -> SweepReport:
        """Run it; see `Packs.sweep`."""
        self._forget = forget
        with self._collecting():
            self._live = live() if callable(live) else live
            if forget is False:
                self._needed = self._bases_of_living()
            elif not dry_run:
                self._prepare_to_forget()
            chosen = self._choose(now_ns - grace_ns)
            if dry_run:
                return SweepReport(len(chosen), sum(p.length - u.living for p, u in chosen), sum(u.dead for _, u in chosen))
            return self._rewrite(chosen)

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        """Keep the ids that are given out from now on."""
        self._s.appender.collecting = True
        try:
            yield
        finally:
            self._s.appender.collecting = False

    def _lives(self, id_: bytes) -> bool:
        if id_ in self._live or id_ in self._needed or id_ in self._s.appender.given:
            return True
        return isinstance(self._forget, Set) and id_ not in self._forget

    def _bases_of_living(self) -> set[bytes]:
        """Return the ids that living patches need."""
        bases, needed = self._s.index.bases(), set[bytes]()
        for id_ in bases:
            at: bytes | None = id_ if self._lives(id_) else None
            while at is not None and (at := bases.get(at)) is not None and at not in needed:
                needed.add(at)
        return needed

    def _prepare_to_forget(self) -> None:
        """Seal the open pack and make living patches whole whose base goes."""
        self._s.appender.seal()
        for id_, base in self._s.index.bases().items():
            row = self._s.index.chunk(id_)
            if row is not None and self._lives(id_) and not self._lives(base):
                self._flatten(row)
        self._rewriter.commit()

    def _flatten(self, row: ChunkRow) -> None:
        """Make a patch whole; one that is damaged is lost with its base."""
        try:
            self._rewriter.flatten(row)
        except Corrupt as e:
            self._damaged.append(str(e))

    def _choose(self, sealed_before_ns: int) -> list[tuple[PackRow, _Use]]:
        """Return the packs to rewrite, those with the least to copy first (a full disk gains room soonest)."""
        uses = self._uses()
        chosen = []
        for pack in self._s.index.packs().values():
            use = uses.get(pack.number, _Use())
            if pack.state is PackState.OPEN:
                continue
            if self._forget is not False:
                wanted = use.dead > 0 or self._holds_dead(pack)
            else:
                wanted = pack.sealed_ns <= sealed_before_ns and use.living < _SPARSE * pack.length
            if wanted:
                chosen.append((pack, use))
        return sorted(chosen, key=lambda item: item[1].living)

    def _uses(self) -> dict[int, _Use]:
        """Add up, for each pack, what lives in it."""
        uses: dict[int, _Use] = {}
        for row in self._s.index.chunks():
            use = uses.setdefault(row.pack, _Use())
            if self._lives(row.id):
                use.living += row.span
            else:
                use.dead += 1
        for batch in self._s.index.batches():
            uses.setdefault(batch.pack, _Use()).living += batch.span
        return uses

    def _holds_dead(self, pack: PackRow) -> bool:
        """Tell whether a pack holds bytes that must go though no row of a dead chunk points there."""
        path = pack_path(self._s.directory, pack.number)
        if not os.path.exists(path):
            return False
        if pack.state is PackState.BAD or os.stat(path).st_size > pack.length:
            return True
        data = read_all(self._s.io, path, PACK_HEADER_SIZE, pack.length)
        for found in scan(data, PACK_HEADER_SIZE, self._s.key, pack.number, resync=True):
            if found.record.kind == RecordKind.CHUNK and not self._lives(found.record.id):
                return True
            if found.record.kind == RecordKind.BATCH and self._drops_from(found):
                return True
        return False

    def _drops_from(self, found: Found) -> bool:
        """Tell whether a record of a batch goes."""
        records = decode_batch(decode(found.record.codec, bytes(found.payload), found.record.length))[1]
        return any(self._drop_record(kind, payload) for kind, payload in records)

    def _rewrite(self, chosen: list[tuple[PackRow, _Use]]) -> SweepReport:
        packs = freed = chunks = 0
        damaged = self._damaged
        for pack, _ in chosen:
            done = self._rewriter.rewrite(pack, self._lives, self._drop_record, despite_damage=self._forget is not False)
            if isinstance(done, Rewritten):
                packs, freed, chunks = packs + 1, freed + pack.length - done.copied, chunks + done.dropped
                damaged.extend(done.damaged)
            else:
                damaged.append(done)
        self._s.reserve.ensure()
        return SweepReport(packs, freed, chunks, tuple(damaged))
