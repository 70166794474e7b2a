"""The table: every call by its name. Whatever speaks of calls (command line, schemas, MCP, documentation) is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lsfs.errors import BadRequest
from lsfs_syscalls.calls.changing import (
    CollectGarbage,
    Concat,
    Copy,
    Create,
    Delete,
    Forget,
    Link,
    Lock,
    Mount,
    Move,
    Rollback,
    Snapshot,
    Tag,
    Touch,
    Undo,
    Unlink,
    Unlock,
    Unmount,
    Untag,
    Unwatch,
    Watch,
    Write,
)
from lsfs_syscalls.calls.reading import (
    Diff,
    Duplicates,
    Events,
    GroupBy,
    History,
    Join,
    ListFiles,
    ListLinks,
    Log,
    Read,
    Retrieve,
    Stat,
    Summarize,
    SummarizeChanges,
    Translate,
)
from lsfs_syscalls.calls.record import Call

CALLS: Mapping[str, type[Call]] = MappingProxyType(
    {
        c.syscall: c
        for c in (
            Retrieve,
            ListFiles,
            Stat,
            Read,
            GroupBy,
            Join,
            Duplicates,
            Summarize,
            History,
            Diff,
            SummarizeChanges,
            Translate,
            Log,
            ListLinks,
            Events,
            Create,
            Write,
            Touch,
            Concat,
            Copy,
            Move,
            Delete,
            Rollback,
            Undo,
            Snapshot,
            Tag,
            Untag,
            Lock,
            Unlock,
            Link,
            Unlink,
            Watch,
            Unwatch,
            Forget,
            CollectGarbage,
            Mount,
            Unmount,
        )
    }
)
"""Every call, readers first."""


def call_from_json(syscall: str, args: Mapping[str, Any]) -> Call:
    """Return the call record.

    Raises:
        BadRequest: no such call, or its arguments are off.
    """
    if syscall not in CALLS:
        raise BadRequest(f"there is no call `{syscall}`; there are {', '.join(CALLS)}")
    return CALLS[syscall].from_json(args)
