"""The tables of the links: made, listed, withdrawn, counted, and their access log.

Threading: any thread.
Durability: a link is valid when `make` returns; a download is counted before its first byte is sent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from lsfs.catalogue import Catalogue
from lsfs.links.link import SCHEMA, Access, Link, Target
from lsfs.model import Fid, RelPath, TimeNs

KEPT_ACCESSES = 1000
"""Lines of the access log that are kept of one link."""

_COLUMNS = "id, made_ns, expires_ns, revoked_ns, actor, password, most, downloads"


class LinkStore:
    """Reads and writes of links."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        catalogue.register(SCHEMA)

    def make(self, link: Link) -> None:
        """Keep a new link."""
        values = (link.id, link.made_ns, link.expires_ns, None, link.actor, link.password, link.most, 0)
        rows = [(link.id, i, t.fid, t.version, t.path) for i, t in enumerate(link.targets)]
        with self._catalogue.write() as con:
            con.execute(f"INSERT INTO link({_COLUMNS}) VALUES(?,?,?,?,?,?,?,?)", values)
            con.executemany("INSERT INTO link_target(id, ordinal, fid, vid, path) VALUES(?,?,?,?,?)", rows)

    def get(self, link_id: bytes) -> Link | None:
        """Return a link, valid or not."""
        con = self._catalogue.read()
        row = con.execute(f"SELECT {_COLUMNS} FROM link WHERE id=?", (link_id,)).fetchone()
        return None if row is None else _link(con, row)

    def all(self) -> list[Link]:
        """Return every link, valid or not, newest first."""
        con = self._catalogue.read()
        rows = con.execute(f"SELECT {_COLUMNS} FROM link ORDER BY made_ns DESC").fetchall()
        return [_link(con, row) for row in rows]

    def any_valid(self, now_ns: int) -> bool:
        """Tell whether a link stands that has not expired."""
        sql = "SELECT 1 FROM link WHERE revoked_ns IS NULL AND expires_ns>? LIMIT 1"
        return self._catalogue.read().execute(sql, (now_ns,)).fetchone() is not None

    def revoke(self, ids: Sequence[bytes]) -> None:
        """Withdraw links."""
        now = self._catalogue.tick()
        with self._catalogue.write() as con:
            con.executemany("UPDATE link SET revoked_ns=? WHERE id=? AND revoked_ns IS NULL", [(now, i) for i in ids])

    def forget(self, fids: Sequence[Fid]) -> None:
        """Remove files from links, and the links that lead to nothing else with their logs."""
        with self._catalogue.write() as con:
            con.executemany("DELETE FROM link_target WHERE fid=?", [(f,) for f in fids])
            con.execute("DELETE FROM link WHERE id NOT IN (SELECT id FROM link_target)")
            con.execute("DELETE FROM link_access WHERE id NOT IN (SELECT id FROM link)")

    def count(self, link_id: bytes) -> bool:
        """Count a download; False when there were as many as are allowed."""
        sql = "UPDATE link SET downloads=downloads+1 WHERE id=? AND (most IS NULL OR downloads<most)"
        with self._catalogue.write() as con:
            return con.execute(sql, (link_id,)).rowcount == 1

    def note(self, link_id: bytes, address: str, status: int, what: str, sent: int) -> None:
        """Write a line of the access log; the oldest beyond `KEPT_ACCESSES` go."""
        values = (link_id, self._catalogue.tick(), address, status, what, sent)
        with self._catalogue.write() as con:
            con.execute(
                "INSERT INTO link_access(id, at_ns, address, status, what, sent)"
                " SELECT ?,?,?,?,?,? WHERE EXISTS(SELECT 1 FROM link WHERE id=?)",  # it may have been forgotten meanwhile
                (*values, link_id),
            )
            con.execute(
                "DELETE FROM link_access WHERE id=? AND seq<="
                "(SELECT seq FROM link_access WHERE id=? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                (link_id, link_id, KEPT_ACCESSES),
            )

    def accesses(self, link_id: bytes) -> list[Access]:
        """Return a link's access log, newest first."""
        sql = "SELECT at_ns, address, status, what, sent FROM link_access WHERE id=? ORDER BY seq DESC"
        return [Access(*row) for row in self._catalogue.read().execute(sql, (link_id,))]


def _link(con: sqlite3.Connection, row: Sequence[Any]) -> Link:
    targets = con.execute("SELECT fid, vid, path FROM link_target WHERE id=? ORDER BY ordinal", (row[0],))
    found = tuple(Target(fid, vid, RelPath(path)) for fid, vid, path in targets)
    link_id, made, expires, revoked, actor, password, most, downloads = row
    return Link(link_id, made, expires, revoked, actor, password, most, downloads, found)


def valid(links: Sequence[Link], now_ns: TimeNs) -> list[Link]:
    """Return the links that can be used."""
    return [link for link in links if link.over(now_ns) is None]
