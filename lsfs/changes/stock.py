"""What shall be put back, read from the tables at once: versions with their content and attributes.

Pure reading.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from lsfs.changes.dressing import Attributes
from lsfs.errors import NotFound
from lsfs.model import State, Version
from lsfs.packs.content import Content
from lsfs.packs.restoring import Restorer
from lsfs.versions.records import unpack
from lsfs.versions.rows import VERSION, version_from
from lsfs.versions.versions import Versions

_MANY = 256


class Stored(NamedTuple):
    """A version as the tables hold it.

    Attributes:
        content: `packs.Content.encode()`; None when there is none.
        xattrs: as `lsfs.versions.records.pack` wrote them; None when there are none.
    """

    version: Version
    content: bytes | None
    xattrs: bytes | None

    @property
    def attributes(self) -> Attributes:
        """What the file has beside its content."""
        v = self.version
        xattrs = {} if self.xattrs is None else dict(unpack(self.xattrs))
        return Attributes(v.mode, v.uid, v.gid, v.mtime_ns, xattrs)


class Stock:
    """The versions with the given ids."""

    def __init__(self, versions: Versions, vids: Iterable[int]) -> None:
        self._versions = versions
        self._contents: dict[int, Content] = {}  # of those that are being restored
        self._stored: dict[int, Stored] = dict(_read(versions.connection(), sorted(set(vids))))

    def get(self, vid: int) -> Stored:
        """Return a version.

        Raises:
            NotFound: there is none with this id (any more).
        """
        found = self._stored.get(vid)
        if found is None:
            raise NotFound(f"there is no version with the id {vid}")
        return found

    def content(self, stored: Stored) -> Content:
        """Return where the packs hold the content of a version.

        Raises:
            NotFound: it is not in the store; the text says why.
        """
        known = self._contents.get(stored.version.vid)
        if known is not None:
            return known
        return self._versions.content(stored.version) if stored.content is None else Content.decode(stored.content)

    def restorer(self, vids: Iterable[int]) -> Restorer:
        """Return what writes the contents of these versions into empty files, with their holes and checked."""
        stored = ((vid, self._stored.get(vid)) for vid in vids)
        self._contents = {vid: Content.decode(s.content) for vid, s in stored if s is not None and s.content is not None}
        return self._versions.restorer(self._contents.values())

    def folder_time_ns(self, version: Version) -> int:
        """Return the time that a folder had last as a version; what is put into it makes none, but its end tells."""
        sql = "SELECT mtime_ns FROM version WHERE fid=? AND number=? AND state=?"
        row = self._versions.connection().execute(sql, (version.fid, version.number + 1, State.DELETED)).fetchone()
        return version.mtime_ns if row is None else int(row[0])


def one(versions: Versions, vid: int) -> Stored:
    """Return one version.

    Raises:
        NotFound: there is none with this id (any more).
    """
    return Stock(versions, [vid]).get(vid)


def _read(con: sqlite3.Connection, vids: list[int]) -> Iterable[tuple[int, Stored]]:
    for start in range(0, len(vids), _MANY):
        part = vids[start : start + _MANY]
        sql = f"SELECT {VERSION}, v.content, v.xattrs FROM version v WHERE v.vid IN ({','.join('?' * len(part))})"
        for *row, content, xattrs in con.execute(sql, part):
            version = version_from(tuple(row))
            yield version.vid, Stored(version, content, xattrs)
