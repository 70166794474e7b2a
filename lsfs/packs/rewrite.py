"""Writing what lives in one pack again behind the open pack, and removing it: the step that collecting and repacking share.

    copies -> a supersede record naming the pack -> fdatasync -> one catalogue transaction -> unlink

Index first, file last: killed before the transaction, the copies are spare; killed after it, the file is removed at the next
opening. Should a power cut take the transaction but not the unlink, the supersede record brings it back (lsfs.packs.recovery).

Threading: holds the appender's lock for the length of one pack.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from lsfs.catalogue import Catalogue
from lsfs.errors import Corrupt, NotFound, Unavailable
from lsfs.packs.appender import Appender
from lsfs.packs.batch import decode_batch
from lsfs.packs.codec import Compressor
from lsfs.packs.diskio import DiskIO, sync_directory
from lsfs.packs.fetch import Fetcher
from lsfs.packs.format import ID_SIZE, PACK_HEADER_SIZE, Codec, RecordKind, decode_supersede
from lsfs.packs.index import ChunkRow, Index, PackRow, drop_pack
from lsfs.packs.packfile import pack_path
from lsfs.packs.refusal import is_full, unavailable
from lsfs.packs.reserve import Reserve
from lsfs.packs.scan import read_all, scan

DropRecord = Callable[[int, bytes], bool]
"""Tells whether a record of a kind with a payload is to go."""


def drop_nothing(_kind: int, _payload: bytes) -> bool:
    """Keep every record."""
    return False


@dataclass(frozen=True, slots=True)
class Store:
    """The parts of the store that its long operations work with."""

    io: DiskIO
    directory: str
    key: bytes
    catalogue: Catalogue
    index: Index
    appender: Appender
    fetcher: Fetcher
    reserve: Reserve


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What rewriting one pack came to: bytes copied, chunks left behind, damage that could not be copied."""

    copied: int
    dropped: int
    damaged: tuple[str, ...] = ()


class Rewriter:
    """Rewrites packs."""

    def __init__(self, store: Store) -> None:
        self._s = store
        self._compressor = Compressor()

    def rewrite(
        self,
        pack: PackRow,
        keep: Callable[[bytes], bool],
        drop_record: DropRecord = drop_nothing,
        *,
        despite_damage: bool = False,
    ) -> Rewritten | str:
        """Move what lives in a pack and remove it; a full disk is tried once more without the reserve.

        Args:
            pack: not the open one.
            keep: tells by id whether a chunk lives.
            drop_record: tells which records go.
            despite_damage: drop what cannot be read instead of leaving the pack alone.

        Returns:
            What was done, or, in words, why the pack was left alone.

        Raises:
            Unavailable: the disk is full or failing; nothing has changed.
        """
        try:
            return self._rewrite(pack, keep, drop_record, despite_damage=despite_damage)
        except Unavailable as e:
            if not is_full(e) or not self._s.reserve.release():
                raise
        return self._rewrite(pack, keep, drop_record, despite_damage=despite_damage)

    def _rewrite(
        self, pack: PackRow, keep: Callable[[bytes], bool], drop_record: DropRecord, *, despite_damage: bool
    ) -> Rewritten | str:
        with self._s.appender.lock:
            rows = self._s.index.chunks_of(pack.number)
            copied, dropped, damaged = 0, 0, []
            for row in rows:
                if not keep(row.id):
                    dropped += 1
                    continue
                try:
                    copied += self._copy(row)
                except (Corrupt, NotFound) as e:
                    damaged.append(str(e))
            copied += self._copy_batches(pack.number, drop_record, damaged)
            if damaged and not despite_damage:
                return f"pack {pack.number} was left alone: {damaged[0]}"
            self._supersede([pack.number, *self._inherited(pack)])
        self._remove(pack.number)
        return Rewritten(copied, dropped, tuple(damaged))

    def _copy(self, row: ChunkRow) -> int:
        """Append a chunk as it is stored, verified; return its bytes."""
        record, payload, _ = self._s.fetcher.checked(row)
        if record.codec == Codec.PATCH:
            payload = payload[ID_SIZE:]
        return self._s.appender.put_chunk(row.id, Codec(record.codec), row.length, payload, row.base).span

    def flatten(self, row: ChunkRow) -> None:
        """Append a patch as a whole chunk, because its base goes."""
        data = self._s.fetcher.get(row.id)
        self._s.appender.put_chunk(row.id, *_order(self._compressor.compress(data), len(data)))

    def _copy_batches(self, pack: int, drop_record: DropRecord, damaged: list[str]) -> int:
        """Append the batches of a pack without the records that go; return the bytes they took."""
        copied = 0
        for row in self._s.index.batches_of(pack):
            try:
                number, records = decode_batch(self._s.fetcher.batch(row))
            except Corrupt as e:
                damaged.append(str(e))
                continue
            kept = [record for record in records if not drop_record(*record)]
            if kept:
                self._s.appender.put_batch(number, kept, tentative=False)
                copied += row.span
        return copied

    def _inherited(self, pack: PackRow) -> set[int]:
        """Return the packs that this one superseded: a catalogue put back from a backup may still know them."""
        numbers: set[int] = set()
        with contextlib.suppress(FileNotFoundError):
            data = read_all(self._s.io, pack_path(self._s.directory, pack.number), PACK_HEADER_SIZE, pack.length)
            for found in scan(data, PACK_HEADER_SIZE, self._s.key, pack.number, resync=True):
                if found.record.kind == RecordKind.SUPERSEDE:
                    numbers.update(decode_supersede(found.payload))
        return numbers

    def _supersede(self, packs: list[int]) -> None:
        """Make the copies durable and the catalogue point to them; the first pack goes, the others are gone."""
        try:
            self._s.appender.put_supersede(packs)
            self._s.appender.sync()
            self._s.io.point("rewrite.synced")
            with self._s.catalogue.write() as con:
                self._s.appender.record(con, None)
                drop_pack(con, packs[0])
                self._s.io.point("rewrite.inside")
        except BaseException:
            self._s.appender.take_back()
            raise
        self._s.appender.settled()
        self._s.io.point("rewrite.done")

    def commit(self) -> None:
        """Make flattened chunks or patches durable."""
        with self._s.appender.lock:
            self._s.appender.sync()
            with self._s.catalogue.write() as con:
                self._s.appender.record(con, None)
            self._s.appender.settled()
            self._s.io.point("rewrite.committed")

    def _remove(self, pack: int) -> None:
        """Remove the file, and let go of its descriptor so that its blocks are freed."""
        try:
            self._s.io.unlink(pack_path(self._s.directory, pack))
            sync_directory(self._s.io, self._s.directory)
        except FileNotFoundError:
            return
        except OSError as e:
            raise unavailable(self._s.directory, e) from e
        finally:
            self._s.fetcher.forget(pack)


def _order(packed: tuple[Codec, bytes | memoryview], length: int) -> tuple[Codec, int, bytes | memoryview]:
    return packed[0], length, packed[1]
