"""Opening the store: read what lies behind the catalogue's durable lengths, and make the rows of it.

    1. Files that the catalogue does not know and that are older than its newest pack are left from garbage collection: removed.
    2. The open pack is read from its durable length on, newer packs from their start. In the last file everything behind the
       first record that is not whole is cut off: a power cut may have kept later ones without what they need. In others,
       synced before the next was begun, damage is stepped over; so it is in all when the catalogue is empty, for then the
       damage is more likely in what once was durable. A file without a whole header is never cut.
    3. Chunks get rows, unless the catalogue has them; batches too. A supersede record that was committed by no transaction
       is carried out: what it copied is re-pointed, the packs it names are removed.
    4. All rows change in one transaction, after the cut and before the removal of files.

With an empty catalogue this makes it again from the packs alone. Killed anywhere, it does the same the next time; a second run
finds nothing to do.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lsfs.catalogue import Catalogue
from lsfs.errors import Corrupt
from lsfs.packs.batch import decode_batch
from lsfs.packs.codec import decode
from lsfs.packs.diskio import DiskIO, sync_directory
from lsfs.packs.format import ID_SIZE, PACK_HEADER_SIZE, Codec, PackHeader, RecordKind, decode_supersede, key_in
from lsfs.packs.index import (
    BatchRow,
    ChunkRow,
    Index,
    PackRow,
    PackState,
    drop_pack,
    put_batches,
    put_chunks,
    put_pack,
)
from lsfs.packs.packfile import pack_path
from lsfs.packs.scan import Found, read_all, scan

KEY = "packs:key"
"""Where the catalogue keeps the store's key."""
SPARE_KEY = "packs:spare-key"
"""Where a catalogue that is made again finds the key of the one before; used where no pack tells it."""
_NAME = re.compile(r"(\d{8,})\.pack")


@dataclass(slots=True)
class Tail:
    """What was found behind the durable lengths."""

    chunks: dict[bytes, ChunkRow] = field(default_factory=dict)
    batches: dict[int, BatchRow] = field(default_factory=dict)
    superseded: set[int] = field(default_factory=set)
    packs: dict[int, PackRow] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Opened:
    """Where appending goes on.

    Attributes:
        key: the store's key.
        number: of the open pack; None when the next record starts one.
        length: durable bytes of it.
        next_number: for the next pack.
        skipped: what was found between and behind the records, in words; a torn tail is one.
    """

    key: bytes
    number: int | None
    length: int
    next_number: int
    skipped: tuple[str, ...]


def pack_numbers(directory: str) -> list[int]:
    """Return the numbers of the pack files, rising."""
    return sorted(int(m[1]) for name in os.listdir(directory) if (m := _NAME.fullmatch(name)))


