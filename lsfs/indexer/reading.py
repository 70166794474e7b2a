"""The content of a version: from the store where it is stored, else from the disk if that still has it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from lsfs.errors import Conflict, NotFound
from lsfs.index.source import Source
from lsfs.model import RelPath, Version, show


def open_content(source: Source, root: Path, path: RelPath, version: Version) -> BinaryIO:
    """Return the content of `version`, whose file is at `path` now.

    Raises:
        Conflict: it is not stored and the disk has something else by now (a change is on its way).
    """
    try:
        return source.open(version)
    except NotFound:
        return _from_disk(root, path, version)


def is_unchanged(stream: BinaryIO, version: Version) -> bool:
    """Tell whether what was read is the version's content: a file on the disk may have changed while it was read."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # not a file of the disk: the store's content does not change
        return True
    return (found.st_size, found.st_mtime_ns) == (version.size, version.mtime_ns)


def _from_disk(root: Path, path: RelPath, version: Version) -> BinaryIO:
    try:
        # Never through a link, and without waiting for the other end of a FIFO that took the file's name.
        fd = os.open(os.path.join(os.fsencode(root), path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as e:
        raise Conflict(f"{show(path)} is gone from the disk", [show(path)]) from e
    stream = os.fdopen(fd, "rb")
    if stat.S_ISREG(os.fstat(fd).st_mode) and is_unchanged(stream, version):
        return stream
    stream.close()
    raise Conflict(f"{show(path)} has changed on the disk", [show(path)])
