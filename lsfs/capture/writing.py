"""Groups of records on their way into the packs and tables.

A group holds what was recorded and not yet committed; looking a file up goes through it, so that two events of one file in
one group get numbers after each other. It is committed at 256 records or after 100 ms: one fdatasync for all.

Threading: the recorder's lock is held.
Durability: after `flush` everything written before is durable.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lsfs.capture.known import Known
from lsfs.catalogue import Catalogue
from lsfs.model import Change, ChangeKind, Fid, RelPath, TimeNs, VersionId
from lsfs.versions.applying import apply_all
from lsfs.versions.contents import ContentStore
from lsfs.versions.records import ChangeRecord, Record, encode

GROUP_SIZE = 256
GROUP_S = 0.1

StatRow = tuple[int, int, int, int, int, int]
"""(ino, size, mtime_ns, ctime_ns, racy, fid)."""

Effects = Callable[[sqlite3.Connection], None]


@dataclass(slots=True)
class Group:
    """Records that are committed together."""

    catalogue: Catalogue
    packs: ContentStore
    announce: Callable[[list[Change]], None]
    stored: Callable[[list[Known]], None]
    records: list[Record] = field(default_factory=list)
    stats: list[StatRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    files: dict[int, Known] = field(default_factory=dict)
    done: list[Change] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def now(self, known: Known) -> Known:
        """Return the file as this group leaves it."""
        return self.files.get(known.fid, known)

    def add(self, record: Record, after: Known | None = None) -> None:
        """Add a record; `after` is the file as it is from then on."""
        self.records.append(record)
        if after is not None:
            self.files[after.fid] = after
        if isinstance(record, ChangeRecord):
            self.changes.append(_change(record))

    def refresh(self, row: StatRow, after: Known) -> None:
        """Note a stat that moved without anything to record."""
        self.stats.append(row)
        self.files[after.fid] = after

    def tell(self, change: Change) -> None:
        """Announce a change that needs no record of its own."""
        self.changes.append(change)

    def full(self) -> bool:
        """Return whether it is time to commit."""
        if not self.records and not self.stats:
            self.began = time.monotonic()
            return False
        return len(self.records) >= GROUP_SIZE or time.monotonic() - self.began > GROUP_S

    def flush(self, more: Sequence[Record] = (), effects: Effects | None = None) -> None:
        """Commit what is in the group, `more` behind it, with `effects` in the same transaction of the catalogue."""
        records, stats, changes = [*self.records, *more], self.stats, self.changes
        files = list(self.files.values())
        self.records, self.stats, self.changes, self.files = [], [], [], {}
        self.began = time.monotonic()

        def write(con: sqlite3.Connection) -> None:
            apply_all(con, records)
            con.executemany("UPDATE file SET ino=?, size=?, mtime_ns=?, ctime_ns=?, racy=? WHERE fid=?", stats)
            if effects is not None:
                effects(con)

        if records:
            self.packs.commit([encode(r) for r in records], write)
        elif stats or effects is not None:
            with self.catalogue.write() as con:
                write(con)
        if files:
            self.stored(files)
        if changes:
            self.done.extend(changes)
            self.announce(changes)


def _change(r: ChangeRecord) -> Change:
    old = None if r.old_path is None else RelPath(r.old_path)
    return Change(ChangeKind(r.kind), Fid(r.fid), RelPath(r.path), TimeNs(r.at_ns), VersionId(r.vid), old)
