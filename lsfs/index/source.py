"""What the index needs of the version store; `lsfs.versions.Versions` fulfils it as it is.

Besides, `filters` and `backlog` read its tables `file` and `dentry` in their SQL, so that conditions on names and times are
one query.
"""

from __future__ import annotations

from typing import BinaryIO, Protocol

from lsfs.model import Entry, Fid, RelPath, Version, VersionId


class Source(Protocol):
    """The files, their versions, contents and tags."""

    def entry_at(self, path: RelPath, at_ns: int | None) -> Entry | None:
        """Return what a path stood for at a time (None: now)."""
        ...

    def names_of(self, fid: Fid, at_ns: int | None = None) -> list[Entry]:
        """Return every name of a file at a time (None: now)."""
        ...

    def version_by_id(self, vid: VersionId) -> Version:
        """Return a version; raises NotFound."""
        ...

    def open(self, version: Version) -> BinaryIO:
        """Return its content; raises NotFound where it is not stored (yet)."""
        ...

    def tagged(self, tag: str) -> list[Fid]:
        """Return the files that have a tag now."""
        ...

    def tags(self, fid: Fid, at_ns: int | None = None) -> list[str]:
        """Return the tags of a file at a time (None: now)."""
        ...
