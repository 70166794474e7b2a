"""The catalogue: the one SQLite database of a root, its single writer and its clock.

It owns the connections and the transactions; the tables belong to the stores, which register their part of the schema at
start (`Schema`) and run SQL on the connection they are handed. It does not know what any table means. What the disk refuses a
statement is raised as Unavailable, with what to do, on every connection; other errors of SQLite pass.

Threading: `write()` takes `_lock` for the length of the transaction; nothing that can wait for a network or a model may run
    inside. `read()` gives each thread a connection of its own. Only the engine process opens a catalogue (SQLite up to
    3.51.2 can corrupt a write-ahead log that several processes checkpoint).
Durability: WAL with synchronous=NORMAL. A committed transaction survives kill -9; a power cut may take the last ones, which
    the packs bring back (see lsfs.packs).
"""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

from lsfs.errors import Corrupt, Unavailable
from lsfs.model import TimeNs


@dataclass(frozen=True, slots=True)
class Schema:
    """One store's tables.

    Attributes:
        name: the store.
        version: raised when `ddl` changes in a way that old catalogues need to follow.
        ddl: idempotent statements (CREATE ... IF NOT EXISTS), each column with its meaning and unit.
    """

    name: str
    version: int
    ddl: str


_META = """
CREATE TABLE IF NOT EXISTS meta(
  key TEXT PRIMARY KEY,   -- what is kept; schema:<store> is the version of a store's tables
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
"""Primary result codes with which SQLite says that the disk, and not the statement, is at fault."""


def is_full(error: BaseException | None) -> bool:
    """Tell whether SQLite found no room."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL


def _refuse(error: sqlite3.OperationalError, where: str) -> NoReturn:
    """Raise what the disk refuses as Unavailable with what to do, and any other error as it is."""
    code = error.sqlite_errorcode
    if code & 0xFF not in _DISK or code == sqlite3.SQLITE_IOERR_SHORT_READ:  # the latter: a file that was cut
        raise error
    if is_full(error):
        raise Unavailable(
            f"the catalogue {where} cannot be written ({error}): free space on its disk; it goes on when there is room"
        ) from error
    raise Unavailable(
        f"the disk of the catalogue {where} failed ({error}): check the disk, its room and its rights, then try again"
    ) from error


class _Cursor(sqlite3.Cursor):
    """A cursor that says in words what the disk refuses, also while rows are read."""

    where = ""

    def execute(self, *args: Any) -> Self:
        try:
            return super().execute(*args)
        except sqlite3.OperationalError as e:
            _refuse(e, self.where)

    def executemany(self, *args: Any) -> Self:
        try:
            return super().executemany(*args)
        except sqlite3.OperationalError as e:
            _refuse(e, self.where)

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.OperationalError as e:
            _refuse(e, self.where)

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.OperationalError as e:
            _refuse(e, self.where)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        try:
            yield from iter(super().fetchone, None)
        except sqlite3.OperationalError as e:
            _refuse(e, self.where)


class _Connection(sqlite3.Connection):
    """A connection whose cursors are `_Cursor`."""

    where = ""

    def cursor(self, factory: Any = _Cursor) -> Any:
        made = super().cursor(factory)
        made.where = self.where
        return made

    def execute(self, *args: Any) -> Any:
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        return self.cursor().executemany(*args)


class _Lease:
    """A thread's hold on a reading connection; it goes when the thread ends."""

    __slots__ = ("__weakref__", "con")

    def __init__(self, con: sqlite3.Connection) -> None:
        self.con = con


