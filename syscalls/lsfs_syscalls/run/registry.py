"""Which function runs which call."""

from __future__ import annotations

from collections.abc import Callable

from lsfs.errors import BadRequest
from lsfs_syscalls.calls import changing as c
from lsfs_syscalls.calls import reading as r
from lsfs_syscalls.calls.record import Call
from lsfs_syscalls.run import (
    changing,
    diff,
    duplicates,
    group,
    join,
    past,
    read,
    reading,
    retrieve,
    sharing,
    summary,
    summary_changes,
    translate,
    watching,
)
from lsfs_syscalls.run.context import Answer

Handler = Callable[..., Answer]
"""(context, call record of the handler's own type) -> answer"""

_HANDLERS: dict[type[Call], Handler] = {
    r.Retrieve: retrieve.retrieve,
    r.ListFiles: reading.list_files,
    r.Stat: reading.stat,
    r.Read: read.read,
    r.GroupBy: group.group_by,
    r.Join: join.join,
    r.Duplicates: duplicates.duplicates,
    r.History: reading.history,
    r.Diff: diff.diff,
    r.Translate: translate.translate,
    r.Log: reading.log,
    r.ListLinks: sharing.list_links,
    r.Events: watching.events,
    r.Summarize: summary.summarize,
    r.SummarizeChanges: summary_changes.summarize_changes,
    c.Create: changing.create,
    c.Write: changing.write,
    c.Touch: changing.touch,
    c.Concat: changing.concat,
    c.Copy: changing.copy,
    c.Move: changing.move,
    c.Delete: changing.delete,
    c.Tag: changing.tag,
    c.Untag: changing.untag,
    c.Lock: changing.lock,
    c.Unlock: changing.unlock,
    c.Rollback: past.rollback,
    c.Undo: past.undo,
    c.Snapshot: past.snapshot,
    c.Forget: past.forget,
    c.CollectGarbage: past.collect_garbage,
    c.Link: sharing.link,
    c.Unlink: sharing.unlink,
    c.Watch: watching.watch,
    c.Unwatch: watching.unwatch,
}

_ON_THEIR_OWN: frozenset[type[Call]] = frozenset({c.Undo, c.Forget, c.CollectGarbage, c.Link, c.Unlink, c.Watch, c.Unwatch})
"""Changing calls that bring their own transaction, or need none."""


def handler_of(call: type[Call]) -> Handler:
    """Return the function that runs calls of this type.

    Raises:
        BadRequest: the engine does not run it (mount and unmount belong to the lifecycle commands).
    """
    if call not in _HANDLERS:
        raise BadRequest(f"`{call.syscall}` is not run by the engine; use the command of that name")
    return _HANDLERS[call]


def is_transactional(call: Call) -> bool:
    """Tell whether the call runs inside the plan's transaction."""
    return type(call) in _HANDLERS and call.reach.rank > 0 and type(call) not in _ON_THEIR_OWN
