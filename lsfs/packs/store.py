"""The content store: contents in, contents out, records committed with them; the face of the package.

Contents are cut into chunks, named by their hash, kept once, in append-only packs that describe themselves. The catalogue's
rows are an index of the packs. The store knows no file names: who points to a content is the caller's business, who writes
that into records (opaque here) that lie in the packs beside the chunks.

Threading: one thread calls `add`, `add_file` and `commit`; a lock keeps others right but slow. `open`, `read`, `has`,
    `extents` and `records` may be called from any thread.
Durability: see README.md of this package. `commit` returns when its chunks and records survive a power cut.
"""

from __future__ import annotations

import io as stdio
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import BinaryIO

from lsfs.catalogue import Catalogue
from lsfs.errors import Conflict
from lsfs.packs.appender import Appender
from lsfs.packs.batch import decode_batch
from lsfs.packs.collect import HOUR_NS, Collector, Live
from lsfs.packs.content import Content
from lsfs.packs.diskio import REAL_IO, DiskIO
from lsfs.packs.fetch import Fetcher
from lsfs.packs.index import ChunkRow, Index, drop_all, drop_chunks
from lsfs.packs.intake import Intake
from lsfs.packs.packfile import PackFile
from lsfs.packs.reader import ContentStream, Extent, extents, read_range, restore
from lsfs.packs.recovery import Recovery, pack_numbers
from lsfs.packs.refusal import unavailable
from lsfs.packs.repack import DEEPEST, Repacker
from lsfs.packs.reports import Damage, PackStats, RepackReport, SweepReport
from lsfs.packs.reserve import Reserve
from lsfs.packs.restoring import Restorer
from lsfs.packs.rewrite import DropRecord, Store, drop_nothing
from lsfs.packs.verify import verify

SEAL_AT = 32 * 1024 * 1024

Effects = Callable[[sqlite3.Connection], None]
"""What the caller changes in the catalogue in the same transaction."""


