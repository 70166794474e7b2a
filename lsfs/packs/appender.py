"""The writing side: chunks and batches behind the open pack, and what of them no commit has covered yet.

Between two commits the records lie in the open pack (or in packs sealed since), and their rows in `_rows`. `sync` makes
them durable, `record` writes the rows in the caller's transaction, `settled` forgets them. When the disk refuses a write,
the records that were in the buffer are gone; the caller gets Unavailable and adds its contents again (what did reach the
pack is found there and costs nothing). When it refuses a sync, the pack is sealed as bad, and what it held since the last
commit is read back, verified and appended to a new pack.

Threading: every method takes `lock`, so that a reader may ask for a chunk that is not committed yet.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from sqlite3 import Connection

from blake3 import blake3

from lsfs.errors import Corrupt
from lsfs.packs.batch import encode_batch
from lsfs.packs.codec import Compressor
from lsfs.packs.diskio import DiskIO
from lsfs.packs.format import PACK_HEADER_SIZE, Codec, RecordKind, encode_supersede
from lsfs.packs.index import BatchRow, ChunkRow, Index, PackRow, PackState, put_batches, put_chunks, put_number, put_pack
from lsfs.packs.packfile import PackFile
from lsfs.packs.refusal import unavailable
from lsfs.packs.scan import Found, scan


class Appender:
    """What is appended and not committed."""

    def __init__(
        self,
        io: DiskIO,
        directory: str,
        index: Index,
        *,
        key: bytes,
        next_number: int,
        pack: PackFile | None,
        seal_at: int,
        now_ns: Callable[[], int],
    ) -> None:
        self.lock = threading.RLock()
        self.given: set[bytes] = set()  # ids given out since the last commit, or since a collection began
        self.collecting = False
        self._io, self._directory, self._index, self._key = io, directory, index, key
        self._next_number, self._pack, self._seal_at, self._now_ns = next_number, pack, seal_at, now_ns
        self._compressor = Compressor()
        self._rows: dict[bytes, ChunkRow] = {}
        self._batches: dict[int, BatchRow] = {}
        self._tentative: tuple[int, int] | None = None  # pack and offset of what `take_back` cuts off
        self._retired: dict[int, PackRow] = {}
        self._committed = pack.length if pack else 0  # durable and committed bytes of the open pack

    # appending

    def add(self, data: bytes | memoryview) -> bytes:
        """Append a chunk unless it is there, and return its id."""
        id_ = blake3(data).digest()
        with self.lock:
            self.given.add(id_)
            if self.collecting:
                self._give_bases(id_)
            if id_ not in self._rows and not self._index.has(id_):
                codec, payload = self._compressor.compress(data)
                self.put_chunk(id_, codec, len(data), payload)
        return id_

    def _give_bases(self, id_: bytes) -> None:
        """Keep what a chunk that is there already is a patch of."""
        row = self._index.chunk(id_)
        while row is not None and row.base is not None:
            self.given.add(row.base)
            row = self._index.chunk(row.base)

    def put_chunk(
        self, id_: bytes, codec: Codec, length: int, payload: bytes | memoryview, base: bytes | None = None
    ) -> ChunkRow:
        """Append a chunk in a form of the caller's choice; it replaces one that is there at the next commit."""
        with self.lock, self._guard():
            pack = self._room()
            offset = pack.append(RecordKind.CHUNK, codec, id_, length, payload, base or b"")
            row = ChunkRow(id_, pack.number, offset, len(base or b"") + len(payload), length, base)
            self._rows[id_] = row
            return row

    def put_batch(self, number: int, records: Sequence[tuple[int, bytes]], *, tentative: bool = True) -> None:
        """Append a batch of the caller's records; a tentative one is cut off again by `take_back`."""
        data = encode_batch(number, records)
        codec, payload = self._compressor.compress(data)
        with self.lock, self._guard():
            pack = self._room()
            offset = pack.append(RecordKind.BATCH, codec, blake3(data).digest(), len(data), payload)
            self._batches[number] = BatchRow(number, pack.number, offset, len(payload))
            if tentative:
                self._tentative = (pack.number, offset)

    def put_supersede(self, numbers: Sequence[int]) -> None:
        """Append the note that everything living of some packs has been copied before this place."""
        payload = encode_supersede(numbers)
        with self.lock, self._guard():
            pack = self._room()
            offset = pack.append(RecordKind.SUPERSEDE, Codec.RAW, blake3(payload).digest(), len(payload), payload)
            self._tentative = (pack.number, offset)

    def seal(self) -> None:
        """Close the open pack; the next record starts a new one."""
        with self.lock, self._guard():
            if self._pack is not None and self._pack.length > PACK_HEADER_SIZE:
                self._sync_open()
                self._retire(PackState.SEALED)

    # the commit

    def sync(self) -> None:
        """Make everything appended durable.

        Raises:
            Unavailable: the disk is full or failing; add the contents since the last commit again.
        """
        with self.lock, self._guard():
            if self._pack is not None and self._pack.length > self._committed:
                self._sync_open()

    def record(self, con: Connection, adopted: int | None) -> None:
        """Write the rows of what was synced."""
        for row in self._retired.values():
            put_pack(con, row)
        if self._pack is not None:
            put_pack(con, PackRow(self._pack.number, self._pack.length, PackState.OPEN, 0))
        put_chunks(con, self._rows.values())
        put_batches(con, self._batches.values())
        if adopted is not None:
            put_number(con, "adopted", adopted)

    def settled(self) -> None:
        """Forget what is committed now."""
        self._rows, self._batches, self._tentative, self._retired = {}, {}, None, {}
        if not self.collecting:
            self.given = set()
        self._committed = self._pack.length if self._pack else 0

    def take_back(self) -> None:
        """Cut off the tentative record of a commit that failed; what is before it stays."""
        tentative, self._tentative = self._tentative, None
        if tentative is None or self._pack is None or tentative[0] != self._pack.number:
            return
        self._drop_rows(*tentative)
        self._pack.cut(tentative[1])
        if self._pack.broken:
            self._abandon()

    def rolled(self) -> bool:
        """Tell whether a pack was sealed since the last commit."""
        return bool(self._retired)

    def fresh(self, id_: bytes) -> ChunkRow | None:
        """Return where an uncommitted chunk lies, written so far that it can be read."""
        if id_ not in self._rows:
            return None
        with self.lock, self._guard():
            row = self._rows.get(id_)
            if row and self._pack and row.pack == self._pack.number and row.offset + row.span > self._pack.flushed:
                self._pack.flush()
            return row

    def open_number(self) -> int | None:
        """Return the number of the open pack."""
        return self._pack.number if self._pack else None

    def close(self) -> None:
        """Drop what is not committed and close the pack."""
        with self.lock:
            if self._pack is not None:
                self._pack.close()
                self._pack = None
            self._rows, self._batches, self._tentative = {}, {}, None

    # the open pack

    def _room(self) -> PackFile:
        """Return the pack to append to."""
        if self._pack is not None and self._pack.length >= self._seal_at:
            self._sync_open()
            if self._pack.length >= self._seal_at:
                self._retire(PackState.SEALED)
        if self._pack is None:
            self._pack = self._create()
        return self._pack

    def _create(self) -> PackFile:
        """Start a pack; a number is never used twice, so that a reader's cached descriptor stays right."""
        number, self._next_number = self._next_number, self._next_number + 1
        pack = PackFile.create(self._io, self._directory, number, self._key)
        self._committed = PACK_HEADER_SIZE
        return pack

    def _retire(self, state: PackState) -> None:
        """Close the open pack for good."""
        pack = self._pack
        assert pack is not None
        length = self._committed if state is PackState.BAD else pack.length
        self._retired[pack.number] = PackRow(pack.number, length, state, self._now_ns())
        self._pack = None
        pack.close()

    def _sync_open(self) -> None:
        """Sync the open pack; where the disk refuses, move what it holds to a new one."""
        assert self._pack is not None
        try:
            self._pack.sync()
        except OSError:
            if not self._pack.broken:
                raise
            self._rescue()

    def _rescue(self) -> None:
        """Copy the uncommitted records of a pack that failed to sync to a new pack, verified."""
        bad = self._pack
        assert bad is not None
        data = bad.pread(bad.flushed - self._committed, self._committed)
        found = list(scan(data, self._committed, self._key, bad.number, resync=False))
        whole = found[-1].end if found else self._committed
        self._retire(PackState.BAD)
        if whole != bad.length:
            self._drop_rows(bad.number, 0)
            raise OSError(errno.EIO, "what was written to a pack that failed cannot be read back")
        try:
            self._pack = self._create()
            for item in found:
                self._copy(bad.number, item)
            self._pack.sync()
        except OSError:
            self._drop_rows(bad.number, 0)
            raise

    def _copy(self, source: int, item: Found) -> None:
        """Append one record of a bad pack to the new one."""
        record, pack = item.record, self._pack
        assert pack is not None
        kind = RecordKind(record.kind)
        offset = pack.append(kind, Codec(record.codec), record.id, record.length, item.payload)
        row = self._rows.get(record.id)
        if kind is RecordKind.CHUNK and row is not None and (row.pack, row.offset) == (source, item.offset):
            self._rows[record.id] = row._replace(pack=pack.number, offset=offset)
        for batch in self._batches.values():
            if (batch.pack, batch.offset) == (source, item.offset):
                self._batches[batch.number] = replace(batch, pack=pack.number, offset=offset)
        if self._tentative == (source, item.offset):
            self._tentative = (pack.number, offset)

    # failures

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Turn what the disk says into Unavailable, and drop the rows of what was lost."""
        try:
            yield
        except OSError as e:
            self._lost()
            raise unavailable(self._directory, e) from e
        except Corrupt:
            self._lost()
            raise

    def _lost(self) -> None:
        """Forget the records that are in no file."""
        if self._pack is None:
            return
        if self._pack.broken:
            self._abandon()
        else:
            self._drop_rows(self._pack.number, self._pack.length)

    def _abandon(self) -> None:
        """Seal the open pack as bad and forget what it held since the last commit."""
        assert self._pack is not None
        number = self._pack.number
        self._retire(PackState.BAD)
        self._drop_rows(number, 0)

    def _drop_rows(self, pack: int, offset: int) -> None:
        """Forget the uncommitted rows of a pack from an offset on."""
        self._rows = {i: r for i, r in self._rows.items() if r.pack != pack or r.offset < offset}
        self._batches = {n: b for n, b in self._batches.items() if b.pack != pack or b.offset < offset}
