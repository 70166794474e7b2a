"""What all operations of the portable driver on the root share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lsfs.wire.journal import RecordKind
from lsfs_mount.keeping import Keeper
from lsfs_mount.portable.handles import Handles
from lsfs_mount.portable.nameless import Nameless
from lsfs_mount.portable.walk import Walk
from lsfs_mount.shared import refuse_locked


@dataclass(slots=True)
class Root:
    """The state of one mount.

    Attributes:
        caller: user, group and process id of who asks.
        locks: locked paths and why.
    """

    walk: Walk
    nameless: Nameless
    handles: Handles
    keeper: Keeper
    caller: Callable[[], tuple[int, int, int]]
    locks: Mapping[bytes, bytes] = field(default_factory=dict)

    def check_lock(self, path: bytes) -> None:
        """Raise EACCES if a path, or a folder above it, is locked."""
        refuse_locked(self.locks, path)

    def who(self) -> tuple[int, int]:
        """Return process id and user id of who asks."""
        uid, _, pid = self.caller()
        return pid, uid

    def record(self, kind: RecordKind, path: bytes, ino: int, **more: Any) -> None:
        """Journal a change by who asks."""
        self.keeper.record(kind, path, ino, who=self.who(), **more)

    def keep(self, fd: int, st: os.stat_result, path: bytes) -> None:
        """Set content aside that is about to be changed in place.

        Args:
            fd: a descriptor, O_PATH is enough.

        Raises:
            OSError: EFBIG by policy.
        """
        if self.keeper.needs_keeping(st):
            self.keeper.copy_node_aside(fd, st, path)
