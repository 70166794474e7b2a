"""The calls that change files, from create to unlock. Each works on the open transaction."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import IO, BinaryIO, cast

from lsfs.errors import BadRequest, NotFound
from lsfs.model import Kind, RelPath, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.changing import Concat, Copy, Create, Delete, Lock, Move, Tag, Touch, Unlock, Untag, Write
from lsfs_syscalls.calls.record import Files, Json
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.importing import bring_in, join

MAX_IN_MEMORY = 8 << 20
"""Bytes of a concatenation that are kept in memory; the rest goes through a file in the state directory."""

CHANGED = Answer({"transaction": None})
"""The runner fills in the transaction and the changed paths once they are committed."""


def create(ctx: Context, call: Create) -> Answer:
    """Make a file or folder, empty, with text, or as an import."""
    t, path = ctx.writing(), ctx.path(call.path)
    if call.source is not None:
        left_out: list[Json] = [*bring_in(ctx, call.source, path)]
        return Answer({"transaction": None, "notices": left_out})
    if call.kind == "directory":
        t.create_directory(path)
    else:
        t.write(path, (call.content or "").encode(), exist_ok=False)
    return CHANGED


def write(ctx: Context, call: Write) -> Answer:
    """Write, append or prepend text or the content of another file."""
    t, path = ctx.writing(), ctx.path(call.path)
    mode = call.mode or "overwrite"
    if ctx.is_folder(path):
        raise BadRequest(f"{show(path) or 'the root'} is a folder; `write` takes a file")
    if (call.content is None) == (call.source is None):
        raise BadRequest("`write` takes either `content` or `source`")
    if call.source is None:
        t.write(path, (call.content or "").encode(), mode=mode)
        return CHANGED
    entry = ctx.entry(call.source)
    if entry.kind is not Kind.FILE:
        raise BadRequest(f"{show(entry.path)} is a {entry.kind.value}; `source` takes a file")
    with _opened(ctx, entry.path) as f:
        t.write(path, f, mode=mode)
    return CHANGED


def _opened(ctx: Context, path: RelPath) -> BinaryIO:
    """Return a file of the root as it is now: what earlier steps of the plan wrote included, and no link followed."""
    try:
        return os.fdopen(ctx.engine.disk.open_file(path), "rb")
    except OSError as e:
        raise NotFound(f"{show(path)} cannot be read: {e.strerror}") from e


def touch(ctx: Context, call: Touch) -> Answer:
    """Set a file's modification time; make the file if it is missing."""
    t, path = ctx.writing(), ctx.path(call.path)
    when = ctx.time_ns(call.time, end=False)
    t.set_time(path, times.to_ns(ctx.now) if when is None else when)
    return CHANGED


def concat(ctx: Context, call: Concat) -> Answer:
    """Put files one after the other into a new file; without `keep` the parts are deleted (the paper's file_join).

    Raises:
        Exists: the target is there already and is none of the parts.
    """
    t, to = ctx.writing(), ctx.path(call.to)
    every = ctx.files(call.files)
    parts = [p for p in every if p != to]
    if not parts:
        raise BadRequest("`concat` needs files to put together")
    if to in every and every[0] != to:
        raise BadRequest(f"{show(to)} is one of the parts; it can only be the first, which the others are appended to")
    with tempfile.SpooledTemporaryFile(MAX_IN_MEMORY, dir=str(ctx.engine.home.state)) as whole:
        if to in every and not _ends_a_line(ctx, to):
            whole.write(b"\n")
        for part in parts:
            _append(ctx, part, whole)
        whole.seek(0)
        t.write(to, cast(BinaryIO, whole), mode="append" if to in every else "overwrite", exist_ok=to in every)
    for part in parts if call.keep is False else ():
        t.delete(part)
    return CHANGED


def _ends_a_line(ctx: Context, path: RelPath) -> bool:
    with _opened(ctx, path) as f:
        size = f.seek(0, os.SEEK_END)
        f.seek(max(size - 1, 0))
        return f.read(1) in (b"", b"\n")


def _append(ctx: Context, part: RelPath, whole: IO[bytes]) -> None:
    """Append a file with a line end, so that the next one begins on a line of its own."""
    last = b"\n"
    with _opened(ctx, part) as f:
        if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
            raise BadRequest(f"{show(part)} is a folder; `concat` takes files")
        while piece := f.read(1 << 20):
            whole.write(piece)
            last = piece[-1:]
    if last != b"\n":
        whole.write(b"\n")


def copy(ctx: Context, call: Copy) -> Answer:
    """Copy files or folders."""
    for source, target in transfers(ctx, call.files, call.path, call.to):
        ctx.writing().copy(source, target)
    return CHANGED


def move(ctx: Context, call: Move) -> Answer:
    """Move or rename files or folders; the results of earlier steps follow."""
    pairs = transfers(ctx, call.files, call.path, call.to)
    for source, target in pairs:
        ctx.writing().move(source, target)
    ctx.follow(dict(pairs))
    return CHANGED


def transfers(ctx: Context, files: Files, path: str | None, to: str) -> list[tuple[RelPath, RelPath]]:
    """Return source and target of each file: `to` is a folder if it is one, ends with a slash, or several go there."""
    sources = ctx.files(files, path=path)
    target = ctx.path(to)
    folder = ctx.is_folder(target)
    there = None if folder else ctx.live(target)
    into = folder or to.endswith("/") or len(sources) > 1 or bool(files)
    if there is not None and len(sources) > 1:
        raise BadRequest(f"{show(target)} is a {there.kind.value}; several files can only go into a folder")
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
    tags = tags_of(call.tags)
    for path in ctx.files(call.files, path=call.path):
        ctx.writing().set_tags(path, add=tags)
    return CHANGED


def untag(ctx: Context, call: Untag) -> Answer:
    """Take tags from files."""
    tags = tags_of(call.tags)
    for path in ctx.files(call.files, path=call.path):
        ctx.writing().set_tags(path, remove=tags)
    return CHANGED


def tags_of(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return tags without blanks around them; a comma parts two, as in the extended attribute.

    Raises:
        BadRequest: none is left.
    """
    tags = tuple(dict.fromkeys(" ".join(t.split()) for text in given for t in text.split(",") if t.strip()))
    if not tags:
        raise BadRequest("a tag has at least one letter")
    return tags


def lock(ctx: Context, call: Lock) -> Answer:
    """Lock a file or folder against changes."""
    ctx.writing().lock(ctx.entry(call.path).path)
    return CHANGED


def unlock(ctx: Context, call: Unlock) -> Answer:
    """Unlock a file or folder."""
    ctx.writing().unlock(ctx.path(call.path))
    return CHANGED
