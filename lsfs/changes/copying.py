"""Make copies of versions at other paths: files are written first, made durable together, and then given their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from lsfs.capture.disk import Look
from lsfs.changes.dressing import Attributes
from lsfs.changes.hand import Hand
from lsfs.changes.staging import Staged
from lsfs.changes.stock import one
from lsfs.model import Kind, RelPath, Version
from lsfs.versions.versions import Versions

_PORTION = 4096  # staged files


class Touch(Protocol):
    """Is told of each path that was made, with the stat of a file."""

    def __call__(self, path: RelPath, *, look: Look | None = None) -> None:
        """Note the path."""


def copy_versions(hand: Hand, versions: Versions, copies: Iterable[tuple[Version, RelPath]], touch: Touch) -> None:
    """Make a copy of each version at its path, folders before what is in them. Owners are those of the folders above."""
    staged: list[Staged] = []
    try:
        for version, path in copies:
            staged += _make(hand, versions, version, path, touch)
            if len(staged) >= _PORTION:
                _place(hand, staged, touch)
        _place(hand, staged, touch)
    finally:
        for one_left in staged:
            hand.staging.discard(one_left)


def _place(hand: Hand, staged: list[Staged], touch: Touch) -> None:
    """Give copies their names, and take them from the list."""
    if staged:
        hand.staging.make_durable(staged)
    while staged:
        touch(staged[-1].path, look=hand.replace(staged.pop(), None))


def _make(hand: Hand, versions: Versions, version: Version, path: RelPath, touch: Touch) -> list[Staged]:
    """Make one thing; return the file that is staged and has no name yet, if it is one."""
    whole = one(versions, version.vid).attributes
    attributes = Attributes(whole.mode, None, None, whole.mtime_ns, whole.xattrs)
    if version.kind == Kind.FILE:
        staged = hand.staging.stage(path, lambda fd: versions.restore(version, fd), attributes)
        return [hand.staging.close(staged)]
    if version.kind == Kind.DIRECTORY:
        hand.make_folder(path, attributes)
        touch(path)
    elif version.kind == Kind.SYMLINK and version.target is not None:
        hand.make_link(path, version.target, attributes)
        touch(path)
    return []
