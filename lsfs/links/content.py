"""What a link leads to at the moment it is fetched: one file, or several with the names they have in the archive.

Content comes from the version store, so that a file that is being written is sent as it was at its last version. A file that
the store does not hold yet (the baseline has not come to it) is read from the disk, without following any link.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from lsfs.capture.disk import Disk
from lsfs.errors import NotFound
from lsfs.links.link import Link, Target
from lsfs.model import Entry, Kind, RelPath, State, Version, show
from lsfs.versions.versions import Versions


@dataclass(frozen=True, slots=True)
class Shared:
    """A file to be sent.

    Attributes:
        name: for people and archives: no leading slash, no `..`.
        etag: changes when the content does.
    """

    name: str
    size: int
    modified_ns: int
    etag: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a link leads to now.

    Attributes:
        name: of the file, or of the archive without its ending.
        single: the link names one file; else its files come as an archive.
    """

    name: str
    files: tuple[Shared, ...]
    single: bool

    @property
    def size(self) -> int:
        """Bytes of content in all."""
        return sum(f.size for f in self.files)


def parcel(versions: Versions, disk: Disk, link: Link) -> Parcel:
    """Return what `link` leads to now; folders with everything below them but symbolic links.

    Raises:
        NotFound: none of it is there any more.
    """
    files: list[Shared] = []
    tops: list[str] = []
    folder = False
    for target in link.targets:
        found = _of_target(versions, disk, target)
        if found is None:
            continue
        name, is_folder, members = found
        tops.append(name)
        folder = folder or is_folder
        files += members
    if not tops:
        raise NotFound("what this link leads to is not there any more")
    single = len(link.targets) == 1 and not folder
    return Parcel(tops[0] if len(link.targets) == 1 else "files", _distinct(files), single)


def _of_target(versions: Versions, disk: Disk, target: Target) -> tuple[str, bool, list[Shared]] | None:
    if target.version is not None:
        version = versions.version_by_id(target.version)
        name = _name(version.path)
        return name, False, [_shared(versions, disk, version, name)]
    entry = versions.entry_of(target.fid)
    if entry is None:
        return None
    if entry.kind is Kind.DIRECTORY:
        return _name(entry.path), True, _below(versions, disk, entry)
    version = versions.version_by_id(entry.version)
    return _name(entry.path), False, [_shared(versions, disk, version, _name(entry.path), entry.path)]


def _below(versions: Versions, disk: Disk, folder: Entry) -> list[Shared]:
    top = os.path.dirname(folder.path)
    out = []
    for e in versions.list(folder.path, recursive=True):
        if e.kind is Kind.FILE:
            name = show(e.path[len(top) + 1 if top else 0 :])
            out.append(_shared(versions, disk, versions.version_by_id(e.version), name, e.path))
    return out


def _name(path: bytes) -> str:
    return show(os.path.basename(path)) or "files"


def _shared(versions: Versions, disk: Disk, version: Version, name: str, path: RelPath | None = None) -> Shared:
    digest = version.digest.hex()[:32] if version.digest else f"{version.vid}-{version.size}-{version.mtime_ns}"
    return Shared(name, version.size, version.mtime_ns, digest, lambda: _open(versions, disk, version, path))


def _open(versions: Versions, disk: Disk, version: Version, path: RelPath | None) -> BinaryIO:
    if version.state is State.STORED or path is None:
        return versions.open(version)
    try:
        return os.fdopen(disk.open_file(path), "rb")
    except OSError as e:
        raise NotFound(f"{show(path)} cannot be read: {e.strerror}") from e


def _distinct(files: list[Shared]) -> tuple[Shared, ...]:
    """Give equal names from different folders a number, as an archive holds each name once."""
    seen: dict[str, int] = {}
    out = []
    for f in files:
        n = seen[f.name] = seen.get(f.name, 0) + 1
        if n > 1:
            stem, ending = os.path.splitext(f.name)
            f = Shared(f"{stem} ({n}){ending}", f.size, f.modified_ns, f.etag, f.open)
        out.append(f)
    return tuple(out)
