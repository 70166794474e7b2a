"""The journal: what the mount process did to the tree, one record a change, for the engine to read.

The mount appends with one O_APPEND write a record and never waits; the engine tails it and commits its position together with
the effects, so a record is acted on once, whoever was killed in between. Files are `<number>.log` in `S/journal/`, numbers
rising; a writer always begins a new file, so a record cut off by a crash can only be the last of its file.

Record, little endian:
    u32 length of what follows the checksum      u32 CRC-32 of it
    u64 seq     rising by one over all files
    i64 time_ns when it happened
    u8  kind    see `RecordKind`                 u8 flags (renameat2's for RENAME)     u16 unused
    u32 pid     of the program that did it       u32 uid
    u64 ino     u64 ino2 (RENAME: the inode that was replaced, 0 for none)
    3 x i64 old stat: size, mtime_ns, ctime_ns (zeros where there is none)
    3 x i64 new stat
    u16 u16 u16 lengths of path, path2, spool; then their bytes
Paths are relative to the root. CONTENT: a handle opened for writing was closed and the stat had moved. BEFORE: the content that
`ino` had with the old stat is in the spool file `spool`, because it could be destroyed by what comes next.

Threading: one writer a process and one tailer.
Durability: a written record survives the death of both processes (it is in the page cache), not a power cut; then the compare
    at start finds what changed.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

ROTATE_BYTES = 4 * 1024 * 1024
_FRAME = struct.Struct("<II")
_FIXED = struct.Struct("<QqBBxxIIQQ6qHHH")
_MOST_BYTES = 64 * 1024
_pack_frame, _pack_fixed, _crc32 = _FRAME.pack, _FIXED.pack, zlib.crc32


class RecordKind(IntEnum):
    """What happened."""

    CONTENT = 1
    TRUNCATE = 2
    ATTRIBUTES = 3
    CREATE = 4
    MKDIR = 5
    UNLINK = 6
    RMDIR = 7
    RENAME = 8
    LINK = 9
    SYMLINK = 10
    MKNOD = 11
    BEFORE = 12
    MISSED = 13  # content was destroyed that could not be spooled (too large, no room)


@dataclass(frozen=True, slots=True)
class FileStat:
    """What tells one state of an inode's content from another."""

    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0

    @staticmethod
    def of(st: os.stat_result) -> FileStat:
        """Return the part of a stat that matters here."""
        return FileStat(st.st_size, st.st_mtime_ns, st.st_ctime_ns)


NO_STAT = FileStat()


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One change that the mount made; see the module for the fields."""

    kind: RecordKind
    ino: int
    path: bytes
    time_ns: int
    path2: bytes = b""
    ino2: int = 0
    old: FileStat = NO_STAT
    new: FileStat = NO_STAT
    pid: int = 0
    uid: int = 0
    flags: int = 0
    spool: bytes = b""
    seq: int = 0


State = tuple[int, int, int]
"""What `FileStat` has: size, mtime_ns, ctime_ns."""
Fields = tuple[int, int, bytes, int, bytes, int, State, State, tuple[int, int], int, bytes]
"""A record as `pack` takes it: kind, ino, path, time_ns, path2, ino2, old, new, (pid, uid), flags, spool."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a reader is: the number of a file and the bytes of it that are done."""

    number: int = 0
    offset: int = 0


def pack(seq: int, fields: Fields) -> bytes:
    """Return the bytes of a record from its fields (a tenth of the time that a record object takes: it is on every close)."""
    kind, ino, path, time_ns, path2, ino2, old, new, (pid, uid), flags, spool = fields
    body = (
        _pack_fixed(seq, time_ns, kind, flags, pid, uid, ino, ino2, *old, *new, len(path), len(path2), len(spool))
        + path
        + path2
        + spool
    )
    return _pack_frame(len(body), _crc32(body)) + body


def encode(r: JournalRecord, seq: int) -> bytes:
    """Return the bytes of a record."""
    o, n = r.old, r.new
    states = (o.size, o.mtime_ns, o.ctime_ns), (n.size, n.mtime_ns, n.ctime_ns)
    return pack(seq, (r.kind, r.ino, r.path, r.time_ns, r.path2, r.ino2, *states, (r.pid, r.uid), r.flags, r.spool))


