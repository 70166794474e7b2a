"""Importing: files and folders of the machine copied into the root, all or none, nothing overwritten.

What is named by the user comes from anywhere that the user can read, what an agent names only from the root, which is all that
it was given. Symbolic links in an imported folder are kept out (they could lead anywhere), and so are sockets, pipes and
devices; what was left out is said.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from lsfs.errors import BadRequest, Exists, NotFound, OutsideRoot
from lsfs.model import RelPath, show
from lsfs_syscalls.run.context import Context

AGENT = "agent:"
"""What the names of agents begin with."""
_NAMED = 10


def join(folder: bytes, name: bytes) -> RelPath:
    """Return the path of `name` in `folder`."""
    return RelPath(os.path.normpath(os.path.join(folder, name)) if folder else os.path.normpath(name))


@dataclass(frozen=True, slots=True)
class Import:
    """What would be copied: folders to make, pairs of source and target, and what is left out, in words."""

    folders: tuple[RelPath, ...]
    files: tuple[tuple[Path, RelPath], ...]
    left_out: tuple[str, ...]


def importable(ctx: Context, text: str, path: RelPath) -> Import:
    """Return what an import as `path`, or below it under its own name where `path` is a folder, would copy.

    Raises:
        NotFound: there is no such source.
        BadRequest: it is neither a file nor a folder, or contains the root's own state.
        Exists: files are in the way; all of them are named.
    """
    source = _source(ctx, text)
    if ctx.is_folder(path):
        path = join(path, os.fsencode(source.name))
    found = Import((), ((source, path),), ()) if source.is_file() else _below(source, path)
    taken = [show(target) for _, target in found.files if ctx.live(target) is not None]
    if taken:
        more = f" and {len(taken) - _NAMED} more" if len(taken) > _NAMED else ""
        raise Exists(f"already there, nothing was imported: {', '.join(taken[:_NAMED])}{more}")
    return found


def bring_in(ctx: Context, text: str, path: RelPath) -> list[str]:
    """Copy a file or folder into the root; return in words what was left out.

    Raises:
        NotFound, BadRequest, Exists: see `importable`; nothing was copied then.
    """
    found = importable(ctx, text, path)
    for folder in found.folders:
        ctx.writing().create_directory(folder)
    for one, target in found.files:
        _copy(ctx, one, target)
    if not found.left_out:
        return []
    more = " …" if len(found.left_out) > _NAMED else ""
    return [f"{len(found.left_out)} left out (no file or folder): {', '.join(found.left_out[:_NAMED])}{more}"]


def _source(ctx: Context, text: str) -> Path:
    given = Path(os.path.expanduser(text))
    source = given if given.is_absolute() else ctx.engine.root / given
    if not source.exists():
        raise NotFound(f"there is no {show(os.fsencode(given))} to import")
    real = Path(os.path.realpath(source))
    if not (real.is_file() or real.is_dir()):
        raise BadRequest(f"{show(os.fsencode(given))} is neither a file nor a folder")
    if ctx.actor.startswith(AGENT) and ctx.engine.root.resolve() not in real.parents:
        raise OutsideRoot(f"{show(os.fsencode(given))} is outside of the root; an agent imports from the root only")
    if ctx.engine.home.state == real or real in ctx.engine.home.state.parents or ctx.engine.home.state in real.parents:
        raise BadRequest(
            f"{show(os.fsencode(given))} holds, or is in, the state directory of lsfs; import what is in it instead"
        )
    return source


def _below(source: Path, path: RelPath) -> Import:
    top = os.fsencode(source)
    folders: list[RelPath] = []
    files: list[tuple[Path, RelPath]] = []
    left_out: list[str] = []
    for folder, inside, names in os.walk(top, followlinks=False, onerror=_unreadable):
        inside.sort()
        here = join(path, os.path.relpath(folder, top))
        folders.append(here)
        for name in sorted([*names, *(d for d in inside if os.path.islink(os.path.join(folder, d)))]):
            full = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(full).st_mode):
                files.append((Path(os.fsdecode(full)), join(here, name)))
            else:
                left_out.append(show(RelPath(os.path.relpath(full, top))))
    return Import(tuple(folders), tuple(files), tuple(left_out))


def _unreadable(e: OSError) -> None:
    raise NotFound(f"{show(os.fsencode(e.filename or ''))} cannot be read: {e.strerror}; nothing was imported") from e


def _copy(ctx: Context, source: Path, path: RelPath) -> None:
    try:
        with source.open("rb") as f:
            ctx.writing().write(path, f, exist_ok=False)
    except OSError as e:
        raise NotFound(f"{show(os.fsencode(source))} cannot be read: {e.strerror}; nothing was imported") from e
