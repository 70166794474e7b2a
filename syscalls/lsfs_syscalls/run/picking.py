"""Which version of a file a call means: by number, by time, or the one that is there now."""

from __future__ import annotations

from lsfs.errors import NotFound
from lsfs.model import State, Version, show
from lsfs_syscalls.run.context import Context


def version_of(ctx: Context, path: str, number: int | None, at: str | None) -> Version:
    """Return a version of the file that `path` names.

    Raises:
        NotFound: no such file, number, or nothing there at that time.
    """
    versions = ctx.engine.versions
    if number is not None:
        return versions.version(ctx.path(path), number)
    at_ns = ctx.moment_ns(at)
    if at_ns is None:
        return versions.version_by_id(ctx.entry(path).version)
    found = versions.version_at(ctx.path(path), at_ns)
    if found is None:
        raise NotFound(f"there was no {show(ctx.path(path))} at {at}")
    return found


def named(ctx: Context, path: str, which: str | None) -> Version:
    """Return the version that a number or a time names."""
    if which is not None and which.isdigit() and len(which) < 8:
        return version_of(ctx, path, int(which), None)
    return version_of(ctx, path, None, which)


def version_before(ctx: Context, path: str, new: Version) -> Version:
    """Return the latest version before `new` with another content; one that only differs in its attributes without such.

    Raises:
        NotFound: there is no earlier version.
    """
    history = ctx.engine.versions.history(ctx.path(path))
    before = [v for v in history if v.number < new.number and v.state is not State.DELETED]
    if not before:
        raise NotFound(f"{show(new.path)} has no version before {new.number}")
    return next((v for v in before if v.digest != new.digest), before[0])
