"""The log of transactions: what changed, who asked for it, whether it stands.

Pure reading of the tables.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from lsfs.model import RelPath, TimeNs, TransactionId

_COLUMNS = "t.tx, t.at_ns, t.end_ns, t.kind, t.state, t.actor, t.prompt, t.plan, t.undoes, t.undone_by"


@dataclass(frozen=True, slots=True)
class TransactionInfo:
    """A line of the log.

    Attributes:
        kind: call, rollback, undo, or burst for changes of a program.
        state: open, committed or reverted.
        end_ns: None while it is open.
        undoes: the transactions that it takes back.
        undone_by: the one that took it back; None while it stands.
        changed: how many names it touched; by a tag or a lock as well.
        paths: the first of them.
    """

    id: TransactionId
    at_ns: TimeNs
    end_ns: TimeNs | None
    kind: str
    state: str
    actor: str
    prompt: str
    plan: dict[str, Any]
    undoes: tuple[TransactionId, ...]
    undone_by: TransactionId | None
    changed: int
    paths: tuple[RelPath, ...]


def lines(
    con: sqlite3.Connection,
    *,
    actor: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int = 100,
    paths: int = 20,
) -> list[TransactionInfo]:
    """Return the transactions, newest first, with up to `paths` of the names that each touched."""
    where, values = ["1"], list[Any]()
    conditions = (("t.actor=?", actor), ("coalesce(t.end_ns, t.at_ns)>=?", since_ns), ("t.at_ns<=?", until_ns))
    for condition, value in conditions:
        if value is not None:
            where.append(condition)
            values.append(value)
    sql = f"SELECT {_COLUMNS} FROM tx t WHERE {' AND '.join(where)} ORDER BY t.at_ns DESC LIMIT ?"
    return [_info(con, row, paths) for row in con.execute(sql, [*values, limit]).fetchall()]


def line(con: sqlite3.Connection, tx: int, *, paths: int = 1000) -> TransactionInfo | None:
    """Return one transaction."""
    row = con.execute(f"SELECT {_COLUMNS} FROM tx t WHERE t.tx=?", (tx,)).fetchone()
    return None if row is None else _info(con, row, paths)


_NAMED = (
    "SELECT path, at_ns FROM effect WHERE tx=:tx "
    "UNION ALL SELECT path, at_ns FROM lock_change WHERE tx=:tx "
    "UNION ALL SELECT d.path, g.from_ns FROM tag g JOIN dentry d "
    "ON d.fid=g.fid AND d.from_ns<=g.from_ns AND d.to_ns>g.from_ns WHERE g.tx=:tx "
    "UNION ALL SELECT d.path, g.to_ns FROM tag g JOIN dentry d "
    "ON d.fid=g.fid AND d.from_ns<=g.to_ns AND d.to_ns>g.to_ns WHERE g.end_tx=:tx"
)
"""The names that a transaction changed, locked or unlocked, and those that the files had whose tags it set or removed."""


def _info(con: sqlite3.Connection, row: tuple[Any, ...], paths: int) -> TransactionInfo:
    tx, at_ns, end_ns, kind, state, actor, prompt, plan, undoes, undone_by = row
    values = {"tx": tx, "most": paths}
    count = con.execute(f"SELECT count(DISTINCT path) FROM ({_NAMED})", values).fetchone()[0]
    first = con.execute(f"SELECT path FROM ({_NAMED}) GROUP BY path ORDER BY min(at_ns), path LIMIT :most", values)
    return TransactionInfo(
        id=tx,
        at_ns=at_ns,
        end_ns=end_ns,
        kind=kind,
        state=state,
        actor=actor,
        prompt=prompt,
        plan=json.loads(plan) if plan else {},
        undoes=tuple(json.loads(undoes)),
        undone_by=undone_by,
        changed=count,
        paths=tuple(RelPath(r[0]) for r in first),
    )


_TOUCHES = (
    "(EXISTS (SELECT 1 FROM effect e WHERE e.tx=t.tx) OR EXISTS (SELECT 1 FROM tag g WHERE g.tx=t.tx OR g.end_tx=t.tx) "
    "OR EXISTS (SELECT 1 FROM lock l WHERE l.tx=t.tx))"
)
"""Of a transaction t: there is something of it that can be taken back. An unlock, a link or a snapshot leaves nothing such."""


def latest_to_undo(con: sqlite3.Connection, steps: int) -> list[TransactionId]:
    """Return the latest transactions that stand, newest first: no undo, no burst, and none with nothing to take back."""
    rows = con.execute(
        "SELECT t.tx FROM tx t WHERE t.state='committed' AND t.undone_by IS NULL AND t.kind NOT IN ('undo', 'burst') "
        f"AND {_TOUCHES} ORDER BY t.at_ns DESC LIMIT ?",
        (steps,),
    )
    return [TransactionId(r[0]) for r in rows]


def undoable(con: sqlite3.Connection, tx: TransactionId) -> bool:
    """Tell whether undo could take a transaction back."""
    return con.execute(f"SELECT 1 FROM tx t WHERE t.tx=? AND {_TOUCHES}", (tx,)).fetchone() is not None
