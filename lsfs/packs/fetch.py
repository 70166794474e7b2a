"""Reading chunks: locate, read, decode, verify; patches are resolved down to their base, each step verified.

A chunk that cannot be read is Corrupt, and only it. Descriptors of packs are kept open in a small cache; garbage collection may
remove a pack meanwhile, so a pack that is gone means: look again where the chunk lies now.

Threading: any thread. A descriptor closes when the last reader lets go of it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable

from blake3 import blake3

from lsfs.errors import Corrupt, NotFound
from lsfs.packs.codec import decode
from lsfs.packs.diskio import DiskIO
from lsfs.packs.format import ID_SIZE, RECORD_HEADER_SIZE, Codec, Record, decode_record
from lsfs.packs.index import BatchRow, ChunkRow
from lsfs.packs.packfile import pack_path

_OPEN_PACKS = 64
_DEEPEST = 64
_RETRIES = 5


class _Handle:
    """A descriptor that is closed when nobody refers to it any more."""

    __slots__ = ("_io", "fd")

    def __init__(self, io: DiskIO, path: str) -> None:
        self._io = io
        self.fd = io.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            self._io.close(self.fd)


class Fetcher:
    """Reads records of packs by their place."""

    def __init__(self, io: DiskIO, directory: str, key: bytes, locate: Callable[[bytes], ChunkRow | None]) -> None:
        self._io, self._directory, self._key, self._locate = io, directory, key, locate
        self._handles: OrderedDict[int, _Handle] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, id_: bytes) -> bytes:
        """Return a chunk's content, verified.

        Raises:
            NotFound: the store has no such chunk.
            Corrupt: it is damaged, or a chunk it is a patch of is.
        """
        return self.checked(self._located(id_))[2]

    def checked(self, row: ChunkRow) -> tuple[Record, bytes, bytes]:
        """Return a chunk's record header, its payload as it is stored, and its verified content."""
        record, payload = self.payload(row)
        if record.codec != Codec.PATCH:
            return record, payload, _verified(row.id, decode(record.codec, payload, record.length))
        return record, payload, self._resolve(row.id, record, payload)

    def _resolve(self, id_: bytes, record: Record, payload: bytes) -> bytes:
        """Decode a patch: collect the chain down to a whole chunk, then come up again."""
        steps = [(id_, record, payload)]
        while record.codec == Codec.PATCH:
            if len(steps) > _DEEPEST:
                raise Corrupt(f"chunk {id_.hex()} is damaged: its chain of patches does not end")
            base = payload[:ID_SIZE]
            try:
                record, payload = self.payload(self._located(base))
            except NotFound as e:
                raise Corrupt(f"chunk {id_.hex()} cannot be read: its base {base.hex()} is missing") from e
            steps.append((base, record, payload))
        name, record, payload = steps.pop()
        data = _verified(name, decode(record.codec, payload, record.length))
        while steps:
            name, record, payload = steps.pop()
            data = _verified(name, decode(record.codec, payload[ID_SIZE:], record.length, data))
        return data

    def payload(self, row: ChunkRow) -> tuple[Record, bytes]:
        """Return a chunk's record as it is stored; its header is checked, its content not."""
        for _ in range(_RETRIES):
            try:
                return self._record(row.id, row.pack, row.offset, row.stored)
            except FileNotFoundError:
                row = self._located(row.id)
        raise Corrupt(f"chunk {row.id.hex()} is lost: pack {row.pack} is missing")

    def batch(self, row: BatchRow) -> bytes:
        """Return the content of a batch, verified."""
        try:
            record, payload = self._record(None, row.pack, row.offset, row.stored)
        except FileNotFoundError as e:
            raise Corrupt(f"batch {row.number} is lost: pack {row.pack} is missing") from e
        return _verified(record.id, decode(record.codec, payload, record.length))

    def _located(self, id_: bytes) -> ChunkRow:
        row = self._locate(id_)
        if row is None:
            raise NotFound(f"the store has no chunk {id_.hex()}")
        return row

    def _record(self, id_: bytes | None, pack: int, offset: int, stored: int) -> tuple[Record, bytes]:
        """Read one record."""
        handle = self._handle(pack)
        try:
            data = self._io.pread(handle.fd, RECORD_HEADER_SIZE + stored, offset)
        except OSError as e:
            raise Corrupt(f"pack {pack} cannot be read at {offset}: {e}") from e
        record = decode_record(data, self._key, pack, offset)
        if record is None or record.stored != stored or (id_ is not None and record.id != id_):
            raise Corrupt(f"pack {pack} is damaged at {offset}" + (f": chunk {id_.hex()} is not there" if id_ else ""))
        return record, data[RECORD_HEADER_SIZE:]

    def _handle(self, pack: int) -> _Handle:
        """Return an open descriptor of a pack."""
        with self._lock:
            handle = self._handles.get(pack)
            if handle is None:
                handle = self._handles[pack] = _Handle(self._io, pack_path(self._directory, pack))
                if len(self._handles) > _OPEN_PACKS:
                    self._handles.popitem(last=False)
            else:
                self._handles.move_to_end(pack)
            return handle

    def forget(self, pack: int) -> None:
        """Let go of a pack that is removed, so that its blocks are freed."""
        with self._lock:
            self._handles.pop(pack, None)

    def close(self) -> None:
        """Let go of every descriptor."""
        with self._lock:
            self._handles.clear()


def _verified(id_: bytes, data: bytes) -> bytes:
    """Return `data` if `id_` is its hash."""
    if blake3(data).digest() != id_:
        raise Corrupt(f"chunk {id_.hex()} is damaged: its content does not match its hash")
    return data
