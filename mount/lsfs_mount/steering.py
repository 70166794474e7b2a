"""What the engine tells and asks the mount over the control socket.

Threading: called from the control connections' threads; takes the session's lock where it touches the tables.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lsfs_mount.shared import Shared
from lsfs_mount.virtual import VirtualTree

SETTLE_S = 4.0
"""How long the engine is kept waiting for work that is under way; it gives up after five."""


class Steering:
    """Implements `lsfs.wire.control.Handler`."""

    def __init__(self, shared: Shared, virtual: VirtualTree, snapshot: Path) -> None:
        self._s = shared
        self._virtual = virtual
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._said: str | None = None

    def hello(self) -> dict[str, Any]:
        """Return who this is."""
        session = self._s.session
        return {
            "pid": os.getpid(),
            "mountpoint": str(session.mountpoint),
            "driver": "native",
            "passthrough": session.passthrough,
            "nodes": len(self._s.nodes),
            "descriptors": self._s.nodes.open_descriptors,
            "handles": len(self._s.handles),
            "gaps": self._s.keeper.gaps,
        }

    def invalidate(self, paths: list[bytes]) -> None:
        """Make the kernel forget what it knows of the paths, and of the folders that they are in."""
        with self._s.session.lock:
            for path in paths:
                self._invalidate(path)
        self._virtual.stale()

    def _invalidate(self, path: bytes) -> None:
        above, _, name = path.rpartition(b"/")
        nodes, session = self._s.nodes, self._s.session
        parent = nodes.find(above)
        if parent is not None and name:
            session.invalidate_entry(parent.id, name)
            session.invalidate_inode(parent.id)
            if (known := nodes.known(parent, name)) is not None:
                session.invalidate_inode(known.id)
        try:
            st = os.stat(path or b".", dir_fd=nodes.fd(nodes.root), follow_symlinks=False)
        except OSError:
            return
        if (now := nodes.of_key((st.st_dev, st.st_ino))) is not None:
            session.invalidate_inode(now.id)  # also where it was met by another name

    def writers(self, paths: list[bytes]) -> list[bytes]:
        """Return those of the paths that are open for writing; a folder stands for all below it."""
        with self._s.session.lock:
            nodes = {h.node.id: h.node for h in self._s.handles.values() if h.writable}
            open_paths = [n.path for n in nodes.values() if not n.lost]
            keys = {n.key for n in nodes.values()}
            return [p for p in paths if self._is_written(p, open_paths, keys)]

    def _is_written(self, path: bytes, open_paths: list[bytes], keys: set[tuple[int, int]]) -> bool:
        below = path + b"/" if path else b""
        if any(o == path or o.startswith(below) for o in open_paths):
            return True
        if not keys:
            return False
        try:
            st = os.stat(path or b".", dir_fd=self._s.nodes.fd(self._s.nodes.root), follow_symlinks=False)
        except OSError:
            return False
        return (st.st_dev, st.st_ino) in keys

    def captured(self, keys: Iterable[int]) -> None:
        """Remember states that are stored."""
        self._s.keeper.captured.add(keys)

    def snapshot(self) -> None:
        """Read the snapshot of stored states anew."""
        self._s.keeper.captured.load(self._snapshot)

    def locks(self, reasons: Mapping[bytes, bytes]) -> None:
        """Refuse writing to these paths from now on, and to no others."""
        self._s.locks = dict(reasons)

    def rotate(self) -> None:
        """Go on in the journal's next file."""
        self._s.keeper.rotate()

    def settle(self) -> None:
        """Return when the workers have set aside what they were given to."""
        self._s.session.settle(SETTLE_S)

    def stop(self) -> str:
        """Unmount; return what has to be said of it. Once: who comes later hears the same."""
        with self._lock:
            if self._said is None:
                self._said = busy(self._s.session.mountpoint) if self._s.session.detach() else ""
            return self._said


def busy(mountpoint: Path) -> str:
    """Return what is said of a mount that programs still use."""
    return f"{mountpoint} is busy: it was detached and goes when the last program leaves it"
