"""Collect garbage: let versions go under the retention rules, then sweep the packs.

A version that goes keeps its row, without content, so that the tree as of a time never shows another content in its place.

Durability: the record that says which versions are gone is committed before the packs are swept; killed in between, the next
    run sweeps on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from lsfs.model import FOREVER
from lsfs.packs.content import Content
from lsfs.packs.reports import SweepReport
from lsfs.versions.retention import Candidate, Rules, over_budget, removable

_ROWS = (
    "SELECT v.fid, v.vid, v.at_ns, lead(v.at_ns, 1, :now) OVER (PARTITION BY v.fid ORDER BY v.number), v.size, v.vid=f.vid "
    "FROM version v JOIN file f USING(fid) WHERE v.content IS NOT NULL OR v.vid=f.vid ORDER BY v.fid, v.number DESC"
)


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What a collection did, or would do.

    Attributes:
        versions: how many lost their content.
        version_bytes: what they held, uncompressed and before sharing.
        swept: what happened to the packs.
        dry_run: nothing was changed.
    """

    versions: int
    version_bytes: int
    swept: SweepReport
    dry_run: bool


def choose(con: sqlite3.Connection, rules: Rules, now_ns: int) -> list[Candidate]:
    """Return the versions that may go; O(versions)."""
    held = set(_held(con, rules, now_ns))
    gone: list[Candidate] = []
    rest: list[Candidate] = []
    for _, rows in groupby(con.execute(_ROWS, {"now": now_ns}), key=lambda row: row[0]):
        versions = [Candidate(vid, at, until, size, bool(newest) or vid in held) for _, vid, at, until, size, newest in rows]
        free = removable(versions, rules, now_ns)
        names = {v.vid for v in free}
        gone += free
        rest += [v for v in versions if v.vid not in names]
    return gone + over_budget(rest, rules.budget_bytes)


def _held(con: sqlite3.Connection, rules: Rules, now_ns: int) -> Iterator[int]:
    """Yield what stays: pinned, needed by an undo, of a snapshot, of a file with a keeping tag."""
    since = now_ns - rules.undo_ns
    yield from _column(con, "SELECT vid FROM pin")
    for column in ("before_vid", "after_vid"):
        sql = f"SELECT {column} FROM effect WHERE at_ns>=? AND {column} IS NOT NULL"
        yield from _column(con, sql, (since,))
    for at_ns in _column(con, "SELECT at_ns FROM snapshot"):
        sql = (
            "SELECT (SELECT w.vid FROM version w WHERE w.fid=d.fid AND w.at_ns<=:t ORDER BY w.at_ns DESC LIMIT 1) "
            "FROM dentry d WHERE d.from_ns<=:t AND d.to_ns>:t"
        )
        yield from (row[0] for row in con.execute(sql, {"t": at_ns}))
    for tag in rules.keep_tags:
        sql = "SELECT vid FROM version WHERE fid IN (SELECT fid FROM tag WHERE tag=? AND to_ns=?)"
        yield from _column(con, sql, (tag.casefold(), FOREVER))


def _column(con: sqlite3.Connection, sql: str, values: tuple[object, ...] = ()) -> list[int]:
    return [row[0] for row in con.execute(sql, values)]


def live_chunks(con: sqlite3.Connection, without: Iterable[int] = ()) -> set[bytes]:
    """Return the ids of the chunks that versions need; O(versions)."""
    left_out = set(without)
    live: set[bytes] = set()
    for vid, content in con.execute("SELECT vid, content FROM version WHERE content IS NOT NULL"):
        if vid not in left_out:
            live.update(Content.decode(content).ids())
    return live


def unpacked(con: sqlite3.Connection, since: int) -> list[tuple[int, int]]:
    """Return (newest version, file) of the files that have a later version than `since` and an earlier one, oldest first."""
    sql = "SELECT max(vid), fid FROM version WHERE content IS NOT NULL AND size>0 GROUP BY fid HAVING max(vid)>? AND count(*)>1"
    return sorted(con.execute(sql, (since,)))


def chain(con: sqlite3.Connection, fid: int, since: int) -> list[Content]:
    """Return a file's contents, oldest first, from the last version that is not later than `since`."""
    stored = "FROM version WHERE fid=:fid AND content IS NOT NULL AND size>0"
    sql = f"SELECT content {stored} AND number>=(SELECT coalesce(max(number), 0) {stored} AND vid<=:since) ORDER BY number"
    blobs = dict.fromkeys(row[0] for row in con.execute(sql, {"fid": fid, "since": since}))
    return [Content.decode(blob) for blob in blobs]
