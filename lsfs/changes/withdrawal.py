"""Files taken from their names so that they can be put back, until what is done with them is durable.

Forgetting must not remove a file before the record that says so is committed (the disk may be full just then), and what it
removes afterwards, perhaps at the next start, must not be looked for by a name that another file can have by then. So a file
first gets a temporary name beside its own, which is written down before; later this name goes, or the file comes back.

Folders keep their names: they are removed at the end, where they are the same folders still and nothing is in them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lsfs.capture.aside import appear
from lsfs.capture.disk import Disk
from lsfs.capture.known import Known
from lsfs.changes.hand import Hand
from lsfs.errors import Conflict, NotFound, OutsideRoot
from lsfs.model import Kind, RelPath, show


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What is withdrawn.

    Attributes:
        files: each name with the temporary one in the same folder.
        folders: with their inode numbers, those above first.
    """

    files: tuple[tuple[RelPath, RelPath], ...] = ()
    folders: tuple[tuple[RelPath, int], ...] = ()

    @staticmethod
    def plan(hand: Hand, known: Mapping[RelPath, Known | None]) -> Withdrawal:
        """Choose the temporary names; nothing on the disk changes."""
        here = [(path, k) for path, k in sorted(known.items()) if k is not None]
        files = tuple((path, hand.temporary_beside(path)) for path, k in here if k.kind != Kind.DIRECTORY)
        return Withdrawal(files, tuple((path, k.ino) for path, k in here if k.kind == Kind.DIRECTORY))

    @staticmethod
    def of_json(data: Any) -> Withdrawal:
        """Return what `to_json` made."""
        files = ((RelPath(bytes.fromhex(a)), RelPath(bytes.fromhex(b))) for a, b in data["files"])
        return Withdrawal(tuple(files), tuple((RelPath(bytes.fromhex(path)), ino) for path, ino in data["folders"]))

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written down."""
        return {"files": [[a.hex(), b.hex()] for a, b in self.files], "folders": [[p.hex(), ino] for p, ino in self.folders]}

    def take(self, disk: Disk, hand: Hand, known: Mapping[RelPath, Known | None]) -> None:
        """Take the files from their names; where it raises, the caller puts back.

        Raises:
            Conflict: somebody has changed one in this moment, or something else is in one of the folders.
            OSError: the disk does not let us.
        """
        for path, temporary in self.files:
            hand.require(path, known[path])
            _rename(disk, path, temporary)
            look, expected = disk.look(temporary), known[path]
            if look is None or expected is None or look.key[:3] != expected.key[:3]:
                raise Conflict(f"{show(path)} was changed in this moment; try again", [show(path)])
        own = {path for pair in self.files for path in pair} | {path for path, _ in self.folders}
        for path, _ in self.folders:
            if not own.issuperset(_inside(disk, path)):
                raise Conflict(f"the folder {show(path)} is not empty", [show(path)])

    def put_back(self, disk: Disk, hand: Hand) -> list[RelPath]:
        """Give the files their names again; return the names that other files have by now, whose own are gone."""
        taken = []
        for path, temporary in self.files:
            try:
                _rename(disk, temporary, path)
            except (FileNotFoundError, NotFound, OutsideRoot):
                continue  # it was never taken, or is back already
            except FileExistsError:
                taken.append(path)
                hand.remove(temporary)
        return taken

    def destroy(self, disk: Disk, hand: Hand) -> None:
        """Remove the files and the folders; what has come to their names since stays."""
        for _, temporary in self.files:
            with suppress(NotFound, OutsideRoot):
                hand.remove(temporary)
        for path, ino in reversed(self.folders):
            look = disk.look(path)
            if look is not None and look.kind == Kind.DIRECTORY and look.ino == ino:
                with suppress(Conflict, NotFound, OutsideRoot):
                    hand.remove(path)


def _rename(disk: Disk, old: RelPath, new: RelPath) -> None:
    """Rename within a folder to a name that is free; raises FileExistsError where it is not."""
    with disk.parent(old) as (folder, name):
        appear(folder, name, folder, new.rpartition(b"/")[2])


def _inside(disk: Disk, folder: RelPath) -> set[RelPath]:
    """Return all that is directly in a folder, our own things too."""
    try:
        with disk.parent(folder + b"/x") as (fd, _):
            return {RelPath(folder + b"/" + name) for name in os.listdir(b"/proc/self/fd/%d" % fd)}
    except (NotFound, OutsideRoot):
        return set()
