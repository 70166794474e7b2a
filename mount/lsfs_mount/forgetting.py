"""Asking the kernel to forget names where it knows too many: the first met first, folders last.

A folder that somebody works in, or in which something is mounted, has to stay. Linux 6.18 and later see to that themselves
(NOTIFY_PRUNE forgets what nobody uses). Before, names can only be dropped, used or not: folders that a process has as its
working or root directory and those on the way to a mount are left out then, as far as /proc shows them. A folder that is
merely held open can be dropped: its handle stays good.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lsfs_mount import protocol as p
from lsfs_mount.nodes import Node, Nodes
from lsfs_mount.session import Session


def forget_oldest(session: Session, nodes: Nodes, most: int) -> None:
    """Ask for as many nodes as there are above `most`, and a fifth of it more, so that this is not asked all the time."""
    surplus = len(nodes) - most
    if surplus <= 0:
        return
    wanted = surplus + most // 5
    files = list(islice((n for n in nodes.oldest() if _may_go(n, folders=False)), wanted))
    folders = list(islice((n for n in nodes.oldest() if _may_go(n, folders=True)), wanted - len(files)))
    if session.minor >= p.PRUNE_MINOR:
        session.prune([n.id for n in files + folders])
        return
    used = used_folders(os.fsencode(session.mountpoint), Path("/proc")) if folders else frozenset()
    for node in (*files, *(f for f in folders if f.path not in used)):
        assert node.parent is not None, "the root stays"
        session.drop_entry(node.parent.id, node.name)


def _may_go(node: Node, *, folders: bool) -> bool:
    is_folder = node.kind == 0o040000
    return node.parent is not None and is_folder == folders and not node.opens and not node.pinned


def used_folders(point: bytes, proc: Path) -> frozenset[bytes]:
    """Return the folders below a mount point, relative to it, that must not be dropped, and all above them.

    Args:
        proc: where the kernel tells of processes and mounts.
    """
    used: set[bytes] = set()
    for path in (*_working_directories(proc), *_mount_points(proc)):
        below = path.removeprefix(point + b"/")
        if below == path:
            continue
        while below:
            used.add(below)
            below = below.rpartition(b"/")[0]
    return frozenset(used)


def _working_directories(proc: Path) -> Iterator[bytes]:
    for process in proc.iterdir():
        if not process.name.isdigit():
            continue
        for link in ("cwd", "root"):
            try:
                yield os.readlink(os.fsencode(process / link))
            except OSError:
                continue  # it has ended, or is another user's, who cannot be in an ordinary user's mount


def _mount_points(proc: Path) -> Iterator[bytes]:
    for line in (proc / "self" / "mountinfo").read_bytes().splitlines():
        yield line.split(b" ")[4].decode("unicode_escape").encode("latin-1")  # spaces are octal there
