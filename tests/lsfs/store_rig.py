"""A root with its version store, as the tests use it: real files, real packs, no watcher and no mount."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lsfs.capture import Author, Capture, Dirty, Disk, Recorder
from lsfs.catalogue import Catalogue
from lsfs.changes import Changes
from lsfs.model import Change, RelPath
from lsfs.packs import REAL_IO, DiskIO, Packs
from lsfs.versions import Versions

WAIT_S = 20.0


class Rig:
    """One root; `capture` runs only after `start`, `record` records at once."""

    def __init__(
        self,
        root: Path,
        state: Path,
        *,
        journal: bool = False,
        io: DiskIO = REAL_IO,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        root.mkdir(exist_ok=True)
        state.mkdir(exist_ok=True)
        self.root = root
        self.state = state
        self.catalogue = Catalogue(state / "catalogue.db", clock_ns=clock_ns)
        self.packs = Packs(state / "packs", self.catalogue, io)
        self.versions = Versions(self.catalogue, self.packs)
        self.disk = Disk(os.fsencode(root), (os.fsencode(os.path.relpath(state, root)),))
        self.disk.aside.open(os.fsencode(state / "aside"), self.disk.device)
        self.recorder = Recorder(self.catalogue, self.packs, self.disk)
        self.recorder.point = io.point
        self.capture = Capture(self.recorder, state=state if journal else None)
        self.changes = Changes(self.recorder, self.versions, self.packs)
        self.seen: list[Change] = []
        self.recorder.listen(self.seen.extend)
        self._started = False

    def start(self, wait_s: float = WAIT_S) -> None:
        self.capture.start()
        self._started = True
        assert self.capture.settle(wait_s, baseline=True)

    def close(self) -> None:
        if self._started:
            self.capture.stop()
        self.packs.close()
        self.catalogue.close()
        self.disk.close()

    def write(self, name: str, text: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def record(self, *names: str | Dirty, actor: str = "program") -> list[Change]:
        """Record what happened at the names (everything, without any) and return the changes."""
        dirty = [n if isinstance(n, Dirty) else Dirty(p(n)) for n in names] or [Dirty(p(""), subtree=True)]
        return self.recorder.record(dirty, Author(actor)).changes

    def save(self, name: str, text: str | bytes) -> None:
        """Write and record."""
        self.write(name, text)
        self.record(name)

    def texts(self, name: str) -> list[bytes | None]:
        """Return the contents in the history of a name, oldest first; None for versions without content."""
        history = reversed(self.versions.history(p(name)))
        return [self.versions.read(v) if v.digest is not None else None for v in history]

    def tree(self) -> dict[str, bytes | None]:
        """Return the user's files on the disk; None for folders."""
        own = self.state.relative_to(self.root).parts[0] if self.state.is_relative_to(self.root) else None
        out: dict[str, bytes | None] = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root)
            if name.parts[0] != own:
                out[str(name)] = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        return out

    def names(self) -> set[str]:
        """Return the live names of the tables."""
        return {os.fsdecode(e.path) for e in self.versions.list(recursive=True)}


def p(name: str) -> RelPath:
    return RelPath(os.fsencode(name))


@contextmanager
def rig(directory: Path, *, journal: bool = False) -> Iterator[Rig]:
    """A rig in a directory; what is there already is opened again."""
    made = Rig(directory / "root", directory / "state", journal=journal)
    try:
        yield made
    finally:
        made.close()
