"""Ignore files: which paths are kept out of the index (their versions are kept all the same).

The patterns are git's: those of `.gitignore`, `.ignore` and `.lsfsignore` in a folder hold for what is below it, a later file
and a deeper folder go before an earlier one. Matching is pathspec's.

Threading: any thread; `_lock` guards the memory of folders, which are read again when an ignore file's mtime changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from lsfs.model import show

_Stamp = tuple[int, ...]
_ALWAYS = frozenset({b".git", b".hg", b".svn", b"__pycache__", b"node_modules", b".venv", b".cache"})
"""Folders that hold no documents of the user's."""


class IgnoreRules:
    """Tells why a path is kept out of the index."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self._root = os.fsencode(root)
        self._names = [os.fsencode(n) for n in names]
        self._lock = threading.Lock()
        self._folders: dict[bytes, tuple[_Stamp, GitIgnoreSpec | None]] = {}

    def reason(self, path: bytes) -> str | None:
        """Return why `path` (relative to the root) is not indexed, or None if it is."""
        parts = path.split(b"/")
        for part in parts[:-1]:
            if part in _ALWAYS:
                return f"below {show(part)}"
        verdict: str | None = None
        for depth in range(len(parts)):
            folder = b"/".join(parts[:depth])
            spec = self._spec(folder)
            if spec is None:
                continue
            decided = spec.check_file(os.fsdecode(b"/".join(parts[depth:]))).include
            if decided is not None:
                verdict = f"ignored by {show(folder) or 'the root'}'s ignore file" if decided else None
        return verdict

    def _spec(self, folder: bytes) -> GitIgnoreSpec | None:
        stamp, files = self._stamp(folder)
        with self._lock:
            known = self._folders.get(folder)
            if known is not None and known[0] == stamp:
                return known[1]
        lines = [line for file in files for line in _lines(file)]
        spec = GitIgnoreSpec.from_lines(lines) if lines else None
        with self._lock:
            self._folders[folder] = (stamp, spec)
        return spec

    def _stamp(self, folder: bytes) -> tuple[_Stamp, list[bytes]]:
        stamp: list[int] = []
        files = []
        for name in self._names:
            file = os.path.join(self._root, folder, name)
            try:
                st = os.stat(file)
            except OSError:
                stamp.append(0)
                continue
            stamp += (st.st_mtime_ns, st.st_size)
            files.append(file)
        return tuple(stamp), files


def _lines(file: bytes) -> list[str]:
    try:
        with open(file, encoding="utf-8", errors="replace") as f:
            return f.read(1 << 20).splitlines()
    except OSError:
        return []
