"""What happened to the files below a folder, or to some files, between two times: the first state and the last of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsfs.changes import effects
from lsfs.errors import NotFound
from lsfs.model import Kind, RelPath, State, Version, VersionId, show
from lsfs_syscalls.run.comparing import compare
from lsfs_syscalls.run.context import Context


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that changed.

    Attributes:
        before: its version before the interval; None when there was none.
        after: its last version in the interval (the end of a deleted file included).
        count: changes in the interval.
    """

    path: RelPath
    before: Version | None
    after: Version
    count: int


def changed_below(ctx: Context, folder: RelPath, since_ns: int | None, until_ns: int | None) -> list[ChangedFile]:
    """Return the files below a folder that changed, by path."""
    con = ctx.engine.catalogue.read()
    found = effects.select(con, since_ns=since_ns or 0, actor=None, under=folder or None)
    names = dict.fromkeys(e.path for e in found if until_ns is None or e.at_ns <= until_ns)
    return changed_files(ctx, sorted(names), since_ns, until_ns)


def changed_files(ctx: Context, paths: Iterable[RelPath], since_ns: int | None, until_ns: int | None) -> list[ChangedFile]:
    """Return those of the files that changed, each once however many names it had."""
    out: dict[int, ChangedFile] = {}
    for path in paths:
        found = _changed(ctx, path, since_ns, until_ns)
        if found is not None and found.after.kind is not Kind.DIRECTORY:
            out[found.after.fid] = found
    return sorted(out.values(), key=lambda c: c.path)


def _changed(ctx: Context, path: RelPath, since_ns: int | None, until_ns: int | None) -> ChangedFile | None:
    try:
        versions = ctx.engine.versions.history(path, until_ns=until_ns)
    except NotFound:
        return None
    inside = [v for v in versions if since_ns is None or v.at_ns >= since_ns]
    if not inside:
        return None
    earlier = [v for v in versions[len(inside) :] if v.state is not State.DELETED]
    first = inside[-1]
    if since_ns is None and len(inside) > 1:
        return ChangedFile(inside[0].path, first, inside[0], len(inside) - 1)
    return ChangedFile(inside[0].path, earlier[0] if earlier else None, inside[0], len(inside))


def words_of(ctx: Context, c: ChangedFile) -> tuple[str, str]:
    """Return what changed in a sentence, and the differences as text."""
    if c.after.state is State.DELETED:
        return "deleted", ""
    if c.after.kind is not Kind.FILE:
        return f"{c.after.kind.value} changed", ""
    if c.before is None or c.before.state is State.DELETED:
        return f"new, {c.after.size} bytes", ""
    moved = f"moved from {show(c.before.path)}" if c.before.path != c.after.path else ""
    found = compare(ctx, c.before, c.after)
    if found.same:
        return moved or "times, permissions or attributes changed", ""
    return "; ".join(x for x in (moved, found.summary) if x), found.text


def versions_below(ctx: Context, folder: RelPath, since_ns: int | None, until_ns: int | None, limit: int) -> Sequence[Version]:
    """Return the versions that came to be below a folder, newest first, at most `limit`."""
    con = ctx.engine.catalogue.read()
    found = effects.select(con, since_ns=since_ns or 0, actor=None, under=folder or None)
    out: list[Version] = []
    seen: set[VersionId] = set()
    for e in reversed(found):
        vid = e.after.vid
        if vid is None or vid in seen or (until_ns is not None and e.at_ns > until_ns):
            continue
        seen.add(VersionId(vid))
        try:
            out.append(ctx.engine.versions.version_by_id(VersionId(vid)))
        except NotFound:
            continue
        if len(out) == limit:
            break
    return out
