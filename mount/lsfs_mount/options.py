"""How to mount, and what follows from it: which names of the root are not shown, and what the file `.lsfs/root` says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lsfs.wire.captured import Captured
from lsfs.wire.journal import Writer
from lsfs.wire.spool import Spool
from lsfs_mount.keeping import Keeper
from lsfs_mount.nodes import Key
from lsfs_mount.shared import VIRTUAL_NAME

MOST_NODES = 100_000
"""Inodes that the kernel is let know before it is asked to forget the oldest."""
READY_S = 10.0
"""How long the kernel may take to agree."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to mount.

    Attributes:
        root: the backing directory; it may be a private second name of what is mounted over.
        engine, control: sockets.
        engine_command: starts the engine.
        refuse_large: refuse to open files above `spool_max_bytes` for writing that are not stored.
    """

    root: Path
    state: Path
    mountpoint: Path
    engine: Path
    control: Path
    engine_command: Sequence[str] = ()
    passthrough: bool = True
    spool_max_bytes: int = 4 << 30
    refuse_large: bool = False
    most_nodes: int = MOST_NODES


def keeper(options: Options) -> Keeper:
    """Return what keeps versions: journal and spool in the state, and what the engine has stored."""
    return Keeper(
        Writer(options.state / "journal"),
        Spool(options.state / "spool"),
        Captured(options.state / "captured"),
        spool_max_bytes=options.spool_max_bytes,
        refuse_large=options.refuse_large,
    )


def hidden(options: Options) -> list[tuple[Key, bytes]]:
    """Return the names below the root that are not shown: (folder, name)."""
    found = []
    for path in (options.root / os.fsdecode(VIRTUAL_NAME), options.state, options.mountpoint):
        inside = _inside(path, options.root)
        if inside is not None:
            st = os.stat(inside.parent)
            found.append(((st.st_dev, st.st_ino), os.fsencode(inside.name)))
    return found


def _inside(path: Path, root: Path) -> Path | None:
    """Return where a path is below the root, by the inodes above it; None for elsewhere."""
    top = os.stat(root)
    for above in path.parents:
        st = os.stat(above)
        if (st.st_dev, st.st_ino) == (top.st_dev, top.st_ino):
            return root / path.relative_to(above)
    return None


def root_text(options: Options) -> bytes:
    """Return the content of `.lsfs/root`: the root as users know it, the engine's id, the state."""
    root = options.mountpoint if _same(options.mountpoint, options.root) else options.root
    try:
        engine_id = (options.state / "format").read_text().split()[2]
    except (OSError, IndexError):
        engine_id = "unknown"
    return b"\n".join((os.fsencode(root), engine_id.encode(), os.fsencode(options.state), b""))


def _same(a: Path, b: Path) -> bool:
    x, y = os.stat(a), os.stat(b)
    return (x.st_dev, x.st_ino) == (y.st_dev, y.st_ino)