def decode(data: bytes | memoryview, offset: int = 0) -> tuple[JournalRecord, int] | None:
    """Return the record at `offset` and the offset behind it; None where no whole, sound record begins."""
    if len(data) - offset < _FRAME.size:
        return None
    length, crc = _FRAME.unpack_from(data, offset)
    begin, end = offset + _FRAME.size, offset + _FRAME.size + length
    if not _FIXED.size <= length <= _MOST_BYTES or end > len(data):
        return None
    body = bytes(data[begin:end])
    return (_parsed(body), end) if zlib.crc32(body) == crc else None


def _parsed(body: bytes) -> JournalRecord:
    seq, time_ns, kind, flags, pid, uid, ino, ino2, *rest = _FIXED.unpack_from(body)
    stats, (a, b, c) = rest[:6], rest[6:]
    at = _FIXED.size
    return JournalRecord(
        kind=RecordKind(kind),
        ino=ino,
        path=body[at : at + a],
        time_ns=time_ns,
        path2=body[at + a : at + a + b],
        ino2=ino2,
        old=FileStat(*stats[:3]),
        new=FileStat(*stats[3:]),
        pid=pid,
        uid=uid,
        flags=flags,
        spool=body[at + a + b : at + a + b + c],
        seq=seq,
    )


def files(directory: Path) -> list[int]:
    """Return the numbers of the journal's files, rising."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(int(n[:-4]) for n in names if n.endswith(".log") and n[:-4].isdigit())


def _path(directory: Path, number: int) -> Path:
    return directory / f"{number:016d}.log"


class Writer:
    """Appends records. A full disk or an I/O error raises OSError and leaves at most a cut-off record, which readers skip.

    Attributes:
        next_seq: the sequence number that the next record has to carry.
    """

    def __init__(self, directory: Path, *, rotate_bytes: int = ROTATE_BYTES) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._rotate_bytes = rotate_bytes
        self.next_seq = _last_seq(directory) + 1
        self._number = max(files(directory), default=0)
        self._fd = -1
        self._begin()

    def _begin(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(_path(self._directory, self._number + 1), flags, 0o600)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._number += 1
        self._bytes = 0

    def append(self, record: JournalRecord) -> int:
        """Append a record and return its sequence number."""
        self.put(encode(record, self.next_seq))
        return self.next_seq - 1

    def put(self, data: bytes) -> None:
        """Append the bytes of a record that carries `next_seq`.

        Raises:
            OSError: the disk is full or fails; the record is not in the journal.
        """
        if os.write(self._fd, data) != len(data):
            self._begin()  # what follows a cut-off record in the same file could not be read
            raise OSError(errno.ENOSPC, "the journal's disk is full")
        self.next_seq += 1
        self._bytes += len(data)
        if self._bytes >= self._rotate_bytes:
            self._begin()

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _last_seq(directory: Path) -> int:
    for number in reversed(files(directory)):
        last = 0
        for record, _ in Tailer(directory).read_file(number, 0):
            last = record.seq
        if last:
            return last
    return 0


class Tailer:
    """Reads records from a position on."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, position: Position) -> Iterator[tuple[JournalRecord, Position]]:
        """Yield the records behind `position`, each with the position behind it, up to the present end.

        A cut-off or damaged record ends its file; the next file goes on.
        """
        for number in files(self._directory):
            if number < position.number:
                continue
            offset = position.offset if number == position.number else 0
            for record, end in self.read_file(number, offset):
                yield record, Position(number, end)

    def end(self) -> Position:
        """Return the position behind all that is written now (a cut-off record at the end is never read)."""
        for number in reversed(files(self._directory)):
            with suppress(FileNotFoundError):
                return Position(number, _path(self._directory, number).stat().st_size)
        return Position()

    def read_file(self, number: int, offset: int) -> Iterator[tuple[JournalRecord, int]]:
        """Yield the records of one file from an offset on, each with the offset behind it."""
        try:
            with _path(self._directory, number).open("rb", buffering=0) as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return
        at = 0
        while (found := decode(data, at)) is not None:
            record, at = found
            yield record, offset + at

    def drop_before(self, position: Position) -> int:
        """Remove the files that are done; return how many."""
        done = [n for n in files(self._directory) if n < position.number]
        for number in done:
            _path(self._directory, number).unlink(missing_ok=True)
        return len(done)
