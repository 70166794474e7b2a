"""Importing: files and folders of the machine copied into the root, all or none, nothing overwritten.

What is named by the user comes from anywhere that the user can read; symbolic links in an imported folder are kept out (they
could lead anywhere), and so are sockets, pipes and devices.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lsfs.errors import BadRequest, Exists, NotFound
from lsfs.model import RelPath, show
from lsfs_syscalls.run.context import Context

_NAMED = 10


def join(folder: bytes, name: bytes) -> RelPath:
    """Return the path of `name` in `folder`."""
    return RelPath(os.path.normpath(os.path.join(folder, name)) if folder else os.path.normpath(name))


def bring_in(ctx: Context, text: str, path: RelPath) -> None:
    """Copy a file or folder into the root: as `path`, or below it under its own name where `path` is a folder.

    Raises:
        NotFound: there is no such source.
        BadRequest: it is neither a file nor a folder, or contains the root's own state.
        Exists: files are in the way; all of them are named, nothing was copied.
    """
    source = _source(ctx, text)
    if ctx.is_folder(path):
        path = join(path, os.fsencode(source.name))
    pairs = [(source, path)] if source.is_file() else list(_files(source, path))
    taken = [show(target) for _, target in pairs if ctx.live(target) is not None]
    if taken:
        more = f" and {len(taken) - _NAMED} more" if len(taken) > _NAMED else ""
        raise Exists(f"already there, nothing was imported: {', '.join(taken[:_NAMED])}{more}")
    if source.is_dir():
        for folder in _folders(source, path):
            ctx.writing().create_directory(folder)
    for one, target in pairs:
        _copy(ctx, one, target)


def _source(ctx: Context, text: str) -> Path:
    given = Path(os.path.expanduser(text))
    source = given if given.is_absolute() else ctx.engine.root / given
    if not source.exists():
        raise NotFound(f"there is no {show(os.fsencode(given))} to import")
    real = Path(os.path.realpath(source))
    if not (real.is_file() or real.is_dir()):
        raise BadRequest(f"{show(os.fsencode(given))} is neither a file nor a folder")
    if ctx.engine.home.state == real or real in ctx.engine.home.state.parents or ctx.engine.home.state in real.parents:
        raise BadRequest(
            f"{show(os.fsencode(given))} holds, or is in, the state directory of lsfs; import what is in it instead"
        )
    return source


def _folders(source: Path, path: RelPath) -> Iterator[RelPath]:
    for folder, _, _ in os.walk(os.fsencode(source), followlinks=False):
        yield join(path, os.path.relpath(folder, os.fsencode(source)))


def _files(source: Path, path: RelPath) -> Iterator[tuple[Path, RelPath]]:
    top = os.fsencode(source)
    for folder, folders, names in os.walk(top, followlinks=False):
        folders.sort()
        here = join(path, os.path.relpath(folder, top))
        for name in sorted(names):
            full = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(full).st_mode):
                yield Path(os.fsdecode(full)), join(here, name)


def _copy(ctx: Context, source: Path, path: RelPath) -> None:
    try:
        with source.open("rb") as f:
            ctx.writing().write(path, f, exist_ok=False)
    except OSError as e:
        raise NotFound(f"{show(os.fsencode(source))} cannot be read: {e.strerror}; nothing was imported") from e
