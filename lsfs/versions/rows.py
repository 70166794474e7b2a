"""From table rows to the values of `lsfs.model`."""

from __future__ import annotations

from typing import Any

from lsfs.model import Entry, Fid, Kind, RelPath, State, TimeNs, TransactionId, Version, VersionId

VERSION = (
    "v.vid, v.fid, v.number, v.at_ns, v.path, v.kind, v.state, v.size, v.mode, v.uid, v.gid, v.mtime_ns, v.ctime_ns, v.ino, "
    "v.digest, v.target, v.tx, v.actor"
)
"""The columns that `version_from` takes, of a table `version v`."""

ENTRY = "d.path, v.fid, v.kind, v.size, v.mtime_ns, v.vid, v.number"
"""The columns that `entry_from` takes, of `dentry d` and `version v`."""


_KINDS = {k.value: k for k in Kind}
_STATES = {s.value: s for s in State}


def version_from(row: tuple[Any, ...]) -> Version:
    """Return the version of a row of `VERSION`."""
    return Version(
        vid=VersionId(row[0]),
        fid=Fid(row[1]),
        number=row[2],
        at_ns=TimeNs(row[3]),
        path=RelPath(row[4]),
        kind=_KINDS[row[5]],
        state=_STATES[row[6]],
        size=row[7],
        mode=row[8],
        uid=row[9],
        gid=row[10],
        mtime_ns=row[11],
        ctime_ns=row[12],
        ino=row[13],
        digest=row[14],
        target=row[15],
        transaction=None if row[16] is None else TransactionId(row[16]),
        actor=row[17],
    )


def entry_from(row: tuple[Any, ...]) -> Entry:
    """Return the entry of a row of `ENTRY`."""
    return Entry._make((row[0], row[1], _KINDS[row[2]], *row[3:7]))
