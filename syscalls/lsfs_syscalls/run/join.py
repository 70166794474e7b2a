"""join: pairs of files of two sets, by content, by name, by mention, or by an attribute or column with the same values."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from lsfs.embed.embedder import Vectors
from lsfs.model import Entry, Kind, RelPath, path_json, show
from lsfs_syscalls.calls.reading import Join
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.contents import tables_of
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.joined import Joined, Side, join_rows, stacked
from lsfs_syscalls.run.members import present
from lsfs_syscalls.run.tables import plain

CONTENT_THRESHOLD = 0.55
"""Cosine of two files' mean vectors above which they count as about the same thing. On the example library, where files that
answer the same labelled search are related: precision 0.62 and recall 0.23, the highest F0.5 of 0.40 to 0.70."""
MOST_PAIRS = 10_000
MOST_JOINED = 100
"""Pairs whose tables are put side by side."""
_MOST_SHARED = 3
_LEAST_NAME = 4
_LOOKED_AT = 200
_NAMED = 12
SIDES = ("left", "right")

Pair = tuple[float, RelPath, RelPath, str]
Values = Mapping[RelPath, Mapping[str, str]]
"""The values of each file: folded -> as written."""


def join(ctx: Context, call: Join) -> Answer:
    """Pair the files of two sets, best pairs first; a file is never paired with itself."""
    left, right = present(ctx, ctx.set(call.left)), present(ctx, ctx.set(call.right))
    a, b = left.entries, right.entries
    notices: list[Json] = [*left.notices, *right.notices]
    threshold = call.threshold
    on = call.on.strip().lower()
    if on in ("content", "meaning", "topic"):
        pairs = by_content(ctx, a, b, CONTENT_THRESHOLD if threshold is None else threshold, notices)
    elif on in ("name", "stem", "filename"):
        pairs = by_values({e.path: {stem(e.path): stem(e.path)} for e in a}, {e.path: {stem(e.path): stem(e.path)} for e in b})
    elif on in ("mention", "mentions", "reference"):
        pairs = by_mention(ctx, a, b)
    else:
        values = _values(ctx, a, call.on), _values(ctx, b, call.on)
        notices += [
            _missing(ctx, side, entries, call.on) for side, entries, v in zip(SIDES, (a, b), values, strict=True) if not v
        ]
        pairs = by_values(*values)
    pairs = sorted((p for p in pairs if threshold is None or p[0] >= threshold), key=lambda p: (-p[0], p[1], p[2]))
    shown: list[Json] = [_pair_json(p) for p in pairs[:MOST_PAIRS]]
    files = dict.fromkeys(f for p in pairs for f in (p[1], p[2]))
    body: dict[str, Json] = {"pairs": shown, "total": len(pairs)}
    if call.table:
        body["table"] = as_table(ctx, pairs, call.on, notices)
    body["notices"] = notices
    return Answer({**body, **ctx.fresh()}, tuple(files), found=bool(pairs))


def _pair_json(pair: Pair) -> dict[str, Json]:
    score, left, right, why = pair
    return {"left": path_json(left)["path"], "right": path_json(right)["path"], "score": round(score, 3), "why": why}


def as_table(ctx: Context, pairs: Sequence[Pair], field: str, notices: list[Json]) -> dict[str, Json]:
    """Return the joined rows of the files' tables where both have the column, else the pairs themselves."""
    parts = [(show(a), show(b), j) for _, a, b, _ in pairs[:MOST_JOINED] for j in _joined(ctx, a, b, field)]
    if not parts:
        rows: list[Json] = [[show(a), show(b), f"{score:.3f}", why] for score, a, b, why in pairs[:MOST_PAIRS]]
        return {"columns": ["left", "right", "score", "why"], "rows": rows}
    if len(pairs) > MOST_JOINED:
        notices.append(f"the tables of the first {MOST_JOINED} of {len(pairs)} pairs were joined")
    whole = parts[0][2] if len(parts) == 1 else stacked(parts)
    if whole.total > len(whole.rows):
        notices.append(f"{whole.total} rows; the first {len(whole.rows)} are told")
    return {"columns": [*whole.columns], "rows": [[*row] for row in whole.rows]}


def _joined(ctx: Context, left: RelPath, right: RelPath, field: str) -> list[Joined]:
    """Return the joins of the tables of two files that have the column."""
    sides = [_with_column(ctx, path, field) for path in (left, right)]
    return [join_rows(a, b, field) for a in sides[0] for b in sides[1]]


def _with_column(ctx: Context, path: RelPath, field: str) -> list[Side]:
    entry = ctx.live(path)
    tables = [] if entry is None else tables_of(ctx, ctx.engine.versions.version_by_id(entry.version))
    return [Side(t, t.name or stem(path)) for t in tables if t.column(field) is not None]


# Content


def by_content(
    ctx: Context, left: Sequence[Entry], right: Sequence[Entry], threshold: float, notices: list[Json]
) -> list[Pair]:
    """Pair files whose mean vectors are alike; O(left x right) multiplications, a block of the left at a time."""
    lefts, a = _vectors(ctx, left)
    rights, b = _vectors(ctx, right)
    missing = {e.path for e in (*left, *right)} - {*lefts, *rights}
    notices += without_vectors(len(missing), "not compared")
    out: list[Pair] = []
    for at in range(0, len(lefts) if rights else 0, 1024):
        scores = a[at : at + 1024] @ b.T
        rows, columns = np.nonzero(scores >= threshold)
        out += [(float(scores[i, j]), lefts[at + i], rights[j], "about the same") for i, j in zip(rows, columns, strict=True)]
    return _distinct(out)


