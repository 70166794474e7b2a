"""Whether what is at a name still is what was captured there: asked right before it is replaced or removed.

Pure.
"""

from __future__ import annotations

import os

from lsfs.capture.disk import Look, look_of
from lsfs.capture.known import Known
from lsfs.errors import Conflict
from lsfs.model import Kind, RelPath, State, show


def is_exactly(there: os.stat_result, known: Known) -> bool:
    """Tell whether a file is a version in all that it has: then it can stand for it again."""
    if known.kind != Kind.FILE or known.state != State.STORED or known.racy or there.st_nlink != 1:
        return False
    return known.key == (there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns)


def require(path: RelPath, known: Known | None, look: Look | None) -> None:
    """Make sure that what is there is what was captured; of a folder nothing is asked.

    Raises:
        Conflict: somebody has changed it in this moment.
    """
    if known is None or look is None:
        same = known is None and look is None
    elif known.kind == Kind.DIRECTORY:
        same = look.kind == Kind.DIRECTORY
    else:
        same = (known.ino, known.size, known.mtime_ns) == (look.ino, look.size, look.mtime_ns)
    if not same:
        raise changed(path)


def require_stat(path: RelPath, known: Known | None, there: os.stat_result | None) -> None:
    """Do what `require` does, for a stat."""
    if known is None or there is None or known.kind == Kind.DIRECTORY:
        require(path, known, None if there is None else look_of(there))
    elif (known.ino, known.size, known.mtime_ns) != (there.st_ino, there.st_size, there.st_mtime_ns):
        raise changed(path)


def changed(path: RelPath) -> Conflict:
    """Return the error of a path that somebody has changed in this moment."""
    return Conflict(f"{show(path)} was changed in this moment; try again", [show(path)])
