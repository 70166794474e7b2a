"""The calls that change files, from create to unlock. Each works on the open transaction."""

from __future__ import annotations

import os
import stat as st
from pathlib import Path

from lsfs.errors import BadRequest, NotFound
from lsfs.model import Kind, RelPath, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.changing import Concat, Copy, Create, Delete, Lock, Move, Tag, Touch, Unlock, Untag, Write
from lsfs_syscalls.calls.record import Files
from lsfs_syscalls.run.context import Answer, Context

CHANGED = Answer({"transaction": None})
"""The runner fills in the transaction and the changed paths once they are committed."""


def create(ctx: Context, call: Create) -> Answer:
    """Make a file or folder, empty, with text, or as an import."""
    t, path = ctx.writing(), ctx.path(call.path)
    if call.source is not None:
        _import(ctx, Path(os.path.expanduser(call.source)), path)
    elif call.kind == "directory":
        t.create_directory(path)
    else:
        t.write(path, (call.content or "").encode(), exist_ok=False)
    return CHANGED


def _import(ctx: Context, source: Path, path: RelPath) -> None:
    """Copy a file or folder of the machine into the root, under its own name if `path` is a folder."""
    if not source.exists():
        source = ctx.engine.root / source
    if not source.exists():
        raise NotFound(f"there is no {source} to import")
    entry = ctx.engine.versions.live(path) if path else None
    if not path or (entry is not None and entry.kind is Kind.DIRECTORY):
        path = join(path, os.fsencode(source.name))
    if source.is_file():
        _import_file(ctx, source, path)
        return
    ctx.writing().create_directory(path)
    for folder, folders, names in os.walk(os.fsencode(source), followlinks=False):
        folders[:] = [f for f in folders if f != b".lsfs"]
        here = join(path, os.path.relpath(folder, os.fsencode(source)))
        for name in sorted(names):
            full = os.path.join(folder, name)
            if st.S_ISREG(os.lstat(full).st_mode):
                _import_file(ctx, Path(os.fsdecode(full)), join(here, name))


def _import_file(ctx: Context, source: Path, path: RelPath) -> None:
    with source.open("rb") as f:
        ctx.writing().write(path, f, exist_ok=False)


def join(folder: bytes, name: bytes) -> RelPath:
    """Return the path of `name` in `folder`."""
    return RelPath(os.path.normpath(os.path.join(folder, name)) if folder else os.path.normpath(name))


def write(ctx: Context, call: Write) -> Answer:
    """Write, append or prepend text or the content of another file."""
    t, path = ctx.writing(), ctx.path(call.path)
    mode = call.mode or "overwrite"
    if (call.content is None) == (call.source is None):
        raise BadRequest("`write` takes either `content` or `source`")
    if call.source is None:
        t.write(path, (call.content or "").encode(), mode=mode)
        return CHANGED
    entry = ctx.entry(call.source)
    if entry.kind is not Kind.FILE:
        raise BadRequest(f"{show(entry.path)} is a {entry.kind.value}; `source` takes a file")
    with (ctx.engine.root / os.fsdecode(entry.path)).open("rb") as f:
        t.write(path, f, mode=mode)
    return CHANGED


def touch(ctx: Context, call: Touch) -> Answer:
    """Set a file's modification time; make the file if it is missing."""
    t, path = ctx.writing(), ctx.path(call.path)
    if ctx.engine.versions.live(path) is None:
        t.write(path, b"", exist_ok=False)
    when = ctx.time_ns(call.time)
    t.set_time(path, times.to_ns(ctx.now) if when is None else when)
    return CHANGED


def concat(ctx: Context, call: Concat) -> Answer:
    """Put files one after the other into a new file; without `keep` the parts are deleted (the paper's file_join)."""
    t, to = ctx.writing(), ctx.path(call.to)
    parts = [p for p in ctx.files(call.files) if p != to]
    if not parts:
        raise BadRequest("`concat` needs files to put together")
    data = b"".join(_ended((ctx.engine.root / os.fsdecode(p)).read_bytes()) for p in parts)
    own = to in ctx.files(call.files)
    t.write(to, data, mode="append" if own else "overwrite", exist_ok=own)
    for part in parts if call.keep is False else ():
        t.delete(part)
    return CHANGED


def _ended(data: bytes) -> bytes:
    """Return a part with a line end, so that the next one begins on a line of its own."""
    return data if not data or data.endswith(b"\n") else data + b"\n"


def copy(ctx: Context, call: Copy) -> Answer:
    """Copy files or folders."""
    for source, target in transfers(ctx, call.files, call.path, call.to):
        ctx.writing().copy(source, target)
    return CHANGED


def move(ctx: Context, call: Move) -> Answer:
    """Move or rename files or folders."""
    for source, target in transfers(ctx, call.files, call.path, call.to):
        ctx.writing().move(source, target)
    return CHANGED


def transfers(ctx: Context, files: Files, path: str | None, to: str) -> list[tuple[RelPath, RelPath]]:
    """Return source and target of each file: `to` is a folder if it is one, ends with a slash, or several go there."""
    sources = ctx.files(files, path=path)
    target = ctx.path(to)
    entry = ctx.engine.versions.live(target) if target else None
    into = (
        not target
        or to.endswith("/")
        or len(sources) > 1
        or bool(files)
        or (entry is not None and entry.kind is Kind.DIRECTORY)
    )
    if entry is not None and entry.kind is not Kind.DIRECTORY and len(sources) > 1:
        raise BadRequest(f"{show(target)} is a {entry.kind.value}; several files can only go into a folder")
    return [(s, join(target, os.path.basename(s)) if into else target) for s in sources]


def delete(ctx: Context, call: Delete) -> Answer:
    """Delete files or folders; their history stays."""
    for path in ctx.files(call.files, path=call.path):
        if not path:
            raise BadRequest("this is the root itself; name what is to be deleted in it")
        ctx.writing().delete(path)
    return CHANGED


def tag(ctx: Context, call: Tag) -> Answer:
    """Give files tags."""
    for path in ctx.files(call.files, path=call.path):
        ctx.writing().set_tags(path, add=call.tags)
    return CHANGED


def untag(ctx: Context, call: Untag) -> Answer:
    """Take tags from files."""
    for path in ctx.files(call.files, path=call.path):
        ctx.writing().set_tags(path, remove=call.tags)
    return CHANGED


def lock(ctx: Context, call: Lock) -> Answer:
    """Lock a file or folder against changes."""
    ctx.writing().lock(ctx.entry(call.path).path)
    return CHANGED


def unlock(ctx: Context, call: Unlock) -> Answer:
    """Unlock a file or folder."""
    ctx.writing().unlock(ctx.path(call.path))
    return CHANGED
