"""The words of lsfs: the values that pass between its modules, one meaning each.

Path            a path relative to the root, as bytes, without a leading or trailing slash; b"" is the root itself
File id (fid)   the identity of a file through renames and atomic saves; names come and go, the fid stays
Version         one state of a file: content, mode, times, and the path it had
Dentry          a name in the tree with the interval in which it was valid
Change          what the recorder tells the indexer and other listeners after it has committed
Transaction     one prompt, command or tool call, or one burst of changes of other programs

Times are integers in nanoseconds since 1970-01-01 UTC (`*_ns`), taken from `Catalogue.tick`, which never repeats one.
"""

from __future__ import annotations

import base64
import re
import stat
from enum import StrEnum
from typing import NamedTuple, NewType

RelPath = NewType("RelPath", bytes)
Fid = NewType("Fid", int)
VersionId = NewType("VersionId", int)
TransactionId = NewType("TransactionId", int)
TimeNs = NewType("TimeNs", int)

FOREVER = TimeNs(2**63 - 1)
"""The end of an interval that is still open."""


STAGE_PREFIX = b".lsfs-stage-"
"""Names of files that we are about to rename into place, where the state is on another file system."""


class Kind(StrEnum):
    """What a name in the tree stands for."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"

    @staticmethod
    def of_mode(mode: int) -> Kind:
        """Return the kind that `st_mode` tells."""
        if stat.S_ISREG(mode):
            return Kind.FILE
        if stat.S_ISDIR(mode):
            return Kind.DIRECTORY
        return Kind.SYMLINK if stat.S_ISLNK(mode) else Kind.OTHER


class State(StrEnum):
    """How much of a version the store holds."""

    STORED = "stored"  # its content is in the packs
    PENDING = "pending"  # known by its stat, content waiting for the baseline's budget
    MISSED = "missed"  # it existed, its content was gone before we could take it
    LOST = "lost"  # it was stored, and the pack that had its content is missing, cut or damaged
    TORN = "torn"  # its writer never paused; stored as read
    DELETED = "deleted"  # the end of a name: no content
    REMOVED = "removed"  # its content was collected under the retention rules


class ChangeKind(StrEnum):
    """What happened to a file."""

    CREATED = "created"
    MODIFIED = "modified"
    MOVED = "moved"
    DELETED = "deleted"
    ATTRIBUTES = "attributes"


class Version(NamedTuple):
    """One state of a file.

    Attributes:
        vid: row id in the catalogue.
        fid: the file it belongs to.
        number: 1 for the file's first version, rising by one.
        at_ns: when it became the current one.
        path: where the file was then.
        size: bytes of content.
        mode: st_mode, type bits included.
        ino: inode number on the disk at capture; 0 when unknown.
        digest: BLAKE3-256 of the content; None when there is none or it is not stored.
        target: what a symbolic link points to.
        transaction: what made it; None for the baseline.
        actor: who, in words: "user", "program", "agent:NAME", "baseline".
    """

    vid: VersionId
    fid: Fid
    number: int
    at_ns: TimeNs
    path: RelPath
    kind: Kind
    state: State
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    ctime_ns: int
    ino: int
    digest: bytes | None
    target: bytes | None
    transaction: TransactionId | None
    actor: str


class Entry(NamedTuple):
    """A name in the tree at some time, with the version that was current then."""

    path: RelPath
    fid: Fid
    kind: Kind
    size: int
    mtime_ns: int
    version: VersionId
    number: int


class Change(NamedTuple):
    """A committed change of one file.

    Attributes:
        at_ns: when it took effect in the catalogue.
        old_path: where the file was before a move.
        version: the version that is current now.
    """

    kind: ChangeKind
    fid: Fid
    path: RelPath
    at_ns: TimeNs
    version: VersionId
    old_path: RelPath | None = None


def show(path: bytes) -> str:
    """Return `path` for people and JSON: UTF-8, other bytes and control characters escaped with a backslash."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text)


def whole(text: str) -> str:
    """Return a text of the command line in whole characters, bytes that are not UTF-8 escaped as `show` does."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


_ESCAPE = re.compile(rb"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U00[01][0-9a-f]{5}|[ntr])")


def unshown(text: bytes) -> tuple[bytes, ...]:
    """Return the names, other than itself, that `show` shows as `text`: people and programs repeat what they were shown."""
    found = {_ESCAPE.sub(_byte, text), _ESCAPE.sub(_character, text)} - {text}
    return tuple(sorted(n for n in found if show(n) == show(text)))


def _byte(m: re.Match[bytes]) -> bytes:
    return bytes([int(m[0][2:], 16)]) if m[0].startswith(b"\\x") else _character(m)


def _character(m: re.Match[bytes]) -> bytes:
    return m[0].decode("unicode_escape").encode("utf-8", "surrogatepass")


def path_json(path: bytes) -> dict[str, str]:
    """Return `{"path": ...}`, with `path_b64` where the shown text is not the name itself."""
    text = show(path)
    if text.encode() == path:
        return {"path": text}
    return {"path": text, "path_b64": base64.b64encode(path).decode("ascii")}