class Catalogue:
    """The database of one root.

    Attributes:
        writes: how many transactions were committed; it moves right after each, so what was read since it moved last is true.
    """

    def __init__(self, path: Path, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._clock_ns = clock_ns
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._free: list[sqlite3.Connection] = []
        self._depth = 0
        self.writes = 0
        self._writer = self._connect()
        with self.write() as con:
            con.execute(_META)
        self._last_ns = int(self.meta("last_tick") or 0)

    def _connect(self) -> _Connection:
        try:
            con = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30.0, factory=_Connection)
            con.where = str(self._path)
            con.execute("PRAGMA journal_mode=WAL")
            con.execute("PRAGMA synchronous=NORMAL")
            con.execute("PRAGMA foreign_keys=ON")
            con.execute("PRAGMA secure_delete=ON")
            con.execute("PRAGMA temp_store=MEMORY")
            con.execute("PRAGMA cache_size=-65536")
        except sqlite3.DatabaseError as e:
            if isinstance(e, sqlite3.OperationalError):
                with suppress(sqlite3.OperationalError):
                    _refuse(e, str(self._path))
            raise Corrupt(
                f"the catalogue {self._path} cannot be opened ({e}); `lsfs check --rebuild` makes it again from the packs"
            ) from e
        return con

    def register(self, schema: Schema) -> None:
        """Create the store's tables where they are missing and remember their version."""
        with self.write() as con:
            for statement in _statements(schema.ddl):
                con.execute(statement)
            con.execute(
                "INSERT INTO meta VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                (f"schema:{schema.name}", str(schema.version)),
            )

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction; an exception rolls it back. Nested calls join the outer transaction."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._writer.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._writer
            except BaseException:
                self._depth -= 1
                if outermost and self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            self._depth -= 1
            if outermost:
                self._commit()

    def _commit(self) -> None:
        """Commit; where that fails (full disk, a deferred constraint), nothing stays open for the next transaction."""
        try:
            self._writer.execute("COMMIT")
            self.writes += 1
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    def read(self) -> sqlite3.Connection:
        """Return this thread's reading connection; inside `write()` of this thread, the writer (it sees its own rows)."""
        if self.is_writing():
            return self._writer
        lease: _Lease | None = getattr(self._local, "lease", None)
        con = None if lease is None else lease.con
        if con is None:
            con = self._reader()
            self._local.lease = _Lease(con)
            # When the thread ends its lease goes, and the next thread gets the connection with its warm cache.
            weakref.finalize(self._local.lease, self._free.append, con)
        return con

    def _reader(self) -> sqlite3.Connection:
        """Return a reading connection that no thread has."""
        with suppress(IndexError):
            return self._free.pop()
        con = self._connect()
        con.execute("PRAGMA query_only=ON")
        con.execute("PRAGMA cache_size=-16384")  # there is one for each thread
        self._readers.append(con)
        return con

    def is_writing(self) -> bool:
        """Tell whether this thread is inside `write()`: it reads rows that are not committed."""
        return bool(self._depth) and self._lock_is_mine()

    def _lock_is_mine(self) -> bool:
        owned: Callable[[], bool] = self._lock._is_owned  # type: ignore[attr-defined]
        return owned()

    def tick(self) -> TimeNs:
        """Return the time, always later than any that was returned before, also across restarts."""
        with self._lock:
            self._last_ns = max(self._clock_ns(), self._last_ns + 1)
            return TimeNs(self._last_ns)

    def advance(self, at_ns: int) -> None:
        """Make `tick` return only times after `at_ns` (stores call it with what they find in their records)."""
        with self._lock:
            self._last_ns = max(self._last_ns, at_ns)

    def meta(self, key: str) -> str | None:
        """Return the value kept under `key`, or None."""
        row = self.read().execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        with self.write() as con:
            con.execute("INSERT INTO meta VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", (key, value))

    def scrub(self) -> None:
        """Leave nothing of removed rows behind: empty the write-ahead log (secure_delete has zeroed the pages)."""
        with self._lock:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Write the clock down, checkpoint and close every connection."""
        with self._lock:
            with suppress(sqlite3.OperationalError, Unavailable):  # a full disk: the stores find the time in their rows
                self.set_meta("last_tick", str(self._last_ns))
            for con in self._readers:
                con.close()
            with suppress(sqlite3.OperationalError, Unavailable):
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()


def _statements(ddl: str) -> Iterator[str]:
    """Yield the complete statements of `ddl` one by one (executescript would commit)."""
    part = ""
    for line in ddl.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            yield part
            part = ""
