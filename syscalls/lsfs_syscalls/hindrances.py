"""What stands in the way of a step, found before anybody agrees to it: a taken name, a missing file, a lock.

The steps before it have not been run, so a step is judged by what they will leave (`Ahead`); where that cannot be told, nothing
is said. It does not replace what the step itself checks when it runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lsfs.errors import LsfsError
from lsfs.model import Kind, RelPath, show
from lsfs_syscalls.calls import changing as c
from lsfs_syscalls.calls.record import Call
from lsfs_syscalls.run.changing import tags_of, transfers
from lsfs_syscalls.run.context import Context

_UNFORESEEN = (c.Undo, c.Rollback, c.Forget)
"""Calls behind which nothing is said of names any more."""


@dataclass(slots=True)
class Ahead:
    """What the changing steps so far will have done to names.

    Attributes:
        changing: there was one.
        unknown: nothing can be told of any name.
    """

    changing: bool = False
    unknown: bool = False
    made: set[RelPath] = field(default_factory=set)
    gone: set[RelPath] = field(default_factory=set)
    moved: set[RelPath] = field(default_factory=set)
    unlocked: bool = False

    def has(self, ctx: Context, path: RelPath) -> bool | None:
        """Tell whether something will be at a path; None where that is not known, or the file is under way to another."""
        if self.unknown or _within(path, self.moved):
            return None
        if _within(path, self.made):
            return True if path in self.made else None
        return False if _within(path, self.gone) else ctx.live(path) is not None

    def follow(self, ctx: Context, call: Call, paths: Sequence[RelPath]) -> None:
        """Take note of a changing step and the paths that its preview names."""
        self.changing = True
        self.unknown = self.unknown or isinstance(call, _UNFORESEEN)
        self.unlocked = self.unlocked or isinstance(call, c.Unlock | c.Lock)
        match call:
            case c.Copy() | c.Move():
                pairs = transfers(ctx, call.files, call.path, call.to)
                self.moved |= {s for s, _ in pairs} if isinstance(call, c.Move) else set()
                self.made |= {t for _, t in pairs}
            case c.Delete():
                self.gone |= set(paths)
                self.made -= set(paths)
            case c.Create() | c.Write() | c.Touch() | c.Concat():
                self.made |= set(paths)
            case _:
                pass


def _within(path: RelPath, folders: Container[RelPath]) -> bool:
    """Tell whether a path, or a folder that it is in, is among `folders`."""
    above: bytes = path
    while above:
        if above in folders:
            return True
        above = above.rpartition(b"/")[0]
    return False


def hindrances(ctx: Context, ahead: Ahead, call: Call, paths: Sequence[RelPath]) -> list[str]:
    """Return in words why a changing step would fail; nothing where it would not, or that cannot be told.

    Args:
        paths: what its preview names.
    """
    look: Any = _LOOKS.get(type(call))
    if look is None or ahead.unknown:
        return []
    return list(look(ctx, ahead, call, paths))


Look = Callable[..., Iterator[str]]


def _missing(ctx: Context, ahead: Ahead, paths: Iterable[RelPath]) -> Iterator[str]:
    for path in paths:
        if not path:
            yield "this is the root itself; name what is meant in it"
        elif ahead.has(ctx, path) is False:
            yield ctx.missing(path)


def _closed(ctx: Context, ahead: Ahead, paths: Iterable[RelPath]) -> Iterator[str]:
    """Say what is locked, or not the user's to change."""
    guard, named = ctx.engine.changes.guard, [p for p in paths if p]
    try:
        guard.inside(named)
        if not ahead.unlocked:
            guard.unlocked(named)
    except LsfsError as e:
        yield str(e)


def _labelled(ctx: Context, ahead: Ahead, call: c.Tag | c.Untag | c.Link | c.Lock, paths: Sequence[RelPath]) -> Iterator[str]:
    if isinstance(call, c.Tag | c.Untag):
        tags_of(call.tags)
    yield from _missing(ctx, ahead, paths)


def _unlock(ctx: Context, ahead: Ahead, _: c.Unlock, paths: Sequence[RelPath]) -> Iterator[str]:
    locks = ctx.engine.versions.locks()
    yield from (f"{show(p)} is not locked" for p in paths if p not in locks and not ahead.changing)


def _unlink(ctx: Context, ahead: Ahead, _: c.Unlink, paths: Sequence[RelPath]) -> Iterator[str]:
    if not ahead.changing and not ctx.engine.links.links(paths=paths or None):
        yield f"there is no link to {', '.join(show(p) for p in paths)}" if paths else "there are no links"


