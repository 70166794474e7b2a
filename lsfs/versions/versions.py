"""The version store as its readers see it: the tree now and then, the history of a file, its content, its tags.

It writes nothing but what recovery hands it (records that the packs hold and the tables do not); changes go through
`lsfs.capture` and `lsfs.changes`.

Threading: any thread; each reads on its own connection.
"""

from __future__ import annotations

import builtins
import io
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from lsfs.catalogue import Catalogue
from lsfs.errors import NotFound
from lsfs.model import FOREVER, Entry, Fid, Kind, RelPath, State, Version, VersionId, show
from lsfs.packs.content import Content
from lsfs.packs.restoring import Restorer
from lsfs.versions import history, names, tree
from lsfs.versions.applying import apply
from lsfs.versions.contents import ContentStore
from lsfs.versions.healing import heal
from lsfs.versions.ids import latest
from lsfs.versions.records import decode
from lsfs.versions.schema import SCHEMA

_WHY = {
    State.PENDING: "is not stored yet: the baseline has not come to it",
    State.MISSED: "was missed: it was overwritten, or not readable, before it could be stored",
    State.LOST: "is lost: the pack that had its content is missing, cut or damaged",
    State.REMOVED: "was removed under the retention rules",
    State.DELETED: "is the end of a deleted file",
}


_ROOT = RelPath(b"")


