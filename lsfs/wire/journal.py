"""The journal: what the mount process did to the tree, one record a change, for the engine to read.

The mount appends with one O_APPEND write a record and never waits; the engine tails it and commits its position together with
the effects, so a record is acted on once, whoever was killed in between. Files are `<number>.log` in `S/journal/`, numbers
rising; a writer always begins a new file, so a record cut off by a crash can only be the last of its file. A root may have
several mounts, each with a file of its own that it holds locked (flock) while it writes; they are read in the order of time.

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

Threading: a writer belongs to one process and is used under its lock; one tailer reads all files.
Durability: a written record survives the death of both processes (it is in the page cache), not a power cut; then the compare
    at start finds what changed.
"""

from __future__ import annotations

import errno
import fcntl
import heapq
import os
import struct
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

ROTATE_BYTES = 4 * 1024 * 1024
_FRAME = struct.Struct("<II")
_FIXED = struct.Struct("<QqBBxxIIQQ6qHHH")
_TIME = struct.Struct("<Qq")  # seq and time_ns, behind the frame
_MOST_BYTES = 64 * 1024
_JUST_MADE_S = 60.0
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


class Position:
    """Where a reader is: of each file the bytes that are done. Immutable."""

    __slots__ = ("_done",)

    def __init__(self, done: Mapping[int, int] | None = None) -> None:
        self._done = dict(done or {})

    @staticmethod
    def parse(text: str) -> Position:
        """Return what `str` wrote."""
        pairs = (part.split(":") for part in text.split(",") if part)
        return Position({int(number): int(offset) for number, offset in pairs})

    def __str__(self) -> str:
        return ",".join(f"{number}:{offset}" for number, offset in sorted(self._done.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Position) and self._done == other._done

    def __hash__(self) -> int:
        return hash(str(self))

    def offset(self, number: int) -> int:
        """Return the bytes of a file that are done."""
        return self._done.get(number, 0)

    def at(self, number: int, offset: int) -> Position:
        """Return the position that is so far in one of the files."""
        return Position({**self._done, number: offset})

    def covers(self, other: Position) -> bool:
        """Tell whether everything before `other` is done here."""
        return all(self.offset(number) >= offset for number, offset in other._done.items())

    def joined(self, other: Position) -> Position:
        """Return the position up to which either is done."""
        return Position({n: max(self.offset(n), other.offset(n)) for n in self._done.keys() | other._done.keys()})

    def without(self, numbers: Collection[int]) -> Position:
        """Return the position without files that are gone."""
        return Position({n: o for n, o in self._done.items() if n not in numbers}) if numbers else self


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
        fd = self._next_file()
        fcntl.flock(fd, fcntl.LOCK_EX)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._bytes = 0

    def _next_file(self) -> int:
        """Make the file with the next number that no other mount has taken."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        while True:
            self._number = max([self._number, *files(self._directory)]) + 1
            with suppress(FileExistsError):
                return os.open(_path(self._directory, self._number), flags, 0o600)

    def rotate(self) -> None:
        """Go on in the next file, so that what is in the present one can go when it has been read."""
        if self._bytes:
            self._begin()

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

        Files of several mounts are read together, in the order of time. A cut-off or damaged record ends its file.
        """
        waiting = files(self._directory)
        active: list[tuple[int, int, JournalRecord, int, Iterator[tuple[JournalRecord, int]]]] = []
        while True:
            # A file is opened when its first record is due, so that of a long backlog one file is held at a time.
            while waiting:
                first_ns = self._first_ns(waiting[0], position)
                if first_ns is not None and active and first_ns > active[0][0]:
                    break
                number = waiting.pop(0)
                if first_ns is not None:
                    _push(active, number, self.read_file(number, position.offset(number)))
            if not active:
                return
            _, number, record, end, rest = heapq.heappop(active)
            position = position.at(number, end)
            yield record, position
            _push(active, number, rest)

    def _first_ns(self, number: int, position: Position) -> int | None:
        """Return the time of the first record of a file that is not done; None where there is none."""
        try:
            with _path(self._directory, number).open("rb", buffering=0) as file:
                file.seek(position.offset(number) + _FRAME.size)
                head = file.read(_TIME.size)
        except FileNotFoundError:
            return None
        return int(_TIME.unpack(head)[1]) if len(head) == _TIME.size else None

    def end(self) -> Position:
        """Return the position behind all that is written now (a cut-off record at the end is never read)."""
        sizes = {}
        for number in files(self._directory):
            with suppress(FileNotFoundError):
                sizes[number] = _path(self._directory, number).stat().st_size
        return Position(sizes)

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

    def drop_done(self, position: Position, *, newest: bool = False) -> set[int]:
        """Remove the files that are done and that nobody writes any more; return their numbers.

        Args:
            newest: the newest as well; else it stays, because a mount of an earlier lsfs holds no lock.
        """
        here = files(self._directory)
        done = {n for n in (here if newest else here[:-1]) if self._is_done(n, position.offset(n))}
        for number in done:
            _path(self._directory, number).unlink(missing_ok=True)
        return done

    def _is_done(self, number: int, offset: int) -> bool:
        try:
            fd = os.open(_path(self._directory, number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            there = os.fstat(fd)
            if there.st_size == 0 and time.time() - there.st_mtime < _JUST_MADE_S:
                return False  # its writer may be about to lock it
            return next(self.read_file(number, offset), None) is None
        except BlockingIOError:
            return False
        finally:
            os.close(fd)


def _push(
    active: list[tuple[int, int, JournalRecord, int, Iterator[tuple[JournalRecord, int]]]],
    number: int,
    records: Iterator[tuple[JournalRecord, int]],
) -> None:
    """Put the next record of a file among those that are due, if it has one."""
    for record, end in records:
        heapq.heappush(active, (record.time_ns, number, record, end, records))
        return
