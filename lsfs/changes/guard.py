"""What stands between a transaction and a path: the root's border, locks, open writers, other transactions.

Threading: `_mutex` guards the claims; held for look-ups only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from lsfs.capture.disk import Disk
from lsfs.errors import Conflict, Denied, OutsideRoot
from lsfs.model import RelPath, show
from lsfs.versions.versions import Versions

Writers = Callable[[Sequence[RelPath]], Sequence[RelPath]]
"""Returns those of the paths that a program has open for writing (asked of the mount)."""


class Guard:
    """Says no before anything is touched."""

    def __init__(self, disk: Disk, versions: Versions, writers: Writers) -> None:
        self._disk = disk
        self._versions = versions
        self._writers = writers
        self._mutex = threading.Lock()
        self._claims: dict[RelPath, int] = {}

    def inside(self, paths: Sequence[RelPath]) -> None:
        """Refuse paths that are not the user's.

        Raises:
            OutsideRoot: the path leaves the root.
            Denied: it is the root itself, or our own state.
        """
        for path in paths:
            parts = path.split(b"/")
            if not path:
                raise Denied("the root itself cannot be changed")
            if path.startswith(b"/") or b".." in parts or b"" in parts or b"." in parts:
                raise OutsideRoot(f"{show(path)} is not a path inside the root")
            if self._disk.ignores(path):
                raise Denied(f"{show(path)} belongs to lsfs")

    def free(self, tx: int, paths: Sequence[RelPath]) -> None:
        """Refuse paths that are locked, open for writing, or in the hands of another transaction; claim them for `tx`.

        Raises:
            Denied: locked.
            Conflict: open for writing, or being changed by another transaction.
        """
        self.unlocked(paths)
        with self._mutex:
            taken = [show(p) for p in paths if self._claims.get(p, tx) != tx]
            if taken:
                raise Conflict(f"{taken[0]} is being changed by another transaction; try again when it has ended", taken)
            for path in paths:
                self._claims[path] = tx
        open_ones = [show(p) for p in self._writers(paths)]
        if open_ones:
            raise Conflict(f"open for writing: {', '.join(open_ones[:5])}; close it in the program that has it open", open_ones)

    def unlocked(self, paths: Sequence[RelPath]) -> None:
        """Refuse paths that are locked, that are in a locked folder, or that have something locked below them.

        Raises:
            Denied: locked.
        """
        locks = self._versions.locks()
        if not locks:
            return
        for path in paths:
            for locked, who in locks.items():
                if path == locked or path.startswith(locked + b"/") or locked.startswith(path + b"/"):
                    raise Denied(f"{show(locked)} is locked (by {who}{self._since(locked)}); `lsfs unlock` frees it")

    def _since(self, locked: RelPath) -> str:
        found = self._versions.lock_of(locked)
        return "" if found is None else f" since {datetime.fromtimestamp(found[2] / 1e9, UTC):%Y-%m-%d %H:%M} UTC"

    def holder(self, path: bytes) -> int | None:
        """Return the transaction that has claimed a path."""
        return self._claims.get(RelPath(path))

    def release(self, tx: int) -> None:
        """Give back what a transaction has claimed."""
        with self._mutex:
            self._claims = {p: t for p, t in self._claims.items() if t != tx}


def no_writers(paths: Sequence[RelPath]) -> Sequence[RelPath]:
    """Answer for a root without a mount: nobody can be asked."""
    del paths
    return ()
