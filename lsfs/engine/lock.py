"""One engine process a root: two locks that the kernel drops when their holder ends, however it ends.

The lock on the state's `lock` file keeps a second engine from the stores. The lock on the root itself keeps an engine with
another state from recording the same files. Both show whether state and root are still where they were. Beside them the file
says who holds them, for people.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from lsfs.errors import Conflict, Unavailable

_PATIENCE_S = 0.5
"""A look by `is_locked` holds the lock for a moment; a holder holds it for life."""


class Lock:
    """The state's and the root's lock, held for the life of the engine process.

    Raises:
        Conflict: another process holds one of them.
        Unavailable: the state or the root is not there.
    """

    def __init__(self, state: Path, root: Path) -> None:
        self._fds: list[int] = []
        self._names = (state / "lock", root)
        try:
            self._fds.append(os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._fds.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            if not _taken(self._fds[0]):
                holder = os.pread(self._fds[0], 32, 0).decode("ascii", "replace").split() or ["unknown"]
                raise Conflict(f"another engine process ({holder[0]}) holds {state}")
            if not _taken(self._fds[1]):
                raise Conflict(f"an engine with another state serves {root}; end it first (lsfs down --state DIR)")
        except OSError as e:
            self.release()
            raise Unavailable(f"the lock of {state} cannot be taken: {e.strerror}") from e
        except Conflict:
            self.release()
            raise
        with suppress(OSError):  # a full disk: who holds it is then not written down
            os.ftruncate(self._fds[0], 0)
            os.pwrite(self._fds[0], f"{os.getpid()} {_boot_id()}\n".encode(), 0)

    def displaced(self) -> str:
        """Say in words that the state or the root is not where it was: moved, deleted, unmounted, replaced; else ""."""
        for fd, name, what in zip(self._fds, self._names, ("state", "root"), strict=True):
            try:
                there = os.stat(name)
            except (FileNotFoundError, NotADirectoryError):
                return f"the {what} is not at {name} any more"
            except OSError:
                continue  # a disk that does not answer now
            if not os.path.samestat(there, os.fstat(fd)):
                return f"another {what} is at {name} now"
        return ""

    def release(self) -> None:
        """Let the locks go."""
        for fd in self._fds:
            os.close(fd)
        self._fds = []


def _taken(fd: int) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            if e.errno in (errno.EBADF, errno.EOPNOTSUPP, errno.ENOLCK):
                return True  # a root on a network file system may know no such locks; the state's has been taken
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        else:
            return True


def _boot_id() -> str:
    """Return what tells this run of the machine from others: a pid means nothing in another."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "-"


def is_locked(state: Path) -> bool:
    """Tell whether an engine process holds the state."""
    try:
        fd = os.open(state / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def holder(state: Path) -> int:
    """Return the process id that the last holder of the state wrote down; 0 where none did."""
    with suppress(OSError, ValueError, IndexError):
        return int((state / "lock").read_text("ascii", "replace").split()[0])
    return 0
