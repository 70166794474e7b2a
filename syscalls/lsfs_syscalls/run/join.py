"""join: pairs of files of two sets, by content, by name, by mention or by an attribute they share."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from lsfs.model import RelPath, path_json, show
from lsfs_syscalls.calls.reading import Join
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.reading import entries_of

CONTENT_THRESHOLD = 0.55
"""Cosine of two files' mean vectors above which they count as about the same thing."""
MOST_PAIRS = 10_000

Pair = tuple[float, RelPath, RelPath, str]


def join(ctx: Context, call: Join) -> Answer:
    """Pair the files of two sets, best pairs first; a file is never paired with itself."""
    left, right = ctx.set(call.left), ctx.set(call.right)
    threshold = call.threshold
    if call.on == "content":
        pairs = by_content(ctx, left, right, CONTENT_THRESHOLD if threshold is None else threshold)
    elif call.on == "name":
        pairs = by_key(left, right, lambda p: [stem(p)])
    elif call.on == "mention":
        pairs = by_mention(ctx, left, right)
    else:
        pairs = by_key(left, right, lambda p: _attribute(ctx, p, call.on))
    pairs = [p for p in pairs if threshold is None or p[0] >= threshold]
    pairs.sort(key=lambda p: (-p[0], p[1], p[2]))
    shown: list[Json] = [_pair_json(p) for p in pairs[:MOST_PAIRS]]
    files = dict.fromkeys(f for p in pairs for f in (p[1], p[2]))
    return Answer({"pairs": shown, "total": len(pairs), **ctx.fresh()}, tuple(files), found=bool(pairs))


def _pair_json(pair: Pair) -> dict[str, Json]:
    score, left, right, why = pair
    return {"left": path_json(left)["path"], "right": path_json(right)["path"], "score": round(score, 3), "why": why}


def by_content(ctx: Context, left: list[RelPath], right: list[RelPath], threshold: float) -> list[Pair]:
    """Pair files whose mean vectors are alike; O(left x right) multiplications."""
    lefts, a = _vectors(ctx, left)
    rights, b = _vectors(ctx, right)
    if not lefts or not rights:
        return []
    scores = a @ b.T
    rows, columns = np.nonzero(scores >= threshold)
    found = ((float(scores[i, j]), lefts[i], rights[j], "content") for i, j in zip(rows, columns, strict=True))
    return _distinct(found)


def _vectors(ctx: Context, paths: list[RelPath]) -> tuple[list[RelPath], np.ndarray]:
    """Return the files that have vectors and their mean vectors, float32 [n, d], unit rows."""
    entries = entries_of(ctx, paths)
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


def stem(path: RelPath) -> str:
    """Return a file's name without folders, ending, case and separators: `Final_Report-v2.PDF` is `final report v2`."""
    name = os.path.splitext(os.path.basename(show(path)))[0]
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def by_key(left: list[RelPath], right: list[RelPath], keys: Callable[[RelPath], Iterable[str]]) -> list[Pair]:
    """Pair files that share a key (a hash join)."""
    table: dict[str, list[RelPath]] = defaultdict(list)
    for path in right:
        for key in keys(path):
            table[key].append(path)
    found = ((1.0, a, b, key) for a in left for key in keys(a) if key for b in table.get(key, ()))
    return _distinct(found)


def _attribute(ctx: Context, path: RelPath, field: str) -> list[str]:
    entry = ctx.engine.versions.live(path)
    values = ctx.engine.attributes.get(entry.fid).get(field, []) if entry else []
    return [v.strip().lower() for v in values]


def by_mention(ctx: Context, left: list[RelPath], right: list[RelPath]) -> list[Pair]:
    """Pair a file with those of the right set that its text names, by file name or by title."""
    names: dict[RelPath, list[str]] = {b: _names(ctx, b) for b in right}
    out: list[Pair] = []
    for a in left:
        entry = ctx.engine.versions.live(a)
        text = (ctx.text(entry.fid) or "").lower() if entry else ""
        for b, wanted in names.items():
            named = next((n for n in wanted if _occurs(n, text)), None)
            if named and a != b:
                out.append((1.0, a, b, f"names “{named}”"))
    return out


def _names(ctx: Context, path: RelPath) -> list[str]:
    name = os.path.basename(show(path)).lower()
    entry = ctx.engine.versions.live(path)
    titles = ctx.engine.attributes.get(entry.fid).get("title", []) if entry else []
    return [name, *(t.lower() for t in titles if len(t) > 8)]


def _occurs(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
