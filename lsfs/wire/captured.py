"""Which states of which inodes the engine has stored, as the mount knows it: 8 bytes a state.

The engine writes a snapshot (sorted 64-bit keys) at start and sends the keys of later versions over the control socket. The
mount maps the snapshot and keeps the later keys in a set. A state that is not known counts as not stored, so the worst that
an old snapshot costs is a copy. The key is the hash of (inode, size, mtime_ns, ctime_ns): a changed file never matches by age.
"""

from __future__ import annotations

import mmap
import os
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

_MASK = (1 << 64) - 1
_MAGIC = b"LSFSCAP1"


def key(ino: int, size: int, mtime_ns: int, ctime_ns: int) -> int:
    """Return the 64-bit key of a state (the hash of integers is the same in every process)."""
    return hash((ino, size, mtime_ns, ctime_ns)) & _MASK


def write_snapshot(path: Path, keys: Iterable[int]) -> int:
    """Write the snapshot atomically; return how many states it holds."""
    ordered = array("Q", sorted(keys))
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as f:
        f.write(_MAGIC + struct.pack("<Q", len(ordered)))
        f.write(ordered.tobytes())
    os.replace(temporary, path)
    return len(ordered)


class Captured:
    """The states that are known to be stored. Threading: `add` and `load` from one thread, `holds` from any."""

    def __init__(self, path: Path | None = None) -> None:
        self._later: set[int] = set()
        self._sorted: memoryview = memoryview(b"").cast("Q")
        if path is not None:
            self.load(path)

    def load(self, path: Path) -> None:
        """Take a new snapshot; the later keys are forgotten, because it has them. A missing or damaged one holds nothing."""
        self._sorted = _mapped(path)
        self._later = set()

    def add(self, keys: Iterable[int]) -> None:
        """Remember states that were stored since the snapshot."""
        self._later.update(keys)

    def holds(self, ino: int, size: int, mtime_ns: int, ctime_ns: int) -> bool:
        """Tell whether this state of the inode is stored."""
        k = key(ino, size, mtime_ns, ctime_ns)
        if k in self._later:
            return True
        known = self._sorted
        i = bisect_left(known, k)
        return i < len(known) and known[i] == k

    def __len__(self) -> int:
        return len(self._sorted) + len(self._later)


def _mapped(path: Path) -> memoryview:
    nothing = memoryview(b"").cast("Q")
    try:
        with path.open("rb") as f:
            view = memoryview(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ))
    except (FileNotFoundError, ValueError):
        return nothing
    if len(view) < 16 or view[:8] != _MAGIC or len(view) != 16 + 8 * struct.unpack_from("<Q", view, 8)[0]:
        return nothing
    return view[16:].cast("Q")