class Recovery:
    """One run over a store that nobody else has open."""

    def __init__(self, io: DiskIO, directory: str, index: Index, catalogue: Catalogue, *, seal_at: int) -> None:
        self._io, self._directory, self._index, self._catalogue = io, directory, index, catalogue
        self._seal_at = seal_at
        self._key, self._rebuilding = b"", False

    def run(self) -> Opened:
        """Bring the catalogue up to the packs."""
        known = self._index.packs()
        files = pack_numbers(self._directory)
        newest, self._rebuilding = max(known, default=0), not known
        stale = [n for n in files if n not in known and n < newest]
        files = [n for n in files if n not in stale]
        self._key = self._find_key(files)
        tail = Tail()
        for number in files:
            row = known.get(number)
            if row is None or row.state is PackState.OPEN:
                self._read_tail(tail, number, row, last=number == files[-1])
        self._close_missing(tail, known, files)
        gone = sorted((tail.superseded & set(files)) | set(stale))
        if tail.packs or tail.chunks or tail.batches or gone:
            self._write(tail)
        self._remove(gone)
        return self._opened(newest, files, tuple(tail.skipped))

    def _find_key(self, files: list[int]) -> bytes:
        """Return the store's key: from the catalogue, the packs, an earlier catalogue, or a new one for an empty store."""
        kept = self._catalogue.meta(KEY)
        if kept is not None:
            return bytes.fromhex(kept)
        spare = self._catalogue.meta(SPARE_KEY)
        key = self._key_of_packs(files) or (bytes.fromhex(spare) if spare else os.urandom(16))
        self._catalogue.set_meta(KEY, key.hex())
        return key

    def _key_of_packs(self, files: list[int]) -> bytes | None:
        """Return the key from the first whole header, or from a damaged one where a record shows that this part is not."""
        headers = (self._header(number) for number in files)
        key = next((header.key for header in headers if header is not None), None)
        for number in files if key is None else ():
            data = read_all(self._io, self._path(number))
            tried = key_in(data)
            if next(scan(data[PACK_HEADER_SIZE:], PACK_HEADER_SIZE, tried, number, resync=True), None) is not None:
                return tried
        return key

    def _header(self, number: int) -> PackHeader | None:
        """Return a pack's header; None when it is damaged."""
        try:
            return PackHeader.decode(read_all(self._io, self._path(number), 0, PACK_HEADER_SIZE))
        except Corrupt:
            return None

    def _read_tail(self, tail: Tail, number: int, row: PackRow | None, *, last: bool) -> None:
        """Read one pack from its durable length on, and cut what is torn at its end."""
        start = row.length if row else PACK_HEADER_SIZE
        size = os.stat(self._path(number)).st_size
        if row is None and size < PACK_HEADER_SIZE and last:
            self._io.unlink(self._path(number))
            return
        end = start
        if size > start:
            data = read_all(self._io, self._path(number), start)
            for found in scan(data, start, self._key, number, resync=not last or self._rebuilding):
                if found.offset > end:
                    tail.skipped.append(f"pack {number} has {found.offset - end} bytes at {end} that are no record")
                self._take(tail, number, found)
                end = found.end
            if size > end:
                tail.skipped.append(f"pack {number} has {size - end} bytes at its end that are no whole record")
        sound = size >= start and self._header(number) is not None
        if size > end and last and sound:
            self._cut(number, end)
        state = PackState.OPEN if last and sound and end < self._seal_at else PackState.SEALED if sound else PackState.BAD
        new = PackRow(number, end, state, 0 if state is PackState.OPEN else self._catalogue.tick())
        if row != new:
            tail.packs[number] = new

    def _take(self, tail: Tail, number: int, found: Found) -> None:
        """Note one record; a later one of the same name replaces it."""
        record = found.record
        if record.kind == RecordKind.CHUNK:
            base = bytes(found.payload[:ID_SIZE]) if record.codec == Codec.PATCH else None
            tail.chunks[record.id] = ChunkRow(record.id, number, found.offset, record.stored, record.length, base)
        elif record.kind == RecordKind.BATCH:
            with contextlib.suppress(Corrupt):
                batch, _ = decode_batch(decode(record.codec, bytes(found.payload), record.length))
                tail.batches[batch] = BatchRow(batch, number, found.offset, record.stored)
        elif record.kind == RecordKind.SUPERSEDE:
            tail.superseded.update(decode_supersede(found.payload))

    def _cut(self, number: int, length: int) -> None:
        """Cut a torn tail off, durably."""
        fd = self._io.open(self._path(number), os.O_RDWR)
        try:
            self._io.ftruncate(fd, length)
            self._io.fdatasync(fd)
        finally:
            self._io.close(fd)

    def _close_missing(self, tail: Tail, known: dict[int, PackRow], files: list[int]) -> None:
        """Mark as bad an open pack whose file is gone."""
        for row in known.values():
            if row.number not in files and row.state is PackState.OPEN:
                tail.packs[row.number] = PackRow(row.number, row.length, PackState.BAD, self._catalogue.tick())

    def _write(self, tail: Tail) -> None:
        """Write the rows."""
        dead = tail.superseded
        new = [row for row in tail.chunks.values() if row.pack not in dead and self._replaces(row, dead)]
        batches = [row for row in tail.batches.values() if row.pack not in dead]
        self._io.point("recovery.commit")
        with self._catalogue.write() as con:
            put_chunks(con, new)
            put_batches(con, batches)
            for pack in tail.packs.values():
                put_pack(con, pack)
            for number in dead:
                drop_pack(con, number)
            self._io.point("recovery.inside")
        self._io.point("recovery.committed")

    def _replaces(self, row: ChunkRow, dead: set[int]) -> bool:
        """Tell whether a chunk of the tail is needed: it has no row, or one in a pack that goes."""
        old = self._index.chunk(row.id)
        return old is None or old.pack in dead

    def _remove(self, numbers: Iterable[int]) -> None:
        """Remove packs that nothing points into."""
        removed = False
        for number in numbers:
            self._io.unlink(self._path(number))
            removed = True
        if removed:
            sync_directory(self._io, self._directory)

    def _opened(self, newest: int, files: list[int], skipped: tuple[str, ...]) -> Opened:
        """Return where to go on."""
        packs = self._index.packs()
        top = max([newest, *packs, *files], default=0)
        row = packs.get(top)
        if row is not None and row.state is PackState.OPEN:
            return Opened(self._key, top, row.length, top + 1, skipped)
        return Opened(self._key, None, 0, top + 1, skipped)

    def _path(self, number: int) -> str:
        return pack_path(self._directory, number)
