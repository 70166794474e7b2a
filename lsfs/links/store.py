"""Where links are kept: made, listed, withdrawn, counted, and their access log.

Threading: any thread.
Durability: a link is valid, or withdrawn, when `make` or `revoke` returns, and stays so when the catalogue is lost. A download
    of a link with a limit is durable before its first byte is sent; the other counts and the access log are the catalogue's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lsfs.capture.kept import Kept
from lsfs.capture.recorder import Recorder
from lsfs.links.link import SCHEMA, Access, Link, read, read_target, written, written_target
from lsfs.model import Fid, TimeNs

KEPT_ACCESSES = 1000
"""Lines of the access log that are kept of one link."""

_PORT = b"port"


class LinkStore:
    """Reads and writes of links."""

    def __init__(self, recorder: Recorder) -> None:
        self._catalogue = recorder.catalogue
        self._links = Kept(recorder, "link")
        self._targets = Kept(recorder, "link-target")
        self._settings = Kept(recorder, "link-setting")
        self._catalogue.register(SCHEMA)

    def port(self) -> int:
        """Return the port at which the links were served first; 0 before that."""
        return int(self._settings.get(_PORT) or b"0")

    def set_port(self, port: int) -> None:
        """Keep the port: it is a part of every address."""
        if port != self.port():
            self._settings.put(_PORT, b"%d" % port)

    def make(self, link: Link) -> None:
        """Keep a new link. Killed in between, there are targets of no link, which nobody sees."""
        targets = [(link.id + i.to_bytes(4, "big"), written_target(t), t.fid) for i, t in enumerate(link.targets)]
        self._targets.put_all(targets)
        self._links.put(link.id, written(link))

    def get(self, link_id: bytes) -> Link | None:
        """Return a link, valid or not."""
        value = self._links.get(link_id)
        return None if value is None else self._link(link_id, value)

    def _link(self, link_id: bytes, value: bytes) -> Link | None:
        """Return a link; None when all that it led to was forgotten."""
        targets = tuple(read_target(v) for v in self._targets.all(link_id).values())
        if not targets:
            return None
        link = read(link_id, value, targets)
        row = self._catalogue.read().execute("SELECT downloads FROM link_use WHERE id=?", (link_id,)).fetchone()
        return link if row is None else replace(link, downloads=link.downloads + row[0])

    def all(self) -> list[Link]:
        """Return every link, valid or not, newest first."""
        found = [link for i, value in self._links.all().items() if (link := self._link(i, value)) is not None]
        return sorted(found, key=lambda link: link.made_ns, reverse=True)

    def any_valid(self, now_ns: TimeNs) -> bool:
        """Tell whether a link can be used."""
        return bool(valid(self.all(), now_ns))

    def revoke(self, ids: Sequence[bytes]) -> None:
        """Withdraw links."""
        now = self._catalogue.tick()
        with self._links.lock:
            found = [link for i in ids if (link := self.get(i)) is not None and link.revoked_ns is None]
            if found:
                self._links.put_all([(link.id, written(replace(link, revoked_ns=now)), None) for link in found])

    def forget(self, fids: Sequence[Fid]) -> None:
        """Remove files from links, and the links that lead to nothing else with their logs."""
        self._targets.remove(self._targets.about(fids))
        self._links.remove([i for i, value in self._links.all().items() if self._link(i, value) is None])
        with self._catalogue.write() as con:
            for table in ("link_access", "link_use"):
                con.execute(f"DELETE FROM {table} WHERE id NOT IN (SELECT key FROM kept WHERE store='link')")

    def count(self, link_id: bytes) -> bool:
        """Count a download; False when there were as many as are allowed."""
        link = self.get(link_id)
        if link is None:
            return False
        if link.most is not None:
            return self._count_limited(link_id)
        sql = "INSERT INTO link_use VALUES(?, 1) ON CONFLICT(id) DO UPDATE SET downloads=downloads+1"
        with self._catalogue.write() as con:
            con.execute(sql, (link_id,))
        return True

    def _count_limited(self, link_id: bytes) -> bool:
        with self._links.lock:
            link = self.get(link_id)
            if link is None or link.most is None or link.downloads >= link.most:
                return False
            self._links.put(link_id, written(replace(link, downloads=link.downloads + 1)))
            return True

    def note(self, link_id: bytes, address: str, status: int, what: str, sent: int) -> None:
        """Write a line of the access log; the oldest beyond `KEPT_ACCESSES` go."""
        values = (link_id, self._catalogue.tick(), address, status, what, sent)
        with self._catalogue.write() as con:
            con.execute(
                "INSERT INTO link_access(id, at_ns, address, status, what, sent) SELECT ?,?,?,?,?,?"
                " WHERE EXISTS(SELECT 1 FROM kept WHERE store='link' AND key=?)",  # it may have been forgotten meanwhile
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


def valid(links: Sequence[Link], now_ns: TimeNs) -> list[Link]:
    """Return the links that can be used."""
    return [link for link in links if link.over(now_ns) is None]
