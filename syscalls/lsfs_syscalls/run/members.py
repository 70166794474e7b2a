"""The files that a call works on, as they are now: what is gone or is no file by the time is named, not passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsfs.model import Entry, Kind, RelPath, show
from lsfs_syscalls.calls.record import Files
from lsfs_syscalls.run.context import Context

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Members:
    """Files that are there, and what has to be said of the others."""

    entries: tuple[Entry, ...]
    notices: tuple[str, ...]

    @property
    def paths(self) -> tuple[RelPath, ...]:
        """Their paths."""
        return tuple(e.path for e in self.entries)


def members(ctx: Context, files: Files = (), *, path: str | None = None, under: str | None = None) -> Members:
    """Return the files of a call, those below a folder that is named; all files of the root where it names none.

    Raises:
        NotFound: `under` names no folder.
    """
    if files or path is not None or under is not None:
        named = ctx.files(files, path=path, under=under)
        return present(ctx, list(dict.fromkeys(f for p in named for f in (ctx.below(p) if ctx.is_folder(p) else [p]))))
    return present(ctx, ctx.below(RelPath(b"")))


def present(ctx: Context, paths: Sequence[RelPath]) -> Members:
    """Return those of `paths` that are files now."""
    found = [(p, ctx.live(p)) for p in paths]
    entries = tuple(e for _, e in found if e is not None and e.kind is Kind.FILE)
    gone = [p for p, e in found if e is None]
    notices = (_said(gone, "not there any more"),) if gone else ()
    return Members(entries, notices)


def _said(paths: Sequence[RelPath], what: str) -> str:
    named = ", ".join(show(p) for p in paths[:_NAMED]) + (" …" if len(paths) > _NAMED else "")
    return f"{len(paths)} {'file is' if len(paths) == 1 else 'files are'} {what}: {named}"
