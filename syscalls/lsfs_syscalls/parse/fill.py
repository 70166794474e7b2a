"""What the builders of calls share: reading slots as times and numbers, and the builders that need nothing of their own."""

from __future__ import annotations

from typing import Any

from lsfs_syscalls.parse import values
from lsfs_syscalls.parse.assemble import Assembly, Builder
from lsfs_syscalls.parse.clause import Clause
from lsfs_syscalls.parse.filters import point_arg, span_args


def given(**args: Any) -> dict[str, Any]:
    """Return the arguments that have a value."""
    return {k: v for k, v in args.items() if v not in (None, "", ())}


def stretch(a: Assembly, c: Clause) -> dict[str, Any]:
    """Return `since` and `until` of the stretch of time that the clause names."""
    return span_args(next(iter(c.all("WHEN")), None), a.now)


def point(a: Assembly, c: Clause, *, first: bool = False) -> str | None:
    """Return the point in time that the clause names."""
    return point_arg(c.first("AT") or c.first("WHEN"), a.now, first=first)


def number_in(c: Clause, name: str) -> int | None:
    """Return the number in a slot."""
    return values.number(c.first(name) or "")


def each_path(syscall: str) -> Builder:
    """Return a builder for calls with nothing but a path: one step for every path that is named."""

    def build(a: Assembly, c: Clause) -> None:
        paths = a.paths(c)
        for path in paths if len(paths) > 1 else [a.one_path(c)]:
            a.push(syscall, {"path": path})

    return build


def bare(syscall: str) -> Builder:
    """Return the builder of calls without arguments."""

    def build(a: Assembly, _: Clause) -> None:
        a.push(syscall, {})

    return build


def on_files(syscall: str) -> Builder:
    """Return the builder of calls whose only arguments are the files."""

    def build(a: Assembly, c: Clause) -> None:
        a.push(syscall, a.files(c))

    return build
