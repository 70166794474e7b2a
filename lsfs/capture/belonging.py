"""Which file, and which version of it, a record of the mount's journal is about.

The catalogue may be behind the record or ahead of it, and inode numbers are used again at once.

Threading: the recorder's lock is held.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from lsfs.capture import known as tables
from lsfs.capture.disk import Look
from lsfs.capture.events import is_backup
from lsfs.capture.known import Known
from lsfs.capture.recorder import Recorder
from lsfs.capture.taking import Taken
from lsfs.capture.ways import Ways
from lsfs.model import Kind, State
from lsfs.packs.content import Content
from lsfs.wire.journal import FileStat, JournalRecord


class Stored(NamedTuple):
    """A version that has the size and time of a record.

    Attributes:
        same_inode: its inode is that of the record too: writes to different ones in a tick of the clock agree in all else.
        exact: so is its ctime: tools that set times make several versions that agree in all else.
    """

    vid: int
    state: State
    same_inode: bool
    exact: bool
    digest: bytes | None


class Belonging:
    """Answers from the catalogue, with the ways that inodes went."""

    def __init__(self, recorder: Recorder, ways: Ways) -> None:
        self._recorder = recorder
        self._ways = ways
        self._seen: OrderedDict[tuple[int, int, int, int], None] = OrderedDict()
        self._read_up = False
        recorder.on_stored.append(self._looked_at)

    def _looked_at(self, files: list[Known]) -> None:
        for f in files:
            if f.state == State.STORED and f.kind == Kind.FILE:
                self.remember(f.fid, f.ino, FileStat(*f.key[1:]))

    def remember(self, fid: int, ino: int, state: FileStat) -> None:
        """Remember that this state of an inode is stored for a file; one that is all as it was before is no version."""
        key = fid, ino, state.size, state.mtime_ns
        self._seen[key] = None
        self._seen.move_to_end(key)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def file(self, r: JournalRecord) -> Known | None:
        """Return the file of a record: the one that its way leads to, or that has its inode, else the one at its path.

        The catalogue may be behind, and inode numbers are used again at once: a file counts as having the inode only if it has
        the record's path too, or if one of its names is that inode on the disk now (it was renamed since).
        """
        con = self._recorder.catalogue.read()
        way = self._ways.of(r)
        if way.place != r.path or way.names != (r.path,):
            files = [k for name in way.names if (k := self._at(name) or self._last(name)) is not None]
            best = next((k for k in files if k.ino == r.ino), files[0] if files else None)
            return best if best is not None or way.place is None else self._at(way.place)
        renamed: Known | None = None
        for known in tables.by_inode(con, r.ino):
            if known.kind != Kind.FILE or not known.names:
                continue
            names = tables.names(con, known.fid)
            if r.path in names:
                return known
            if renamed is None and any((look := self._recorder.disk.look(n)) and look.ino == r.ino for n in names):
                renamed = known
        return renamed or tables.at_path(con, r.path) or self._last(r.path)

    def _at(self, path: bytes) -> Known | None:
        known = tables.at_path(self._recorder.catalogue.read(), path)
        return known if known is not None and known.kind == Kind.FILE else None

    def _last(self, path: bytes) -> Known | None:
        """Return the file that a name stood for last, where it ended with it or has only a backup name now."""
        con = self._recorder.catalogue.read()
        last = tables.last_at_paths(con, [path]).get(path)
        if last is None or last[0].kind != Kind.FILE:
            return None
        return last[0] if all(is_backup(path, name) for name in tables.names(con, last[0].fid)) else None

    def version_of(self, known: Known, ino: int, state: FileStat) -> Stored | None:
        """Return the newest version of a file that has this size and time, best one that is exactly this state of the inode."""
        con = self._recorder.catalogue.read()
        if not self._read_up:  # an engine that was killed had looked at what it had not read of yet
            self._read_up = True
            self._seen = OrderedDict.fromkeys(con.execute(_SEEN, (_REMEMBERED,)).fetchall()[::-1]) | self._seen
        rows = con.execute(
            "SELECT vid, state, ino=?, ino=? AND ctime_ns=?, digest FROM version "
            "WHERE fid=? AND mtime_ns=? AND size=? AND state<>'deleted' ORDER BY 4 DESC, 3 DESC, number DESC LIMIT 1",
            (ino, ino, state.ctime_ns, known.fid, state.mtime_ns, state.size),
        )
        row = rows.fetchone()
        return None if row is None else Stored(row[0], State(row[1]), bool(row[2]), bool(row[3]), row[4])

    def has(self, known: Known, ino: int, state: FileStat) -> bool:
        """Tell whether a file has a version that is this state of this inode."""
        version = self.version_of(known, ino, state)
        return (version is not None and version.same_inode) or (known.fid, ino, state.size, state.mtime_ns) in self._seen

    def is_past(self, known: Known, version: Stored, state: FileStat) -> bool:
        """Tell whether a file has had another content since it was a version, and since this state as well."""
        row = self._recorder.catalogue.read().execute(_SINCE, (known.fid, version.vid, state.ctime_ns)).fetchone()
        return row is not None

    def stored_elsewhere(self, ino: int, state: FileStat) -> Taken | None:
        """Return the content of an inode's state where it was recorded a short while ago for whatever file.

        In a storm of renames and links a look may have found it under a name that the journal's order does not lead to.
        """
        row = self._recorder.catalogue.read().execute(_LATELY, (_MANY, ino, state.size, state.mtime_ns)).fetchone()
        if row is None:
            return None
        content, xattrs, *stat = row
        return Taken(Look(Kind.FILE, ino, 1, *stat), Content.decode(content), xattrs=xattrs, racy=True)

    def stored_as(self, path: bytes, ino: int) -> Taken | None:
        """Return what the file at a name (the last one, where it is gone) had as content when it was that inode."""
        con = self._recorder.catalogue.read()
        known, _ = tables.last_at_paths(con, [path]).get(path, (None, 0))
        row = None if known is None else con.execute(_WITH_INODE, (known.fid, ino)).fetchone()
        if row is None:
            return None
        content, xattrs, *stat = row
        return Taken(Look(Kind.FILE, ino, 1, *stat), Content.decode(content), xattrs=xattrs, racy=True)


_SINCE = "SELECT 1 FROM version WHERE fid=? AND vid>? AND ctime_ns>=? LIMIT 1"
_SEEN = (
    "SELECT f.fid, f.ino, f.size, f.mtime_ns FROM file f JOIN version v USING(vid) "
    "WHERE f.names>0 AND f.kind='file' AND v.state='stored' ORDER BY f.vid DESC LIMIT ?"
)
_REMEMBERED = 20_000
_MANY = 2_000  # rows that are looked through for each close that is not found otherwise: a millisecond
_LATELY = (
    "SELECT content, xattrs, size, mode, uid, gid, mtime_ns, ctime_ns FROM version "
    "WHERE vid>(SELECT max(vid) FROM version)-? AND ino=? AND size=? AND mtime_ns=? AND kind='file' AND state='stored' "
    "ORDER BY vid DESC LIMIT 1"
)
_WITH_INODE = (
    "SELECT content, xattrs, size, mode, uid, gid, mtime_ns, ctime_ns FROM version "
    "WHERE fid=? AND ino=? AND kind='file' AND state='stored' ORDER BY number DESC LIMIT 1"
)
