"""What the mount does for the engine on the control socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from lsfs_mount.shared import Shared


class ControlHandler:
    """Answers the engine's requests on the mount's tables.

    Threading: called in threads of the control socket; takes the session's lock.

    Args:
        snapshot: the file of stored states (`S/captured`).
        stop: unmounts and ends the process; returns whether it had to be lazy.
    """

    def __init__(self, shared: Shared, *, snapshot: Path, stop: Callable[[], bool]) -> None:
        self._s = shared
        self._snapshot = snapshot
        self._stop = stop

    def hello(self) -> dict[str, Any]:
        """Return who this is."""
        session = self._s.session
        return {
            "pid": os.getpid(),
            "mountpoint": str(session.mountpoint),
            "passthrough": session.passthrough,
            "nodes": len(self._s.nodes),
            "handles": len(self._s.handles),
            "gaps": self._s.keeper.gaps,
        }

    def invalidate(self, paths: list[bytes]) -> None:
        """Make the kernel look names up again and forget content, of the paths and of the folders they are in."""
        session, nodes = self._s.session, self._s.nodes
        with session.lock:
            for path in paths:
                folder, _, name = path.rpartition(b"/")
                parent = nodes.find(folder)
                node = nodes.find(path)
                if node is not None:
                    session.invalidate_inode(node.id)
                if parent is not None and name:
                    session.invalidate_entry(parent.id, name)
                    session.invalidate_inode(parent.id)

    def writers(self, paths: list[bytes]) -> list[bytes]:
        """Return those of the paths that are open for writing; a folder stands for all below it."""
        with self._s.session.lock:
            held = {h.node.path for h in self._s.handles.values() if h.writable}
        return [p for p in paths if any(h == p or h.startswith(p + b"/") for h in held)]

    def captured(self, keys: Iterable[int]) -> None:
        """Remember states that are stored."""
        self._s.keeper.captured.add(keys)

    def snapshot(self) -> None:
        """Read the snapshot of stored states anew."""
        self._s.keeper.captured.load(self._snapshot)

    def locks(self, reasons: Mapping[bytes, bytes]) -> None:
        """Refuse writing to these paths from now on, and to no others."""
        self._s.locks = dict(reasons)

    def stop(self) -> str:
        """Unmount; say whether programs still hold it."""
        if self._stop():
            return f"{self._s.session.mountpoint} is still used by a program; it was detached and goes when the program ends"
        return ""