class Packs:
    """The packs of one root.

    Attributes:
        skipped: what opening (or `rebuild`) stepped over in the packs, in words: a torn tail after a crash, damage else.
    """

    def __init__(self, directory: Path, catalogue: Catalogue, io: DiskIO = REAL_IO, *, seal_at: int = SEAL_AT) -> None:
        """Open the store and recover it.

        Args:
            directory: of the packs; made when missing.
            catalogue: open, and this store's alone.
            io: the way to the disk.
            seal_at: bytes at which a pack is closed.

        Raises:
            Unavailable: the disk is full or failing; the next try does the same again.
        """
        self._directory, self._catalogue, self._io, self._seal_at = str(directory), catalogue, io, seal_at
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self._index = Index(catalogue)
        self._open()

    def _open(self) -> None:
        try:
            opened = Recovery(self._io, self._directory, self._index, self._catalogue, seal_at=self._seal_at).run()
            pack = None
            if opened.number is not None:
                pack = PackFile.reopen(self._io, self._directory, opened.number, opened.key, opened.length)
        except OSError as e:
            raise unavailable(self._directory, e) from e
        self._appender = Appender(
            self._io,
            self._directory,
            self._index,
            key=opened.key,
            next_number=opened.next_number,
            pack=pack,
            seal_at=self._seal_at,
            now_ns=self._catalogue.tick,
        )
        self._fetcher = Fetcher(self._io, self._directory, opened.key, self._locate)
        self._intake = Intake(self._appender.add)
        self._reserve = Reserve(self._io, self._directory)
        self._key, self.skipped = opened.key, opened.skipped
        self._last_batch = self._index.last_batch()

    # writing

    def add(self, data: bytes) -> Content:
        """Store a content; it is durable after the next commit.

        Raises:
            Unavailable: the disk is full or failing. All contents added since the last commit are void: add them again.
        """
        return self._intake.take(data)

    def add_file(self, fd: int, *, size_hint: int) -> Content:
        """Store what a descriptor holds, from its start, in constant memory; holes of 64 KiB and more stay holes.

        Args:
            fd: readable and seekable; its position is not used.
            size_hint: what fstat said; a wrong one costs time only.

        Raises:
            Unavailable: as `add`.
            OSError: the file cannot be read.
        """
        return self._intake.take_file(fd, size_hint)

    def commit(self, records: Sequence[tuple[int, bytes]] = (), effects: Effects | None = None) -> None:
        """Make everything added durable together with `records` and `effects`: all of it or none.

        The order is chunks, records, fdatasync, then one catalogue transaction. Not to be called inside `Catalogue.write`.

        Args:
            records: (kind, payload), the kind from 0 to 255; they come back from `records()` in the order of commits.
            effects: run inside the transaction; what it raises is passed on, and the records are taken back (the chunks
                stay for the next commit).

        Raises:
            Unavailable: the disk is full or failing; add the contents since the last commit again.
            Conflict: records found at opening wait in `orphans` and were not adopted.
        """
        self._refuse_orphans()
        self._commit(records, effects)

    def adopt(self, effects: Effects | None = None) -> None:
        """Take over the `orphans`: run `effects`, which imports them, and remember in the same transaction that it was done."""
        self._commit((), effects)

    def _commit(self, records: Sequence[tuple[int, bytes]], effects: Effects | None) -> None:
        with self._appender.lock:
            number = self._last_batch + 1 if records else self._last_batch
            try:
                if records:
                    self._appender.put_batch(number, records)
                self._appender.sync()
                self._io.point("commit.synced")
                self._transact(number, effects)
            except BaseException:
                self._appender.take_back()
                raise
            rolled = self._appender.rolled()
            self._appender.settled()
            self._last_batch = number
            if rolled:
                self._reserve.ensure()
            self._io.point("commit.done")

    def _transact(self, adopted: int, effects: Effects | None) -> None:
        """Run the one transaction of a commit."""
        with self._catalogue.write() as con:
            self._appender.record(con, adopted)
            if effects is not None:
                effects(con)
            self._io.point("commit.inside")

    # what the catalogue has lost

    def has_orphans(self) -> bool:
        """Tell whether there are records behind the last one that a commit of this catalogue has covered."""
        return self._last_batch > self._index.number("adopted")

    @property
    def orphans(self) -> list[tuple[int, bytes]]:
        """The records found in the packs that the catalogue's other tables do not know of, in order; `adopt` ends them.

        After `rebuild` these are all records.
        """
        return list(self._records(self._index.number("adopted")))

    def rebuild(self) -> None:
        """Make the index again from the packs alone; uncommitted contents are dropped, all records become orphans."""
        with self._appender.lock:
            self._appender.close()
            self._fetcher.close()
            with self._catalogue.write() as con:
                drop_all(con)
            self._open()

    # reading

    def open(self, content: Content) -> BinaryIO:
        """Return a seekable stream of a content; reading raises Corrupt where a chunk is damaged."""
        return stdio.BufferedReader(ContentStream(content, self._fetcher.get), 64 * 1024)

    def read(self, content: Content, offset: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a content, or `length` of them from `offset`.

        Raises:
            Corrupt: a chunk of the range is damaged.
            NotFound: a chunk is not in the store.
        """
        return read_range(content, self._fetcher.get, offset, content.size if length is None else length)

    def extents(self, content: Content) -> Iterator[Extent]:
        """Yield a content's pieces in order, a hole as one without data."""
        return extents(content, self._fetcher.get)

    def restore(self, content: Content, fd: int) -> None:
        """Write a content into an empty file, with its holes, and check it against its digest."""
        restore(content, self._fetcher.get, fd)

    def restorer(self, contents: Iterable[Content]) -> Restorer:
        """Return what does what `restore` does, for these contents: where their chunks lie is looked up at once."""
        return Restorer(self._fetcher, self._index.chunks_at([id_ for content in contents for id_ in content.ids()]))

    def has(self, chunk_id: bytes) -> bool:
        """Tell whether the store holds a chunk."""
        return self._locate(chunk_id) is not None

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield every committed record in the order of commits.

        Raises:
            Corrupt: a batch is damaged.
        """
        return self._records(-1)

    def _records(self, after: int) -> Iterator[tuple[int, bytes]]:
        for row in self._index.batches(after):
            yield from decode_batch(self._fetcher.batch(row))[1]

    # upkeep

    def sweep(
        self,
        live: Live,
        *,
        now_ns: int,
        dry_run: bool = False,
        forget: bool | Set[bytes] = False,
        drop_records: DropRecord = drop_nothing,
        grace_ns: int = HOUR_NS,
    ) -> SweepReport:
        """Collect garbage: rewrite packs of which little lives, and remove them. Killed anywhere, the store is whole.

        Contents added since the last commit, or while this runs, live in any case. Before it, commit a record of your own
        that says which versions are gone, or `rebuild` finds them again.

        Args:
            live: the ids of all chunks that some version needs (bases of patches need not be named), or a function that returns
                them, called once nothing that is added any more can be lost.
            now_ns: the time; packs sealed within `grace_ns` before it stay.
            dry_run: tell, change nothing.
            forget: True: every byte of a chunk that does not live, and of records that go, leaves the packs, at once; a set of
                ids: only of those (and only if they do not live).
            drop_records: tells which records (kind, payload) go when their pack is rewritten.
            grace_ns: see `now_ns`; not for `forget`.

        Raises:
            Unavailable: the disk is full or failing; what was done so far stays done.
        """
        self._refuse_orphans()
        collector = Collector(self._store(), drop_records)
        return collector.sweep(live, now_ns=now_ns, grace_ns=grace_ns, dry_run=dry_run, forget=forget)

    def repack(self, chains: Iterable[Sequence[Content]], *, deepest: int = DEEPEST, compact: bool = True) -> RepackReport:
        """Keep later versions of a file as patches of earlier ones, then rewrite the packs that this made sparse.

        Args:
            chains: the contents of one file each, oldest first.
            deepest: patches that may have to be resolved to read a chunk.
            compact: rewrite the packs; else `compact` does it later.

        Raises:
            Unavailable: the disk is full or failing; what was done so far stays done.
        """
        self._refuse_orphans()
        repacker = Repacker(self._store(), deepest)
        report = repacker.run(chains)
        for number in repacker.sparse() if compact and report.patched else ():
            repacker.compact(number)
        return report

    def sparse(self) -> list[int]:
        """Return the packs that repacking made sparse."""
        return Repacker(self._store(), DEEPEST).sparse()

    def compact(self, number: int) -> None:
        """Write what is pointed to in a pack again, and remove it.

        Raises:
            Unavailable: the disk is full or failing; nothing has changed.
        """
        self._refuse_orphans()
        Repacker(self._store(), DEEPEST).compact(number)

    def verify(self, *, sample: float = 1.0, seed: int = 0) -> list[Damage]:
        """Read chunks and records back and tell what is wrong; empty when nothing is.

        Args:
            sample: share of the chunks to read, 1 for all.
            seed: chooses another part of them.
        """
        return verify(self._store(), sample=sample, seed=seed)

    def discard(self, chunk_ids: Iterable[bytes]) -> None:
        """Forget where damaged chunks lie, so that adding their content again stores it again (and mends what needs it)."""
        with self._appender.lock, self._catalogue.write() as con:
            drop_chunks(con, chunk_ids)

    def missing(self) -> dict[int, list[bytes]]:
        """Return the packs whose files are gone, with the chunks that rows say to be there."""
        here = set(pack_numbers(self._directory))
        gone = [number for number in self._index.packs() if number not in here]
        return {number: [row.id for row in self._index.chunks_of(number)] for number in gone}

    def _store(self) -> Store:
        return Store(
            self._io, self._directory, self._key, self._catalogue, self._index, self._appender, self._fetcher, self._reserve
        )

    def _refuse_orphans(self) -> None:
        if self.has_orphans():
            raise Conflict("the store holds records that the catalogue has lost: adopt them before anything is committed")

    def stats(self) -> PackStats:
        """Return how much is stored; O(chunks)."""
        packs = self._index.packs().values()
        chunks, content_bytes = self._index.count()
        return PackStats(sum(p.length for p in packs), len(packs), chunks, content_bytes)

    def close(self) -> None:
        """Close every file; what was not committed is dropped."""
        self._appender.close()
        self._fetcher.close()

    def _locate(self, id_: bytes) -> ChunkRow | None:
        return self._appender.fresh(id_) or self._index.chunk(id_)