def without_vectors(count: int, what: str) -> list[Json]:
    """Say of how many files the content is not known, and what that means here."""
    return [f"{count} file{' has' if count == 1 else 's have'} no text, or no vectors yet: {what}"] if count else []


def _vectors(ctx: Context, entries: Sequence[Entry]) -> tuple[list[RelPath], Vectors]:
    """Return the files that have vectors and their mean vectors, float32 [n, d], unit rows."""
    known, vectors = ctx.engine.texts.mean_vectors([e.fid for e in entries])
    path_of = {e.fid: e.path for e in entries}
    return [path_of[fid] for fid in known], vectors


def _distinct(pairs: Iterable[Pair]) -> list[Pair]:
    """Leave out a file with itself, and the second of two pairs that differ in order only."""
    seen: set[tuple[RelPath, RelPath]] = set()
    out = []
    for score, a, b, why in pairs:
        if a == b or (b, a) in seen or (a, b) in seen:
            continue
        seen.add((a, b))
        out.append((score, a, b, why))
    return out


# Shared values


def by_values(left: Values, right: Values) -> list[Pair]:
    """Pair files that share values (a hash join); the score is the shared part of the smaller one's values."""
    holders: dict[str, list[RelPath]] = defaultdict(list)
    for path, values in right.items():
        for value in values:
            holders[value].append(path)
    out: list[Pair] = []
    for path, values in left.items():
        shared: Counter[RelPath] = Counter(b for v in values for b in holders.get(v, ()) if b != path)
        for other, count in shared.items():
            least = min(len(values), len(right[other]))
            out.append((count / least, path, other, _why(values, right[other], count, least)))
    return _distinct(out)


def _why(a: Mapping[str, str], b: Mapping[str, str], count: int, least: int) -> str:
    examples = [a[v] for v in a if v in b][:_MOST_SHARED]
    named = ", ".join(x[:60] for x in examples) + (" …" if count > len(examples) else "")
    return named if least == 1 else f"{count} of {least} values: {named}"


def _values(ctx: Context, entries: Sequence[Entry], field: str) -> dict[RelPath, dict[str, str]]:
    """Return each file's values of an attribute, or of a column of its tables, whichever it has."""
    attributes = ctx.engine.attributes.of([e.fid for e in entries])
    out: dict[RelPath, dict[str, str]] = {}
    for e in entries:
        known = attributes.get(e.fid, {})
        found = [v for name, values in known.items() if plain(name) == plain(field) for v in values]
        if not found:
            found = column_values(ctx, e, field)
        values = {v.strip().casefold(): v.strip() for v in found if v.strip()}
        if values:
            out[e.path] = values
    return out


def _missing(ctx: Context, side: str, entries: Sequence[Entry], field: str) -> str:
    """Say that no file of a side has an attribute or column, and which ones there are."""
    attributes = ctx.engine.attributes.of([e.fid for e in entries[:_LOOKED_AT]])
    there = Counter(name for known in attributes.values() for name in (*known, *known.get("column", ())) if name != "column")
    named = ", ".join(name for name, _ in there.most_common(_NAMED))
    return f"no file on the {side} has “{field}”" + (f"; there are {named}" if named else "")


def column_values(ctx: Context, e: Entry, column: str) -> list[str]:
    """Return the values of a column in the tables of a file."""
    tables = tables_of(ctx, ctx.engine.versions.version_by_id(e.version))
    return [v for t in tables for v in t.column(column) or ()]


def stem(path: RelPath) -> str:
    """Return a file's name without folders, ending, case and separators: `Final_Report-v2.PDF` is `final report v2`."""
    name = os.path.splitext(os.path.basename(show(path)))[0]
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


# Mention


def by_mention(ctx: Context, left: Sequence[Entry], right: Sequence[Entry]) -> list[Pair]:
    """Pair a file with those of the right set that its text names, by file name or by title."""
    titles = ctx.engine.attributes.of([e.fid for e in right])
    names = {b.path: _names(b.path, titles.get(b.fid, {}).get("title", [])) for b in right if b.kind is Kind.FILE}
    out: list[Pair] = []
    for a in left:
        text = " ".join((ctx.text(a.fid) or "").lower().split())
        for b, wanted in names.items():
            named = next((n for n in wanted if _occurs(n, text)), None) if b != a.path and text else None
            if named is not None:
                out.append((1.0, a.path, b, f"names “{named}”"))
    return out


def _names(path: RelPath, titles: Sequence[str]) -> list[str]:
    """Return what a text can call a file: its name, its title, and its stem where that is more than one plain word."""
    name = os.path.basename(show(path)).lower()
    bare = os.path.splitext(name)[0]
    stems = [bare] if len(bare) >= 8 and re.search(r"[-_ .\d]", bare) else []
    long_titles = [" ".join(t.lower().split()) for t in titles if len(t) > 8 and " " in t.strip()]
    return [n for n in dict.fromkeys([name, *long_titles, *stems]) if len(n) >= _LEAST_NAME]


def _occurs(name: str, text: str) -> bool:
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
