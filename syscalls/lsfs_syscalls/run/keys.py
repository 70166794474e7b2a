"""The fixed keys of group_by: a label of a file by its type, author, folder, tag or time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from lsfs.model import Entry, show
from lsfs.text.families import extension
from lsfs_syscalls import times
from lsfs_syscalls.run.context import Context

_ADDRESS = re.compile(r"\s*<[^<>\s]+@[^<>\s]+>$")
NONE = "(none)"
"""The label of files that do not have the property."""

KeyOf = Callable[[Context, Entry], str]


def _type(_: Context, e: Entry) -> str:
    return extension(e.path) or NONE


def _directory(_: Context, e: Entry) -> str:
    return show(os.path.dirname(e.path)) or "."


def _tag(ctx: Context, e: Entry) -> str:
    return ", ".join(sorted(ctx.engine.versions.tags(e.fid))) or NONE


def bare(value: str) -> str:
    """Return a person without the mail address behind the name, so that mails and documents come together."""
    return _ADDRESS.sub("", value).strip().strip('"') or value


def attribute(field: str) -> KeyOf:
    """Return the key that labels a file with its values of an attribute."""

    def label(ctx: Context, e: Entry) -> str:
        return ", ".join(dict.fromkeys(bare(v) for v in ctx.engine.attributes.get(e.fid).get(field, []))) or NONE

    return label


def _period(form: Callable[[datetime], str]) -> KeyOf:
    def label(ctx: Context, e: Entry) -> str:
        return form(times.from_ns(e.mtime_ns, ctx.now.tzinfo))

    return label


def _week(t: datetime) -> str:
    monday = t - timedelta(days=t.weekday())
    return f"{t:%G-W%V} (from {monday:%Y-%m-%d})"


PERIODS: dict[str, KeyOf] = {
    "day": _period(lambda t: f"{t:%Y-%m-%d}"),
    "week": _period(_week),
    "month": _period(lambda t: f"{t:%Y-%m}"),
    "year": _period(lambda t: f"{t:%Y}"),
}
"""Keys by modification time, in the order of time."""

KEYS: dict[str, KeyOf] = {
    "type": _type,
    "extension": _type,
    "file type": _type,
    "author": attribute("author"),
    "authors": attribute("author"),
    "language": attribute("language"),
    "directory": _directory,
    "folder": _directory,
    "tag": _tag,
    "tags": _tag,
    "date": PERIODS["day"],
    **PERIODS,
}
