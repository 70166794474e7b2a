"""Where subscriptions are kept, and the tables of the events.

Threading: any thread.
Durability: a subscription outlives the catalogue; its events are then made again from the history, so that what was told before
    can be told once more, under new numbers. `advance` writes the events and how far the feed was read in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from lsfs.capture.kept import Kept
from lsfs.capture.recorder import Recorder
from lsfs.model import Fid, RelPath, TimeNs
from lsfs.subscriptions.subscription import (
    MATCHES,
    SCHEMA,
    Event,
    Happening,
    Subscription,
    SubscriptionId,
    key_of,
    read,
    written,
)

KEPT_EVENTS = 100_000
_CURSOR = "subscriptions.cursor"
_DELIVERED = "subscriptions.delivered"
_INSERT = (
    "INSERT OR IGNORE INTO event(sid, fid, at_ns, kind, path, old_path, actor, version, summary) VALUES(?,?,?,?,?,?,?,?,?)"
)

Began = tuple[SubscriptionId, Fid, TimeNs, RelPath, str, int]
"""A file that began to match: subscription, file, when it changed, where it is, who changed it, its version's number."""


class SubscriptionStore:
    """Reads and writes."""

    def __init__(self, recorder: Recorder) -> None:
        self._catalogue = recorder.catalogue
        self._kept = Kept(recorder, "subscription")
        self._catalogue.register(SCHEMA)
        wishes = self.all()
        if wishes and self._catalogue.meta(_CURSOR) is None:
            self._begin_again(min(s.made_ns for s in wishes))

    def _begin_again(self, made_ns: int) -> None:
        """The tables were lost: read the feed again from the oldest wish on, under numbers that were never used before."""
        with self._catalogue.write() as con:
            # Nobody was told of a thousand events a second, so that the milliseconds of the clock are behind all numbers.
            con.execute("INSERT INTO sqlite_sequence(name, seq) VALUES('event', ?)", (self._catalogue.tick() // 1_000_000,))
            self._catalogue.set_meta(_CURSOR, str(made_ns))

    def add(self, path: RelPath | None, fid: Fid | None, query: str | None, actor: str) -> Subscription:
        """Keep a new subscription; it is told what happens from now on."""
        with self._kept.lock:
            made = self._catalogue.tick()
            others = self.all()
            told = self._catalogue.read().execute("SELECT max(sid) FROM event").fetchone()[0]
            sid = SubscriptionId(max([told or 0, *(s.sid for s in others)]) + 1)
            wish = Subscription(sid, path, fid, query, actor, made)
            if not others:
                self._catalogue.set_meta(_CURSOR, str(made))
            self._kept.put(key_of(sid), written(wish), fid=fid)
        return wish

    def remove(self, sids: Sequence[SubscriptionId]) -> None:
        """End subscriptions; their events stay readable."""

        def unmatch(con: sqlite3.Connection) -> None:
            con.executemany("DELETE FROM event_matched WHERE sid=?", [(s,) for s in sids])

        self._kept.remove([key_of(s) for s in sids], unmatch)

    def all(self) -> list[Subscription]:
        """Return the subscriptions, oldest first."""
        return [read(key, value) for key, value in self._kept.all().items()]

    def cursor(self) -> int:
        """Return the time up to which the feed was read."""
        return int(self._catalogue.meta(_CURSOR) or 0)

    def advance(
        self, to_ns: int, told: Iterable[tuple[Subscription, Happening, str, int | None]], waiting: Iterable[Happening]
    ) -> None:
        """Write events, the files that queries have to look at, and that the feed was read up to `to_ns`."""
        rows = [
            (s.sid, h.fid, h.at_ns, h.kind.value, h.path, h.old_path, h.actor, version, summary)
            for s, h, summary, version in told
        ]
        with self._catalogue.write() as con:
            con.executemany(_INSERT, rows)
            con.executemany(
                "INSERT INTO event_waiting VALUES(?,?,?)"
                " ON CONFLICT(fid) DO UPDATE SET at_ns=excluded.at_ns, actor=excluded.actor",
                [(h.fid, h.at_ns, h.actor) for h in waiting],
            )
            if rows:
                con.execute("DELETE FROM event WHERE seq<=(SELECT max(seq) FROM event)-?", (KEPT_EVENTS,))
            self._catalogue.set_meta(_CURSOR, str(to_ns))

    def waiting(self) -> list[tuple[Fid, TimeNs, str]]:
        """Return (file, its latest change, who made it) of what the queries have to look at, oldest first."""
        sql = "SELECT fid, at_ns, actor FROM event_waiting ORDER BY at_ns LIMIT 1000"
        return [(Fid(f), TimeNs(a), who) for f, a, who in self._catalogue.read().execute(sql)]

    def matched(self, sid: SubscriptionId) -> set[Fid]:
        """Return the files that matched at the last look."""
        return {Fid(r[0]) for r in self._catalogue.read().execute("SELECT fid FROM event_matched WHERE sid=?", (sid,))}

    def know(self, sid: SubscriptionId, fids: Iterable[Fid]) -> None:
        """Note files that match a query already, without telling."""
        with self._catalogue.write() as con:
            con.executemany("INSERT OR IGNORE INTO event_matched VALUES(?,?)", [(sid, f) for f in fids])

    def looked(
        self,
        done: Iterable[tuple[Fid, TimeNs]],
        began: Iterable[Began],
        ended: Iterable[tuple[SubscriptionId, Fid]],
    ) -> None:
        """Write what a look of the queries found: files looked at, files that began (with their event) and ceased to match."""
        with self._catalogue.write() as con:
            for sid, fid, at_ns, path, actor, version in began:
                con.execute("INSERT OR IGNORE INTO event_matched VALUES(?,?)", (sid, fid))
                con.execute(_INSERT, (sid, fid, at_ns, MATCHES, path, None, actor, version, "matches now"))
            con.executemany("DELETE FROM event_matched WHERE sid=? AND fid=?", list(ended))
            con.executemany("DELETE FROM event_waiting WHERE fid=? AND at_ns<=?", list(done))

    def forget(self, fids: Sequence[Fid]) -> None:
        """Remove every trace of files: their events (which quote them), what waits and what matched."""
        self._kept.remove(self._kept.about(fids))
        with self._catalogue.write() as con:
            for table in ("event", "event_waiting", "event_matched"):
                con.executemany(f"DELETE FROM {table} WHERE fid=?", [(f,) for f in fids])

    def events(self, after: int, limit: int) -> list[Event]:
        """Return the events behind number `after`, in order."""
        sql = (
            "SELECT seq, sid, at_ns, kind, path, old_path, actor, version, summary FROM event WHERE seq>? ORDER BY seq LIMIT ?"
        )
        return [_event(r) for r in self._catalogue.read().execute(sql, (after, limit))]

    def latest(self) -> int:
        """Return the number of the newest event, 0 before the first."""
        row = self._catalogue.read().execute("SELECT max(seq) FROM event").fetchone()
        return int(row[0] or 0)

    def delivered(self, reader: str = "") -> int | None:
        """Return the number up to which a reader said to have received the events; None where it never said so."""
        said = self._catalogue.meta(_DELIVERED + reader)
        return None if said is None else int(said)

    def deliver(self, seq: int, reader: str = "") -> None:
        """Note that a reader received the events up to `seq`."""
        if seq > (self.delivered(reader) or -1):
            self._catalogue.set_meta(_DELIVERED + reader, str(seq))


def _event(row: tuple[Any, ...]) -> Event:
    seq, sid, at_ns, kind, path, old_path, actor, version, summary = row
    old = None if old_path is None else RelPath(old_path)
    return Event(seq, SubscriptionId(sid), TimeNs(at_ns), kind, RelPath(path), old, actor, version, summary)
