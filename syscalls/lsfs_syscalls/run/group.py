"""group_by: every file of a set in exactly one group, by a property of the file."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from lsfs.errors import BadRequest
from lsfs.model import Entry, path_json
from lsfs_syscalls.calls.reading import GroupBy
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.join import stem, without_vectors
from lsfs_syscalls.run.keys import KEYS, NONE, PERIODS
from lsfs_syscalls.run.members import Members, members
from lsfs_syscalls.run.phrases import by_phrase
from lsfs_syscalls.run.topics import OTHER, Described, clusters, names, sampled

_TOPIC = re.compile(r"(?:(\d+) )?(?:topics?|subjects?|themes?)")


def group_by(ctx: Context, call: GroupBy) -> Answer:
    """Group files; the label of a file with several values of a property names them all."""
    chosen = members(ctx, call.files, under=call.under)
    key = " ".join(call.key.lower().split()).removeprefix("by ").removeprefix("the ")
    topics = _TOPIC.fullmatch(key)
    if topics:
        wanted = int(topics[1]) if topics[1] else None
        if wanted == 0:
            raise BadRequest("files cannot be put into no groups; ask for 1 topic or more, or leave the number out")
        return by_topic(ctx, chosen, wanted)
    label = KEYS.get(key)
    if label is not None:
        labels = {e.fid: label(ctx, e) for e in chosen.entries}
        return _answer(ctx, chosen, key, [labels[e.fid] for e in chosen.entries], {})
    found = by_phrase(ctx, chosen.entries, key)
    how: dict[str, Json] = {"by": dict(Counter(w for _, w in found.labels if w))}
    told = Members(chosen.entries, (*chosen.notices, *found.notices))
    return _answer(ctx, told, key, [value for value, _ in found.labels], how)


def _answer(ctx: Context, chosen: Members, key: str, labels: Sequence[str], more: dict[str, Json]) -> Answer:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for e, label in zip(chosen.entries, labels, strict=True):
        groups[label].append(e)
    in_time = key in PERIODS
    ordered = sorted(groups.items(), key=lambda g: (g[0] == NONE, g[0] if in_time else (-len(g[1]), g[0].lower())))
    body: list[Json] = [{"label": name, "files": [path_json(e.path)["path"] for e in inside]} for name, inside in ordered]
    return _grouped(ctx, chosen, key, body, more)


def _grouped(ctx: Context, chosen: Members, key: str, body: list[Json], more: dict[str, Json]) -> Answer:
    out: dict[str, Json] = {"groups": body, "key": key, "total": len(chosen.entries), **more}
    return Answer({**out, "notices": list(chosen.notices), **ctx.fresh()}, chosen.paths, found=bool(chosen.entries))


def by_topic(ctx: Context, chosen: Members, wanted: int | None = None) -> Answer:
    """Group files by what they are about; files without vectors, and those that fit nowhere, are "other"."""
    entries = chosen.entries
    known, vectors = ctx.engine.texts.mean_vectors([e.fid for e in entries])
    labels: dict[int, int] = dict.fromkeys((e.fid for e in entries), -1)
    if known:
        labels.update(zip(known, clusters(vectors, wanted).tolist(), strict=True))
    named = _names(ctx, entries, [labels[e.fid] for e in entries])
    inside: dict[int, list[Json]] = defaultdict(list)
    for e in entries:
        inside[labels[e.fid]].append(path_json(e.path)["path"])
    ordered = sorted(inside.items(), key=lambda g: (g[0] < 0, -len(g[1]), named[g[0]]))
    body: list[Json] = [{"label": named[label], "files": files} for label, files in ordered]
    said = tuple(str(n) for n in without_vectors(len({e.fid for e in entries}) - len(known), f"in “{OTHER}”"))
    return _grouped(ctx, replace(chosen, notices=(*chosen.notices, *said)), "topic", body, {})


def _names(ctx: Context, entries: Sequence[Entry], labels: Sequence[int]) -> dict[int, str]:
    places = sampled(labels)
    titles = ctx.engine.attributes.of([entries[i].fid for i in places])
    described = [
        Described(ctx.text(e.fid) or "", " ".join([stem(e.path), *titles.get(e.fid, {}).get("title", [])]))
        for e in (entries[i] for i in places)
    ]
    return names(described, [labels[i] for i in places])
