"""What happened to the files below a folder, or to some files, between two times: how each was before, and how it is after.

The tables of names tell where a file was at a time, the effects which files to look at. A file that was there before lsfs knew
it (its baseline) is not new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lsfs.changes import effects
from lsfs.changes.effects import Effect
from lsfs.errors import NotFound
from lsfs.model import Fid, Kind, RelPath, Version, VersionId, show
from lsfs_syscalls.run.comparing import compare
from lsfs_syscalls.run.context import Context


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that changed.

    Attributes:
        path: where it is after, or was last.
        old_path: where it was before; None when it was not there.
        before: its version before the interval; None when there was none.
        after: its last version in the interval; None when it was deleted.
        count: changes in the interval.
        last_ns: the time of the last one.
    """

    path: RelPath
    old_path: RelPath | None
    before: Version | None
    after: Version | None
    count: int
    last_ns: int


def changed_below(ctx: Context, folder: RelPath, since_ns: int | None, until_ns: int | None) -> list[ChangedFile]:
    """Return the files below a folder that changed, came, or went, by path."""
    found = _effects(ctx, since_ns, until_ns, under=folder or None)
    fids = _files(found)
    return _changed(ctx, found if not folder else _effects(ctx, since_ns, until_ns, fids=fids), fids, since_ns, until_ns)


def changed_files(ctx: Context, paths: Iterable[RelPath], since_ns: int | None, until_ns: int | None) -> list[ChangedFile]:
    """Return those of the files (and of what is below the folders) that changed, each once however many names it had."""
    fids: dict[Fid, None] = {}
    out: list[ChangedFile] = []
    for path in paths:
        if ctx.is_folder(path):
            out += changed_below(ctx, path, since_ns, until_ns)
            continue
        try:
            fids[ctx.engine.versions.file_of(path)] = None
        except NotFound:
            continue
    found = _effects(ctx, since_ns, until_ns, fids=list(fids)) if fids else []
    return list({c.path: c for c in [*out, *_changed(ctx, found, list(fids), since_ns, until_ns)]}.values())


def _effects(
    ctx: Context, since_ns: int | None, until_ns: int | None, *, under: RelPath | None = None, fids: Sequence[Fid] = ()
) -> list[Effect]:
    con = ctx.engine.catalogue.read()
    found = effects.select(con, since_ns=since_ns or 0, actor=None, under=under, fids=fids)
    return [e for e in found if until_ns is None or e.at_ns <= until_ns]


def _files(found: Iterable[Effect]) -> list[Fid]:
    return list(dict.fromkeys(Fid(fid) for e in found for fid in (e.before.fid, e.after.fid) if fid is not None))


def _changed(
    ctx: Context, found: Sequence[Effect], fids: Sequence[Fid], since_ns: int | None, until_ns: int | None
) -> list[ChangedFile]:
    of_file: dict[Fid, list[Effect]] = defaultdict(list)
    for e in found:
        for fid in {e.before.fid, e.after.fid} - {None}:
            of_file[Fid(fid)].append(e)  # type: ignore[arg-type]
    out = [c for fid in fids if of_file[fid] and (c := _one(ctx, fid, of_file[fid], since_ns, until_ns)) is not None]
    return sorted(_replaced(out), key=lambda c: c.path)


def _one(ctx: Context, fid: Fid, found: Sequence[Effect], since_ns: int | None, until_ns: int | None) -> ChangedFile | None:
    """Return what happened to one file; None where it is a folder, or is as it was."""
    versions = ctx.engine.versions
    old_path, before = _earlier(ctx, fid, found[0], since_ns)
    new = versions.entry_of(fid, until_ns)
    after = versions.version_by_id(new.version) if new is not None else None
    path = new.path if new is not None else old_path
    known = after or before
    if path is None or known is None or known.kind is Kind.DIRECTORY:
        return None
    if before is not None and after is not None and before.vid == after.vid and path == old_path:
        return None
    count = len({e.after.vid for e in found} - {None}) or len(found)
    return ChangedFile(path, old_path, before, after, count, max(e.at_ns for e in found))


def _earlier(ctx: Context, fid: Fid, first: Effect, since_ns: int | None) -> tuple[RelPath | None, Version | None]:
    """Return where a file was before the interval, and its version then; nothing where it was not there.

    What the first change found is as good: a baseline may have been recorded within the interval. Where all changes are asked
    for, a file that was made begins with its first version.
    """
    versions = ctx.engine.versions
    old = versions.entry_of(fid, since_ns - 1) if since_ns is not None else None
    if old is not None:
        return old.path, versions.version_by_id(old.version)
    if first.before.fid == fid and first.before.vid is not None:
        return first.path, versions.version_by_id(VersionId(first.before.vid))
    if since_ns is None and first.after.vid is not None:
        made = versions.version_by_id(VersionId(first.after.vid))
        return (made.path, made) if made.vid != versions.current(fid).vid else (None, None)
    return None, None


def _replaced(found: Sequence[ChangedFile]) -> list[ChangedFile]:
    """Join a file that went and one that came under its name: programs save by putting a new file in the old one's place."""
    came = {c.path: c for c in found if c.before is None and c.after is not None}
    out = []
    for c in found:
        if c.after is None and c.path in came:
            new = came.pop(c.path)
            out.append(replace(c, after=new.after, count=c.count + new.count, last_ns=max(c.last_ns, new.last_ns)))
        elif c.before is not None or c.after is None:
            out.append(c)
    return [*out, *came.values()]


def words_of(ctx: Context, c: ChangedFile) -> tuple[str, str]:
    """Return what changed in a sentence, and the differences as text."""
    if c.after is None:
        return "deleted", ""
    if c.after.kind is not Kind.FILE:
        return f"{c.after.kind.value} changed", ""
    if c.before is None:
        return f"new, {c.after.size} bytes", ""
    moved = f"moved from {show(c.old_path)}" if c.old_path is not None and c.old_path != c.path else ""
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