class Versions:
    """Reads of the version store."""

    def __init__(self, catalogue: Catalogue, packs: ContentStore) -> None:
        self._catalogue = catalogue
        self._packs = packs
        catalogue.register(SCHEMA)
        catalogue.advance(latest(catalogue.read()))
        self.imported = 0
        if packs.has_orphans():
            found = packs.orphans
            packs.adopt(lambda con: self._import(con, found))

    def _import(self, con: sqlite3.Connection, found: Sequence[tuple[int, bytes]]) -> None:
        """Apply records that the packs hold and the tables do not."""
        for kind, payload in found:
            record = decode(kind, payload)
            if record is None:
                continue
            apply(con, record)
            self._catalogue.advance(getattr(record, "at_ns", None) or 0)
            self.imported += 1
        heal(con)

    # The tree

    def live(self, path: RelPath) -> Entry | None:
        """Return what `path` stands for now."""
        return tree.entry_at(self._con(), path, None)

    def entry_at(self, path: RelPath, at_ns: int | None) -> Entry | None:
        """Return what `path` stood for at a time (None: now)."""
        return tree.entry_at(self._con(), path, at_ns)

    def entry_of(self, fid: Fid, at_ns: int | None = None) -> Entry | None:
        """Return the (oldest) name of a file at a time (None: now)."""
        found = tree.entries_of(self._con(), fid, at_ns)
        return found[0] if found else None

    def names_of(self, fid: Fid, at_ns: int | None = None) -> list[Entry]:
        """Return every name of a file at a time (None: now); hard links have several."""
        return tree.entries_of(self._con(), fid, at_ns)

    def list(self, under: RelPath = _ROOT, *, at_ns: int | None = None, recursive: bool = False) -> list[Entry]:
        """Return the names directly, or anywhere, below a folder at a time, in the order of their paths."""
        return tree.listing(self._con(), under, at_ns, recursive=recursive)

    def standing(self, path: RelPath, at_ns: int | None = None) -> dict[RelPath, tuple[int, int]]:
        """Return, for a name and all names below it at a time (None: now), the file and version that each stood for."""
        return tree.standing(self._con(), path, at_ns)

    def names_ever(self, under: RelPath = _ROOT) -> builtins.list[tuple[bytes, Kind]]:
        """Return every name that was ever directly in a folder, with the kind of what it stood for last, by name."""
        return tree.names_ever(self._con(), under)

    def live_stats(self) -> Iterator[tuple[RelPath, int, int, int, int]]:
        """Yield (path, ino, size, mtime_ns, ctime_ns) of every live name; ctime is -1 where the file has to be read again."""
        return tree.live_stats(self._con())

    # Versions

    def file_of(self, path: RelPath) -> Fid:
        """Return the file that `path` stands for, or stood for last.

        Raises:
            NotFound: there never was such a name.
        """
        fid = tree.last_file(self._con(), path)
        if fid is None:
            raise NotFound(f"there is no file {show(path)}, and there was none")
        return Fid(fid)

    def history(
        self,
        path: RelPath,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> builtins.list[Version]:
        """Return the versions of the file at `path` (deleted ones included), newest first.

        Args:
            until_ns: the last instant included.
            before: only versions with a smaller number: the next page.

        Raises:
            NotFound: there never was such a name.
        """
        fid = self.file_of(path)
        return history.page(self._con(), fid, since_ns=since_ns, until_ns=until_ns, limit=limit, before=before)

    def version(self, path: RelPath, number: int) -> Version:
        """Return a version by its number.

        Raises:
            NotFound: no such file or number.
        """
        found = history.by_number(self._con(), self.file_of(path), number)
        if found is None:
            raise NotFound(f"{show(path)} has no version {number}; `lsfs history` lists them")
        return found

    def version_by_id(self, vid: VersionId) -> Version:
        """Return a version by its id.

        Raises:
            NotFound: no such version (any more).
        """
        found = history.by_id(self._con(), vid)
        if found is None:
            raise NotFound(f"there is no version with the id {vid}")
        return found

    def current(self, fid: Fid) -> Version:
        """Return the newest version of a file, the end of a deleted one included.

        Raises:
            NotFound: no such file.
        """
        found = history.page(self._con(), fid, limit=1)
        if not found:
            raise NotFound(f"there is no file with the id {fid}")
        return found[0]

    def version_at(self, path: RelPath, at_ns: int) -> Version | None:
        """Return the version that was at `path` at a time, or None when there was no such name then."""
        entry = tree.entry_at(self._con(), path, at_ns)
        return None if entry is None else self.version_by_id(entry.version)

    def steps_back(self, path: RelPath, steps: int) -> Version:
        """Return what `path` was `steps` contents ago (see `lsfs.versions.history.steps_back`).

        Raises:
            NotFound: no such file, too few versions, or the one found was missed.
        """
        return history.steps_back(self._con(), self.file_of(path), steps)

    # Content

    def open(self, version: Version) -> BinaryIO:
        """Return the content of a version as a seekable file; of a symbolic link its target.

        Raises:
            NotFound: it is not in the store; the text says why.
            Corrupt: while reading, where stored bytes do not match their hash.
        """
        if version.kind == Kind.SYMLINK and version.target is not None:
            return io.BytesIO(version.target)
        return self._packs.open(self.content(version))

    def read(self, version: Version) -> bytes:
        """Return the whole content of a version; raises as `open` does."""
        with self.open(version) as stream:
            return stream.read()

    def restore(self, version: Version, fd: int) -> None:
        """Write the content of a version into an empty file, with its holes and checked; raises as `read` does."""
        self._packs.restore(self.content(version), fd)

    def restorer(self, contents: Iterable[Content]) -> Restorer:
        """Return what writes these contents into empty files, with their holes and checked."""
        return self._packs.restorer(contents)

    def content(self, version: Version) -> Content:
        """Return where the packs hold the content of a version.

        Raises:
            NotFound: it is not in the store; the text says why.
        """
        row = self._con().execute("SELECT content, state FROM version WHERE vid=?", (version.vid,)).fetchone()
        if row is None or row[0] is None:
            state = version.state if row is None else State(row[1])
            why = _WHY.get(state, f"has no content: it is a {version.kind.value}")
            raise NotFound(f"version {version.number} of {show(version.path)} {why}")
        return Content.decode(row[0])

    def xattrs(self, version: Version) -> bytes | None:
        """Return the extended attributes of a version as `lsfs.versions.records.pack` wrote them."""
        row = self._con().execute("SELECT xattrs FROM version WHERE vid=?", (version.vid,)).fetchone()
        return None if row is None else row[0]

    # Tags, snapshots, names, counts

    def tags(self, fid: Fid, at_ns: int | None = None) -> builtins.list[str]:
        """Return the tags of a file, sorted."""
        sql, values = "SELECT tag FROM tag WHERE fid=? AND to_ns=? ORDER BY tag", [fid, FOREVER]
        if at_ns is not None:
            sql, values = "SELECT tag FROM tag WHERE fid=? AND from_ns<=? AND to_ns>? ORDER BY tag", [fid, at_ns, at_ns]
        return [r[0] for r in self._con().execute(sql, values)]

    def tagged(self, tag: str) -> builtins.list[Fid]:
        """Return the files that have a tag."""
        rows = self._con().execute("SELECT fid FROM tag WHERE tag=? AND to_ns=? ORDER BY fid", (tag.casefold(), FOREVER))
        return [Fid(r[0]) for r in rows]

    def tag_counts(self) -> dict[str, int]:
        """Return every tag that is in use with the number of its files."""
        sql = "SELECT tag, count(*) FROM tag WHERE to_ns=? GROUP BY tag ORDER BY tag"
        return {r[0]: r[1] for r in self._con().execute(sql, (FOREVER,))}

    def snapshots(self) -> dict[str, int]:
        """Return the named times (ns) by name."""
        return dict(self._con().execute("SELECT name, at_ns FROM snapshot ORDER BY at_ns"))

    def snapshot_time(self, name: str) -> int:
        """Return the time that a snapshot names.

        Raises:
            NotFound: no such snapshot.
        """
        row = self._con().execute("SELECT at_ns FROM snapshot WHERE name=?", (name,)).fetchone()
        if row is None:
            known = ", ".join(self.snapshots()) or "none"
            raise NotFound(f"there is no snapshot {name!r}; there are: {known}")
        return int(row[0])

    def locks(self) -> dict[RelPath, str]:
        """Return the locked paths with who locked them; a locked folder locks everything below."""
        return {RelPath(r[0]): r[1] for r in self._con().execute("SELECT path, actor FROM lock ORDER BY path")}

    def lock_of(self, path: RelPath) -> tuple[RelPath, str, int] | None:
        """Return the lock that covers a path, or None: (the locked file or folder, who locked it, since when in ns)."""
        parts = path.split(b"/")
        above = [b"/".join(parts[:n]) for n in range(len(parts), 0, -1)]
        sql = f"SELECT path, actor, at_ns FROM lock WHERE path IN ({','.join('?' * len(above))}) ORDER BY length(path) DESC"
        row = self._con().execute(sql, above).fetchone()
        return None if row is None else (RelPath(row[0]), row[1], row[2])

    def resolve_name(self, text: str, *, limit: int = 10, deleted: bool = False) -> builtins.list[names.Candidate]:
        """Return the files that `text` can mean, best first; with those deleted where asked."""
        return names.resolve(self._con(), text, limit=limit, deleted=deleted)

    def counts(self) -> dict[str, int]:
        """Return how many there are of: files, folders, versions, pending, missed, torn, transactions."""
        con = self._con()
        out = {"files": 0, "folders": 0}
        for kind, n in con.execute("SELECT kind, count(*) FROM file WHERE names>0 GROUP BY kind"):
            out["folders" if kind == Kind.DIRECTORY else "files"] += n
        for state in ("pending", "missed", "torn"):
            out[state] = con.execute(f"SELECT count(*) FROM version WHERE state='{state}'").fetchone()[0]
        out["versions"] = con.execute("SELECT count(*) FROM version").fetchone()[0]
        out["transactions"] = con.execute("SELECT count(*) FROM tx").fetchone()[0]
        return out

    def connection(self) -> sqlite3.Connection:
        """Return this thread's reading connection, for the modules of the version store."""
        return self._con()

    def _con(self) -> sqlite3.Connection:
        return self._catalogue.read()
