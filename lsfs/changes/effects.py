"""What transactions did to names, and what taking them back therefore means.

Pure reading of the tables: the first "before" of each path among the chosen effects is what undoing them restores, the last
"after" is what has to be there still, or someone changed it since.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lsfs.capture.known import Known
from lsfs.changes.putback import Target
from lsfs.model import ChangeKind, Fid, RelPath, State, TimeNs, TransactionId
from lsfs.versions.tree import below


@dataclass(frozen=True, slots=True)
class Effect:
    """What one change did to one name."""

    tx: TransactionId
    at_ns: TimeNs
    path: RelPath
    kind: ChangeKind
    before: Target
    after: Target


@dataclass(frozen=True, slots=True)
class Net:
    """What several effects did to one name together."""

    before: Target
    after: Target


_COLUMNS = "e.tx, e.at_ns, e.path, e.kind, e.before_fid, e.before_vid, e.after_fid, e.after_vid"


def of_transactions(con: sqlite3.Connection, txs: Iterable[int]) -> list[Effect]:
    """Return the effects of the transactions, oldest first."""
    found = [_effect(r) for tx in txs for r in con.execute(f"SELECT {_COLUMNS} FROM effect e WHERE e.tx=?", (tx,))]
    return sorted(found, key=lambda e: (e.at_ns, e.after.fid is not None))


def select(
    con: sqlite3.Connection,
    *,
    since_ns: int | None,
    actor: str | None,
    under: RelPath | None,
    txs: Sequence[int] = (),
    fids: Sequence[Fid] = (),
) -> list[Effect]:
    """Return the effects since a time, of an actor, below a folder, of the given transactions or files; oldest first."""
    where, values = ["t.state='committed'"], list[object]()
    if txs:
        where.append(f"e.tx IN ({','.join('?' * len(txs))})")
        values += txs
    if since_ns is not None:
        where.append("e.at_ns>=?")
        values.append(since_ns)
    if actor is not None:
        where.append("t.actor=?")
        values.append(actor)
    if under:
        where.append("(e.path=? OR (e.path>=? AND e.path<?))")
        values += [under, *below(under)]
    if fids:
        where.append("(e.before_fid IN (SELECT value FROM json_each(?)) OR e.after_fid IN (SELECT value FROM json_each(?)))")
        values += [json.dumps(list(fids))] * 2
    sql = f"SELECT {_COLUMNS} FROM effect e JOIN tx t USING(tx) WHERE {' AND '.join(where)} ORDER BY e.at_ns, e.part"
    return [_effect(r) for r in con.execute(sql, values)]


def _effect(row: tuple[object, ...]) -> Effect:
    tx, at_ns, path, kind, before_fid, before_vid, after_fid, after_vid = row
    assert isinstance(tx, int) and isinstance(at_ns, int) and isinstance(path, bytes)
    before = Target(_int(before_fid), _int(before_vid))
    after = Target(_int(after_fid), _int(after_vid))
    return Effect(TransactionId(tx), TimeNs(at_ns), RelPath(path), ChangeKind(str(kind)), before, after)


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def net(effects: Iterable[Effect]) -> dict[RelPath, Net]:
    """Return what the effects, oldest first, did to each name together."""
    out: dict[RelPath, Net] = {}
    came: dict[RelPath, int | None] = {}  # the file that the first effect on a name brought there
    for e in effects:
        first = out.get(e.path)
        if first is None:
            out[e.path], came[e.path] = Net(e.before, e.after), e.after.fid
        elif _left_unseen(first, e) and came[e.path] == e.after.fid:
            out[e.path] = Net(e.before, e.after)
        else:
            out[e.path] = Net(first.before, e.after)
    return out


def _left_unseen(first: Net, e: Effect) -> bool:
    """Tell whether an effect is of what left a name before that came which is told of earlier: it was there before both."""
    if first.before.fid is not None or e.before.fid is None:
        return False
    return e.after.fid is not None and e.after.fid == first.after.fid != e.before.fid


def changed_since(con: sqlite3.Connection, nets: dict[RelPath, Net], current: dict[RelPath, Known | None]) -> list[RelPath]:
    """Return the paths that are not as the effects left them; what one name of a file got, its other names have as well."""
    left: dict[int | None, set[int | None]] = {}
    for n in nets.values():
        left.setdefault(n.after.fid, set()).add(n.after.vid)

    def agrees(path: RelPath, after: Target) -> bool:
        now = current.get(path)
        return any(_agrees(con, Target(after.fid, vid), now) for vid in (after.vid, *left[after.fid]))

    return [RelPath(p) for p, n in sorted(nets.items()) if not agrees(RelPath(p), n.after)]


def _agrees(con: sqlite3.Connection, expected: Target, now: Known | None) -> bool:
    if now is None or expected.fid is None:
        return now is None and expected.fid is None
    if now.fid != expected.fid:
        return False
    return now.vid == expected.vid or _fingerprint(con, now.vid) == _fingerprint(con, expected.vid)


def _fingerprint(con: sqlite3.Connection, vid: int | None) -> tuple[object, ...]:
    row = con.execute("SELECT digest, target, kind, mode, state, size FROM version WHERE vid=?", (vid,)).fetchone()
    if row is None or row[4] in (State.PENDING, State.MISSED, State.LOST):
        return (vid,)
    return tuple(row[:4])


def tags_to_take_back(con: sqlite3.Connection, txs: Iterable[int]) -> Iterator[tuple[Fid, list[str], list[str]]]:
    """Yield (file, tags to add, tags to remove) that undo what the transactions did to tags."""
    for tx in txs:
        files: dict[int, tuple[list[str], list[str]]] = {}
        for fid, tag in con.execute("SELECT fid, tag FROM tag WHERE end_tx=?", (tx,)):
            files.setdefault(fid, ([], []))[0].append(tag)
        for fid, tag in con.execute("SELECT fid, tag FROM tag WHERE tx=?", (tx,)):
            files.setdefault(fid, ([], []))[1].append(tag)
        for fid, (add, remove) in sorted(files.items()):
            yield Fid(fid), add, remove


def locks_to_take_back(con: sqlite3.Connection, txs: Iterable[int]) -> list[tuple[RelPath, TransactionId]]:
    """Return the paths that the transactions locked and that are locked still."""
    return [(RelPath(r[0]), TransactionId(tx)) for tx in txs for r in con.execute("SELECT path FROM lock WHERE tx=?", (tx,))]
