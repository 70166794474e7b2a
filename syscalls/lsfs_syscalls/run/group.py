"""group_by: every file of a set in exactly one group, by a property of the file."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from lsfs.model import Entry, Kind, RelPath, path_json, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import GroupBy
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.reading import entries_of
from lsfs_syscalls.run.topics import clusters, names

NONE = "(none)"
"""The label of files that do not have the property."""

KeyOf = Callable[[Context, Entry], str]


def group_by(ctx: Context, call: GroupBy) -> Answer:
    """Group files; the label of a file with several values of a property names them all."""
    paths = ctx.files(call.files, under=call.under) if call.files or call.under is not None else ctx.below(RelPath(b""))
    entries = [e for e in entries_of(ctx, paths) if e.kind is Kind.FILE]
    key = call.key.strip().lower()
    if key in ("topic", "topics", "subject", "theme"):
        return by_topic(ctx, entries)
    label = _KEYS.get(key)
    groups: dict[str, list[Entry]] = defaultdict(list)
    for e in entries:
        groups[label(ctx, e) if label else _attribute(ctx, e, key)].append(e)
    in_time = key in _PERIODS
    ordered = sorted(groups.items(), key=lambda g: (g[0] == NONE, g[0] if in_time else (-len(g[1]), g[0].lower())))
    body: list[Json] = [{"label": name, "files": [path_json(e.path)["path"] for e in members]} for name, members in ordered]
    return Answer({"groups": body, "key": key, **ctx.fresh()}, tuple(e.path for e in entries), found=bool(entries))


def by_topic(ctx: Context, entries: list[Entry]) -> Answer:
    """Group files by what they are about; files without vectors, and those that fit nowhere, are "other"."""
    known, vectors = ctx.engine.texts.mean_vectors([e.fid for e in entries])
    labels: dict[int, int] = dict.fromkeys((e.fid for e in entries), -1)
    if known:
        labels.update(zip(known, clusters(vectors).tolist(), strict=True))
    named = names([(ctx.text(e.fid) or "")[:20_000] for e in entries], [labels[e.fid] for e in entries])
    members: dict[int, list[Json]] = defaultdict(list)
    for e in entries:
        members[labels[e.fid]].append(path_json(e.path)["path"])
    ordered = sorted(members.items(), key=lambda g: (g[0] < 0, -len(g[1]), named[g[0]]))
    body: list[Json] = [{"label": named[label], "files": files} for label, files in ordered]
    return Answer({"groups": body, "key": "topic", **ctx.fresh()}, tuple(e.path for e in entries), found=bool(entries))


def _type(ctx: Context, e: Entry) -> str:
    values = ctx.engine.attributes.get(e.fid).get("type", [])
    ending = os.path.splitext(show(e.path))[1].lower().removeprefix(".")
    return values[0] if values else ending or NONE


def _directory(_: Context, e: Entry) -> str:
    return show(os.path.dirname(e.path)) or "."


def _author(ctx: Context, e: Entry) -> str:
    return _attribute(ctx, e, "author")


def _tag(ctx: Context, e: Entry) -> str:
    return ", ".join(sorted(ctx.engine.versions.tags(e.fid))) or NONE


def _attribute(ctx: Context, e: Entry, field: str) -> str:
    values = ctx.engine.attributes.get(e.fid)
    found = values.get(field) or values.get(field + "s") or values.get(field.removesuffix("s")) or []
    return ", ".join(found) or NONE


def _period(form: Callable[[datetime], str]) -> KeyOf:
    def label(ctx: Context, e: Entry) -> str:
        return form(times.from_ns(e.mtime_ns, ctx.now.tzinfo))

    return label


def _week(t: datetime) -> str:
    monday = t - timedelta(days=t.weekday())
    return f"{t:%G-W%V} (from {monday:%Y-%m-%d})"


_PERIODS: dict[str, KeyOf] = {
    "day": _period(lambda t: f"{t:%Y-%m-%d}"),
    "week": _period(_week),
    "month": _period(lambda t: f"{t:%Y-%m}"),
    "year": _period(lambda t: f"{t:%Y}"),
}
_KEYS: dict[str, KeyOf] = {
    "type": _type,
    "author": _author,
    "directory": _directory,
    "folder": _directory,
    "tag": _tag,
    **_PERIODS,
}
