"""The store's tables in the catalogue: where each chunk and each batch lies, and how much of each pack is durable.

They are an index: everything in them can be read again from the packs (lsfs.packs.recovery). SQL of the store is here only.
Functions that change rows take the connection of the transaction they are part of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from lsfs.catalogue import Catalogue, Schema
from lsfs.packs.format import RECORD_HEADER_SIZE

SCHEMA = Schema(
    "packs",
    1,
    """
CREATE TABLE IF NOT EXISTS pack(
  number INTEGER PRIMARY KEY,   -- names the file
  length INTEGER NOT NULL,      -- bytes that are durable and belong to the store; what lies behind is not
  state INTEGER NOT NULL,       -- lsfs.packs.index.PackState
  sealed_ns INTEGER NOT NULL    -- when it was sealed; 0 while it is open
) STRICT;
CREATE TABLE IF NOT EXISTS chunk(
  id BLOB PRIMARY KEY,          -- BLAKE3-256 of the content
  pack INTEGER NOT NULL,        -- pack.number
  offset INTEGER NOT NULL,      -- bytes from the start of the pack to the record's header
  stored INTEGER NOT NULL,      -- bytes of the payload in the pack
  length INTEGER NOT NULL,      -- bytes of the content
  base BLOB                     -- id of the chunk that this one is a patch of
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS chunk_by_pack ON chunk(pack);
CREATE INDEX IF NOT EXISTS chunk_by_base ON chunk(base) WHERE base IS NOT NULL;
CREATE TABLE IF NOT EXISTS batch(
  number INTEGER PRIMARY KEY,   -- order of commit
  pack INTEGER NOT NULL,        -- pack.number
  offset INTEGER NOT NULL,      -- bytes to the record's header
  stored INTEGER NOT NULL       -- bytes of the payload in the pack
) STRICT;
CREATE INDEX IF NOT EXISTS batch_by_pack ON batch(pack);
CREATE TABLE IF NOT EXISTS pack_meta(
  key TEXT PRIMARY KEY,         -- adopted: number of the last batch the caller has taken over; next_batch: floor for numbers
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
""",
)


class PackState(IntEnum):
    """What may happen to a pack."""

    OPEN = 0  # appended to
    SEALED = 1  # full
    BAD = 2  # sealed after an I/O error


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack as the catalogue knows it."""

    number: int
    length: int
    state: PackState
    sealed_ns: int


class ChunkRow(NamedTuple):
    """Where a chunk lies."""

    id: bytes
    pack: int
    offset: int
    stored: int
    length: int
    base: bytes | None = None

    @property
    def span(self) -> int:
        """Bytes the record takes in its pack."""
        return RECORD_HEADER_SIZE + self.stored


@dataclass(frozen=True, slots=True)
class BatchRow:
    """Where a batch lies."""

    number: int
    pack: int
    offset: int
    stored: int

    @property
    def span(self) -> int:
        """Bytes the record takes in its pack."""
        return RECORD_HEADER_SIZE + self.stored


_MANY = 256
_CHUNK = "SELECT id, pack, offset, stored, length, base FROM chunk "


class Index:
    """The rows."""

    def __init__(self, catalogue: Catalogue) -> None:
        catalogue.register(SCHEMA)
        self._catalogue = catalogue

    # reading, on the calling thread's connection

    def chunk(self, id_: bytes) -> ChunkRow | None:
        """Return where a chunk lies."""
        row = self._catalogue.read().execute(_CHUNK + "WHERE id=?", (id_,)).fetchone()
        return None if row is None else ChunkRow(*row)

    def chunks_at(self, ids: Sequence[bytes]) -> dict[bytes, ChunkRow]:
        """Return where many chunks lie, by id; those that are not there are left out."""
        found: dict[bytes, ChunkRow] = {}
        for start in range(0, len(ids), _MANY):
            part = ids[start : start + _MANY]
            rows = self._catalogue.read().execute(_CHUNK + f"WHERE id IN ({','.join('?' * len(part))})", part)
            found |= {row[0]: ChunkRow._make(row) for row in rows}
        return found

    def has(self, id_: bytes) -> bool:
        """Tell whether a chunk is there."""
        return self._catalogue.read().execute("SELECT 1 FROM chunk WHERE id=?", (id_,)).fetchone() is not None

    def chunks(self) -> Iterator[ChunkRow]:
        """Yield all chunks, by id."""
        return (ChunkRow(*row) for row in self._catalogue.read().execute(_CHUNK))

    def chunks_of(self, pack: int) -> list[ChunkRow]:
        """Return the chunks of a pack in its order."""
        rows = self._catalogue.read().execute(_CHUNK + "WHERE pack=? ORDER BY offset", (pack,))
        return [ChunkRow(*row) for row in rows]

    def has_dependents(self, id_: bytes) -> bool:
        """Tell whether another chunk is a patch of this one."""
        return self._catalogue.read().execute("SELECT 1 FROM chunk WHERE base=? LIMIT 1", (id_,)).fetchone() is not None

    def bases(self) -> dict[bytes, bytes]:
        """Return the base of every patch."""
        return dict(self._catalogue.read().execute("SELECT id, base FROM chunk WHERE base IS NOT NULL"))

    def batches(self, after: int = -1) -> Iterator[BatchRow]:
        """Yield the batches behind a number, in order of commit."""
        rows = self._catalogue.read().execute(
            "SELECT number, pack, offset, stored FROM batch WHERE number>? ORDER BY number", (after,)
        )
        return (BatchRow(*row) for row in rows.fetchall())

    def batches_of(self, pack: int) -> list[BatchRow]:
        """Return the batches of a pack in its order."""
        rows = self._catalogue.read().execute(
            "SELECT number, pack, offset, stored FROM batch WHERE pack=? ORDER BY offset", (pack,)
        )
        return [BatchRow(*row) for row in rows]

    def packs(self) -> dict[int, PackRow]:
        """Return all packs by number."""
        rows = self._catalogue.read().execute("SELECT number, length, state, sealed_ns FROM pack ORDER BY number")
        return {row[0]: PackRow(row[0], row[1], PackState(row[2]), row[3]) for row in rows}

    def spans(self) -> dict[int, int]:
        """Return the bytes of each pack that rows point to."""
        rows = self._catalogue.read().execute(
            f"SELECT pack, sum(stored + {RECORD_HEADER_SIZE}) FROM "
            "(SELECT pack, stored FROM chunk UNION ALL SELECT pack, stored FROM batch) GROUP BY pack"
        )
        return dict(rows)

    def count(self) -> tuple[int, int]:
        """Return the number of chunks and the bytes of their contents."""
        chunks, length = self._catalogue.read().execute("SELECT count(*), coalesce(sum(length), 0) FROM chunk").fetchone()
        return int(chunks), int(length)

    def number(self, key: str) -> int:
        """Return a number of `pack_meta`; 0 when there is none."""
        row = self._catalogue.read().execute("SELECT value FROM pack_meta WHERE key=?", (key,)).fetchone()
        return 0 if row is None else int(row[0])

    def last_batch(self) -> int:
        """Return the highest number a batch has had; 0 before the first."""
        (last,) = self._catalogue.read().execute("SELECT coalesce(max(number), 0) FROM batch").fetchone()
        return max(int(last), self.number("adopted"))


def put_pack(con: sqlite3.Connection, row: PackRow) -> None:
    """Write a pack's row."""
    con.execute("INSERT OR REPLACE INTO pack VALUES(?, ?, ?, ?)", (row.number, row.length, int(row.state), row.sealed_ns))


def put_chunks(con: sqlite3.Connection, rows: Iterable[ChunkRow]) -> None:
    """Write rows of chunks; a chunk that has one moves."""
    con.executemany(
        "INSERT OR REPLACE INTO chunk VALUES(?, ?, ?, ?, ?, ?)",
        ((r.id, r.pack, r.offset, r.stored, r.length, r.base) for r in rows),
    )


def put_batches(con: sqlite3.Connection, rows: Iterable[BatchRow]) -> None:
    """Write rows of batches; a batch that has one moves."""
    con.executemany("INSERT OR REPLACE INTO batch VALUES(?, ?, ?, ?)", ((r.number, r.pack, r.offset, r.stored) for r in rows))


def put_number(con: sqlite3.Connection, key: str, value: int) -> None:
    """Write a number of `pack_meta`."""
    con.execute("INSERT OR REPLACE INTO pack_meta VALUES(?, ?)", (key, value))


def drop_pack(con: sqlite3.Connection, number: int) -> None:
    """Forget a pack and what still points into it."""
    for statement in ("DELETE FROM chunk WHERE pack=?", "DELETE FROM batch WHERE pack=?", "DELETE FROM pack WHERE number=?"):
        con.execute(statement, (number,))


def drop_chunks(con: sqlite3.Connection, ids: Iterable[bytes]) -> None:
    """Forget where chunks lie."""
    con.executemany("DELETE FROM chunk WHERE id=?", ((id_,) for id_ in ids))


def drop_all(con: sqlite3.Connection) -> None:
    """Forget every row, before they are made again from the packs."""
    for table in ("chunk", "batch", "pack", "pack_meta"):
        con.execute(f"DELETE FROM {table}")
