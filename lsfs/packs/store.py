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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from lsfs.catalogue import Catalogue
from lsfs.errors import Conflict, Unavailable
from lsfs.packs.appender import Appender
from lsfs.packs.batch import decode_batch
from lsfs.packs.content import Content
from lsfs.packs.diskio import REAL_IO, DiskIO
from lsfs.packs.fetch import Fetcher
from lsfs.packs.index import ChunkRow, Index, drop_all
from lsfs.packs.intake import Intake
from lsfs.packs.packfile import PackFile
from lsfs.packs.reader import ContentStream, Extent, extents, read_range, restore
from lsfs.packs.recovery import Recovery
from lsfs.packs.reports import PackStats

SEAL_AT = 32 * 1024 * 1024
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)

Effects = Callable[[sqlite3.Connection], None]
"""What the caller changes in the catalogue in the same transaction."""


class Packs:
    """The packs of one root."""

    def __init__(self, directory: Path, catalogue: Catalogue, io: DiskIO = REAL_IO, *, seal_at: int = SEAL_AT) -> None:
        """Open the store and recover it.

        Args:
            directory: of the packs; made when missing.
            catalogue: open, and this store's alone.
            io: the way to the disk.
            seal_at: bytes at which a pack is closed.
        """
        self._directory, self._catalogue, self._io, self._seal_at = str(directory), catalogue, io, seal_at
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self._index = Index(catalogue)
        self._open()

    def _open(self) -> None:
        opened = Recovery(self._io, self._directory, self._index, self._catalogue, seal_at=self._seal_at).run()
        pack = None
        if opened.number is not None:
            pack = PackFile.reopen(self._io, self._directory, opened.number, opened.key, opened.length)
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
        if self.has_orphans():
            raise Conflict("the store holds records that the catalogue has lost: adopt them before anything is committed")
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
            self._appender.settled()
            self._last_batch = number
            self._io.point("commit.done")

    def _transact(self, adopted: int, effects: Effects | None) -> None:
        """Run the one transaction of a commit."""
        try:
            with self._catalogue.write() as con:
                self._appender.record(con, adopted)
                if effects is not None:
                    effects(con)
                self._io.point("commit.inside")
        except sqlite3.OperationalError as e:
            if e.sqlite_errorcode & 0xFF in _FULL:
                raise Unavailable(
                    f"the catalogue beside {self._directory} cannot be written ({e}): free space on its disk"
                ) from e
            raise

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
