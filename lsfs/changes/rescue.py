"""After a crash: a save that came in the moment in which lsfs replaced or removed the file.

A file is exchanged for, or moved to, a name of ours and looked at then; what a program had put there meanwhile is given back.
Where the process ends in between, that save is at such a name and nowhere else. The name tells for which transaction, path and
content it was made (`capture.aside.purpose`). Where that content is at the path, what is at the name has come from there; if
the transaction and the history of the path know of no such one, it is a save. What is not whole begins as that content does.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from lsfs.capture.aside import short
from lsfs.capture.disk import Disk
from lsfs.changes.cutoff import Cut, mark_at, mark_there
from lsfs.changes.hand import Hand, seen_names
from lsfs.changes.staging import OLD
from lsfs.errors import LsfsError
from lsfs.model import RelPath, show
from lsfs.versions.changing import parent_of

_LOG = logging.getLogger(__name__)
_PURPOSE = re.compile(rb"(?:.*-)?([0-9]+)-(?:[0-9]+-)?([0-9a-f]{16})-([0-9a-f]{16}|0)")
_PIECE = 1 << 20


class _Found(NamedTuple):
    """A file at a name of ours: its path, and what stands for the content that was to be there."""

    folder: int
    name: bytes
    path: RelPath
    wanted: bytes
    was_kept: bool = False


def rescue(con: sqlite3.Connection, disk: Disk, hand: Hand, cut: Cut, tx: int, folders: set[bytes]) -> None:
    """Give saves that the crash of a transaction left at names of ours the paths that they had.

    Args:
        folders: in which such names may be.
    """
    paths = {short(path): path for path in cut.before}
    for left in disk.aside.left():
        if (purpose := _purpose(left.purpose, paths, tx)) is not None:
            _look_at(con, disk, hand, cut, _Found(left.here.folder, left.here.name, *purpose, was_kept=left.was_kept))
    for staged in [path for folder in sorted(folders) for path, _ in disk.staged(folder)]:
        if (purpose := _purpose(staged.rpartition(b"/")[2], paths, tx)) is not None:
            with suppress(LsfsError, OSError), disk.parent(staged) as (fd, name):
                _look_at(con, disk, hand, cut, _Found(fd, name, *purpose))


def _purpose(name: bytes, paths: dict[bytes, RelPath], tx: int) -> tuple[RelPath, bytes] | None:
    made = _PURPOSE.fullmatch(name)
    return None if made is None or int(made[1]) != tx or made[2] not in paths else (paths[made[2]], made[3])


def _look_at(con: sqlite3.Connection, disk: Disk, hand: Hand, cut: Cut, found: _Found) -> None:
    path = found.path
    try:
        mark = mark_at(found.folder, found.name)
        if mark is None or mark in cut.contents or _had(con, path, mark):
            return
        there = None
        with suppress(LsfsError, OSError):
            there = mark_there(disk, path)
        if found.was_kept:
            _bring(hand, found, over=there is not None and there == cut.wanted.get(path))
        elif there is not None and short(there) == found.wanted and not _is_begun(disk, found):
            _bring(hand, found, over=True)
    except (LsfsError, OSError) as e:
        _LOG.warning("what was saved at %s in the moment of a crash cannot be brought back: %s", show(path), e)


def _is_begun(disk: Disk, found: _Found) -> bool:
    """Tell whether a file begins as the one at its path does, and ends then: it was being written when all ended."""
    with disk.parent(found.path) as (folder, name):
        try:
            begun, whole = _read(found.folder, found.name), _read(folder, name)
            return all(piece == next(whole, b"")[: len(piece)] for piece in begun)
        except OSError:  # a link is whole
            return False


def _read(folder: int, name: bytes) -> Iterator[bytes]:
    with os.fdopen(os.open(name, OLD, dir_fd=folder), "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            yield piece


def _had(con: sqlite3.Connection, path: RelPath, mark: bytes) -> bool:
    """Tell whether a file that ever was at a path had this content."""
    sql = "SELECT 1 FROM dentry d JOIN version v USING(fid) WHERE d.path=? AND v.digest=? LIMIT 1"
    return con.execute(sql, (path, mark)).fetchone() is not None


def _bring(hand: Hand, found: _Found, *, over: bool) -> None:
    """Give a save its path; where a still newer one is there, or the folder is gone, another name that is seen."""
    path = found.path
    with suppress(FileExistsError, LsfsError):
        hand.bring_home(found.folder, found.name, path, over=over)
        _LOG.warning("%s was saved in the moment of a crash: that is there again", show(path))
        return
    for above in (parent_of(path), b""):
        for name in seen_names(above, path.rpartition(b"/")[2]):
            try:
                hand.bring_home(found.folder, found.name, name, over=False)
            except FileExistsError:
                continue
            except LsfsError:
                break
            _LOG.warning("what was saved at %s in the moment of a crash is %s now", show(path), show(name))
            return