def _create(ctx: Context, ahead: Ahead, call: c.Create, paths: Sequence[RelPath]) -> Iterator[str]:
    for path in paths:
        if ahead.has(ctx, path) and not (call.kind == "directory" and ctx.is_folder(path)):
            yield f"{show(path)} is there already"
    yield from _above(ctx, ahead, paths)
    yield from _closed(ctx, ahead, paths)


def _write(ctx: Context, ahead: Ahead, call: c.Write, paths: Sequence[RelPath]) -> Iterator[str]:
    if (call.content is None) == (call.source is None):
        yield "`write` takes either `content` or `source`"
    elif call.source is not None:
        source = ctx.path(call.source)
        yield from _missing(ctx, ahead, [source])
        yield from _no_files(ctx, [source], "`source` takes a file")
    yield from _no_files(ctx, paths, "it is left as it is")
    yield from _above(ctx, ahead, paths)
    yield from _closed(ctx, ahead, paths)


def _no_files(ctx: Context, paths: Iterable[RelPath], why: str) -> Iterator[str]:
    for path in paths:
        entry = ctx.live(path)
        if not path or (entry is not None and entry.kind is not Kind.FILE):
            yield f"{show(path) or 'the root'} is a {entry.kind.value if entry is not None else 'folder'}; {why}"


def _above(ctx: Context, ahead: Ahead, paths: Iterable[RelPath]) -> Iterator[str]:
    """Say of new paths which are in something that is no folder."""
    above = {RelPath(p.rpartition(b"/")[0]) for p in paths} - {b""}
    for folder in sorted(above):
        entry = ctx.live(folder) if ahead.has(ctx, folder) else None
        if entry is not None and entry.kind is not Kind.DIRECTORY:
            yield f"{show(folder)} is a {entry.kind.value} and no folder"


def _transfer(ctx: Context, ahead: Ahead, call: c.Copy | c.Move, _: Sequence[RelPath]) -> Iterator[str]:
    pairs = transfers(ctx, call.files, call.path, call.to)
    moving = isinstance(call, c.Move)
    yield from _missing(ctx, ahead, [s for s, _ in pairs])
    for source, target in pairs:
        if _within(target, [source]):
            yield f"{show(source)} cannot be {'moved' if moving else 'copied'} to {show(target)}, into itself"
        elif ahead.has(ctx, target):
            yield f"{show(target)} is there already"
    often = Counter(t for _, t in pairs)
    yield from (f"{n} of these would be {show(t)}" for t, n in often.items() if n > 1)
    yield from _above(ctx, ahead, often)
    yield from _closed(ctx, ahead, [*(s for s, _ in pairs if moving), *often])


def _concat(ctx: Context, ahead: Ahead, call: c.Concat, _: Sequence[RelPath]) -> Iterator[str]:
    to, every = ctx.path(call.to), ctx.files(call.files)
    parts = [p for p in every if p != to]
    if not parts:
        yield "`concat` needs files to put together"
    if to in every and every[0] != to:
        yield f"{show(to)} is one of the parts; it can only be the first, which the others are appended to"
    if to not in every and ahead.has(ctx, to):
        yield f"{show(to)} is there already"
    yield from _missing(ctx, ahead, every)
    yield from _no_files(ctx, parts, "`concat` takes files")
    yield from _closed(ctx, ahead, [to, *(parts if call.keep is False else ())])


def _delete(ctx: Context, ahead: Ahead, call: c.Delete, paths: Sequence[RelPath]) -> Iterator[str]:
    yield from _missing(ctx, ahead, ctx.files(call.files, path=call.path))
    yield from _closed(ctx, ahead, paths)


def _touched(ctx: Context, ahead: Ahead, _: Call, paths: Sequence[RelPath]) -> Iterator[str]:
    yield from _closed(ctx, ahead, paths)


def _snapshot(ctx: Context, _: Ahead, call: c.Snapshot, __: Sequence[RelPath]) -> Iterator[str]:
    if call.name in ctx.engine.versions.snapshots():
        yield f"there is a snapshot {call.name!r} already"


_LOOKS: dict[type[Call], Look] = {
    c.Create: _create,
    c.Write: _write,
    c.Touch: _touched,
    c.Concat: _concat,
    c.Copy: _transfer,
    c.Move: _transfer,
    c.Delete: _delete,
    c.Rollback: _touched,
    c.Forget: _touched,
    c.Tag: _labelled,
    c.Untag: _labelled,
    c.Lock: _labelled,
    c.Unlock: _unlock,
    c.Link: _labelled,
    c.Unlink: _unlink,
    c.Snapshot: _snapshot,
}
