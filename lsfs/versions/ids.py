"""The next free ids of files, versions and transactions, rising and never used twice; the latest time that was ever given.

Threading: the recorder's lock is held.
"""

from __future__ import annotations

import sqlite3

_LATEST = (
    "SELECT max(at_ns) FROM effect",
    "SELECT max(at_ns) FROM tx",
    "SELECT max(at_ns) FROM version WHERE vid=(SELECT max(vid) FROM version)",
    "SELECT max(max(from_ns), max(iif(to_ns=9223372036854775807, 0, to_ns))) FROM tag",
    "SELECT max(made_ns) FROM snapshot",
    "SELECT max(at_ns) FROM kept",
)

_HIGH = {"fid": "SELECT max(fid) FROM file", "vid": "SELECT max(vid) FROM version", "tx": "SELECT max(tx) FROM tx"}


class Ids:
    """Counters that start behind what the tables and the removed rows used."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._last = {name: high_water(con, name) for name in _HIGH}

    def fid(self) -> int:
        """Return a new file id."""
        return self._next("fid")

    def vid(self) -> int:
        """Return a new version id."""
        return self._next("vid")

    def tx(self) -> int:
        """Return a new transaction id."""
        return self._next("tx")

    def _next(self, name: str) -> int:
        self._last[name] += 1
        return self._last[name]


def high_water(con: sqlite3.Connection, name: str) -> int:
    """Return the highest id that was ever used."""
    kept = con.execute("SELECT value FROM meta WHERE key=?", (f"versions:high:{name}",)).fetchone()
    return max(con.execute(_HIGH[name]).fetchone()[0] or 0, int(kept[0]) if kept else 0)


def remember_high_water(con: sqlite3.Connection) -> None:
    """Keep the highest ids before rows are removed."""
    for name in _HIGH:
        con.execute(
            "INSERT INTO meta VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
            (f"versions:high:{name}", str(high_water(con, name))),
        )


def latest(con: sqlite3.Connection) -> int:
    """Return the latest time in the tables: a killed process has not noted its last, and the clock may have been set back."""
    return max(con.execute(sql).fetchone()[0] or 0 for sql in _LATEST)
