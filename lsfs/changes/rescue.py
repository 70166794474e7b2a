"""After a crash: a save that came in the moment in which lsfs replaced or removed the file.

A file is exchanged for, or moved to, a name of ours and looked at then; what a program had put there meanwhile is given back.
Where the process ends in between, that save is at such a name and nowhere else. Its content tells: the transaction knew of no
such one, and the file never had it. What is only half written there has not got its path yet, and so is no save.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress

from lsfs.capture.aside import Here, Left, path_key
from lsfs.capture.disk import Disk
from lsfs.changes.cutoff import Cut, mark_at
from lsfs.changes.hand import Hand
from lsfs.errors import LsfsError
from lsfs.model import RelPath, show
from lsfs.versions.changing import parent_of

_LOG = logging.getLogger(__name__)
_MADE = re.compile(rb".*-([0-9a-f]{16})")


def rescue(con: sqlite3.Connection, disk: Disk, hand: Hand, cut: Cut, folders: set[bytes]) -> None:
    """Give saves that a crash left at names of ours the paths that they had.

    Args:
        folders: in which such names may be.
    """
    paths = {path_key(path): path for path in cut.before}
    for left in disk.aside.left():
        if (path := paths.get(left.key)) is not None:
            _look_at(con, disk, hand, cut, left, path)
    for folder in sorted(folders):
        for left in _beside(disk, folder):
            if (path := paths.get(left.key)) is not None:
                with (
                    suppress(LsfsError, OSError),
                    disk.parent(folder + b"/" + left.here.name if folder else left.here.name) as (fd, _),
                ):
                    _look_at(con, disk, hand, cut, left._replace(here=left.here._replace(folder=fd)), path)


def _beside(disk: Disk, folder: bytes) -> Iterator[Left]:
    for path, _ in disk.staged(folder):
        if (made := _MADE.fullmatch(path.rpartition(b"/")[2])) is not None:
            yield Left(Here(-1, made[0], None), made[1], was_kept=False)


def _look_at(con: sqlite3.Connection, disk: Disk, hand: Hand, cut: Cut, left: Left, path: RelPath) -> None:
    here = left.here
    try:
        mark = mark_at(here.folder, here.name)
        if mark is None or mark in cut.contents or _had(con, path, mark):
            return
        ours = _is_ours(disk, cut, path)
        if not left.was_kept and not ours:
            return
        _bring(hand, here, path, over=ours)
    except (LsfsError, OSError) as e:
        _LOG.warning("what was saved at %s in the moment of a crash cannot be brought back: %s", show(path), e)


def _had(con: sqlite3.Connection, path: RelPath, mark: bytes) -> bool:
    """Tell whether a file that ever was at a path had this content."""
    sql = "SELECT 1 FROM dentry d JOIN version v USING(fid) WHERE d.path=? AND v.digest=? LIMIT 1"
    return con.execute(sql, (path, mark)).fetchone() is not None


def _is_ours(disk: Disk, cut: Cut, path: RelPath) -> bool:
    """Tell whether the transaction had put there what it wanted."""
    with suppress(LsfsError, OSError), disk.parent(path) as (folder, name):
        return path in cut.wanted and mark_at(folder, name) == cut.wanted[path]
    return False


def _bring(hand: Hand, here: Here, path: RelPath, *, over: bool) -> None:
    """Give a save its path; where a still newer one is there, or the folder is gone, another name that is seen."""
    with suppress(FileExistsError, LsfsError):
        hand.bring_home(here.folder, here.name, path, over=over)
        _LOG.warning("%s was saved in the moment of a crash: that is there again", show(path))
        return
    last = path.rpartition(b"/")[2]
    for above in (parent_of(path), b""):
        for number in range(1, 1000):
            name = RelPath((above + b"/" if above else b"") + b"kept by lsfs %d %s" % (number, last[:200]))
            try:
                hand.bring_home(here.folder, here.name, name, over=False)
            except FileExistsError:
                continue
            except LsfsError:
                break
            _LOG.warning("what was saved at %s in the moment of a crash is %s now", show(path), show(name))
            return
