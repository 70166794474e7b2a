"""What the engine tells and asks a mount of the portable driver over the control socket.

The kernel keeps no names and attributes of this driver, so there are no notices to send.

Threading: called from the control connections' threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lsfs_mount.detaching import detach
from lsfs_mount.nodes import Key
from lsfs_mount.portable.root import Root
from lsfs_mount.portable.semantic import Semantic
from lsfs_mount.steering import SETTLE_S, busy


class Steering:
    """Implements `lsfs.wire.control.Handler`.

    Args:
        driver: what it is called in `status`.
        snapshot: where the engine puts the states that are stored.
    """

    def __init__(self, root: Root, semantic: Semantic, mountpoint: Path, driver: str, snapshot: Path) -> None:
        self._root = root
        self._semantic = semantic
        self._mountpoint = mountpoint
        self._driver = driver
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._said: str | None = None

    def hello(self) -> dict[str, Any]:
        """Return who this is."""
        return {
            "pid": os.getpid(),
            "mountpoint": str(self._mountpoint),
            "driver": self._driver,
            "passthrough": False,
            "handles": len(self._root.handles),
            "gaps": self._root.keeper.gaps,
        }

    def invalidate(self, paths: list[bytes]) -> None:  # noqa: ARG002 - the control socket's form
        """Forget what was listed of the semantic tree."""
        self._semantic.stale()

    def writers(self, paths: list[bytes]) -> list[bytes]:
        """Return those of the paths that are open for writing; a folder stands for all below it."""
        handles = self._root.handles.written()
        open_paths = [h.path for h in handles if h.named]
        keys = {h.key for h in handles}
        return [p for p in paths if self._is_written(p, open_paths, keys)]

    def _is_written(self, path: bytes, open_paths: list[bytes], keys: set[Key]) -> bool:
        below = path + b"/" if path else b""
        if any(o == path or o.startswith(below) for o in open_paths):
            return True
        try:
            st = self._root.walk.stat(path)
        except OSError:
            return False
        return (st.st_dev, st.st_ino) in keys

    def captured(self, keys: Iterable[int]) -> None:
        """Remember states that are stored."""
        self._root.keeper.captured.add(keys)

    def snapshot(self) -> None:
        """Read the snapshot of stored states anew."""
        self._root.keeper.captured.load(self._snapshot)

    def locks(self, reasons: Mapping[bytes, bytes]) -> None:
        """Refuse writing to these paths from now on, and to no others."""
        self._root.locks = dict(reasons)

    def rotate(self) -> None:
        """Go on in the journal's next file."""
        self._root.keeper.rotate()

    def settle(self) -> None:
        """Return when closes that were seen are journaled, and what they have to set aside is."""
        self._root.handles.settle_all(SETTLE_S)

    def stop(self) -> str:
        """Unmount; return what has to be said of it. Once: who comes later hears the same."""
        with self._lock:
            if self._said is None:
                self._said = busy(self._mountpoint) if detach(self._mountpoint) else ""
            return self._said
