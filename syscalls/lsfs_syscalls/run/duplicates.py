"""duplicates: files that are the same, nearly the same, or contained in others, with what could go and what that saves.

Exact by the content's digest; near by shared shingles of the text; contained, where it is asked for, by shingles (text in text)
and by rows (tables in tables). Nothing is deleted here: `delete` names what the others make superfluous. All of them together
can be followed: what one group keeps no other deletes, and nothing is superfluous because of a file that goes itself.
"""

from __future__ import annotations

import math
import os
import re
from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from lsfs.model import Entry, Fid, RelPath, Version, path_json, show
from lsfs.text.families import extension, extensions_of
from lsfs_syscalls.calls.reading import Duplicates
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.contents import is_table, scans_of
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.members import members
from lsfs_syscalls.run.near import Alike, alike
from lsfs_syscalls.run.shingles import Hashes, shingles
from lsfs_syscalls.run.table_containment import contained
from lsfs_syscalls.run.table_scan import Scan

NEAR = 0.5
"""Shared part of all shingles (of three words) from which two texts are near duplicates: edited copies in the example library
have 0.59 and more, unrelated texts 0.38 and less."""
CONTAINED = 0.9
"""Part of a text's shingles that another has, from which the text is contained in it."""
_LEAST_SHINGLES = 8
_MOST_SHINGLES = 40_000_000
_COPY = re.compile(r"(?i)\bcopy\b|\bkopie\b|\(\d+\)|~|\bbackup\b|\bold\b|\.bak\b")


_CERTAINTY = ("exact", "contained", "near")


@dataclass(frozen=True, slots=True)
class Found:
    """A group of duplicates; the first file is the one to keep.

    Attributes:
        delete: those of the others that can go.
        lossless: the first file has everything that the others have.
    """

    kind: str
    files: tuple[Entry, ...]
    score: float
    why: str
    delete: tuple[Entry, ...] = ()
    lossless: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return the contract's object."""
        gone: list[Json] = [path_json(e.path)["path"] for e in self.delete]
        return {
            "kind": self.kind,
            "files": [path_json(e.path)["path"] for e in self.files],
            "score": round(self.score, 3),
            "saves": self.saves,
            "delete": gone,
            "why": self.why,
        }

    @property
    def saves(self) -> int:
        """Bytes that deleting what can go would free."""
        return sum(e.size for e in self.delete)


def duplicates(ctx: Context, call: Duplicates) -> Answer:
    """Find duplicates among files, below a folder, or in the whole tree."""
    chosen = members(ctx, call.files, under=call.under)
    kinds = extensions_of(call.type) if call.type else None
    entries = [e for e in chosen.entries if e.size and (kinds is None or extension(e.path) in kinds)]
    versions = {e.fid: ctx.engine.versions.version_by_id(e.version) for e in entries}
    exact, single = _exact(entries, versions)
    notices = list(chosen.notices)
    inside, pairs = _tables(ctx, single, versions, exact) if call.containment else ([], set[frozenset[Fid]]())
    found = _settled([*exact, *_alike(ctx, single, versions, call, notices, pairs), *inside])
    found.sort(key=lambda f: (-f.saves, f.files[0].path))
    body: dict[str, Json] = {"duplicates": [f.to_json() for f in found], "saves": _saves(found)}
    files = dict.fromkeys(e.path for f in found for e in f.delete)
    return Answer({**body, "notices": list(notices), **ctx.fresh()}, tuple(files), found=bool(found))


def _saves(found: Sequence[Found]) -> int:
    """Return the bytes that deleting everything superfluous would free, each file counted once."""
    return sum({e.fid: e.size for f in found for e in f.delete}.values())


def _settled(found: Sequence[Found]) -> list[Found]:
    """Return the groups, the surest first, each with what can go when all are followed.

    A file that goes is no reason for another to go. One that is kept by a group stays in every other, but where all that it has
    is in a file that stays: then that one has what the group had too.
    """
    kept: set[Fid] = set()
    gone: set[Fid] = set()
    out = []
    for f in sorted(found, key=lambda f: (not f.lossless, _CERTAINTY.index(f.kind), -f.score, f.files[0].path)):
        first = f.files[0].fid
        can_go = tuple(e for e in f.files[1:] if f.lossless or e.fid not in kept) if first not in gone else ()
        if can_go:
            kept.add(first)
            gone |= {e.fid for e in can_go}
        out.append(replace(f, delete=can_go))
    return out


def _exact(entries: Sequence[Entry], versions: dict[Fid, Version]) -> tuple[list[Found], list[Entry]]:
    """Return the groups of equal files, and one file of each content (hard links are one file)."""
    by_content: dict[bytes, dict[Fid, Entry]] = defaultdict(dict)
    for e in entries:
        digest = versions[e.fid].digest
        by_content[digest if digest is not None else b"fid %d" % e.fid].setdefault(e.fid, e)
    groups = [sorted(g.values(), key=_original) for g in by_content.values()]
    found = [
        Found("exact", tuple(g), 1.0, f"{len(g)} files with the same {g[0].size} bytes", lossless=True)
        for g in groups
        if len(g) > 1
    ]
    return found, [g[0] for g in groups]


def _original(e: Entry) -> tuple[bool, int, int, bytes]:
    """Sort what looks like the original first: no "copy" in its name, the shorter path, the older file."""
    return (bool(_COPY.search(show(e.path))), e.path.count(b"/"), e.mtime_ns, e.path)


# Texts


def _alike(
    ctx: Context,
    entries: Sequence[Entry],
    versions: dict[Fid, Version],
    call: Duplicates,
    notices: list[str],
    inside: Set[frozenset[Fid]],
) -> list[Found]:
    """Return texts that are near duplicates or contained, but for pairs of tables of which one is `inside` the other."""
    near = NEAR if call.threshold is None else call.threshold
    newest = sorted(entries, key=lambda e: (-e.mtime_ns, e.path))
    sets = _shingles(ctx, newest, notices)
    asked = min(near, CONTAINED) if call.containment else near
    pairs = alike(sets, threshold=asked, least_shingles=_LEAST_SHINGLES)
    close = [p for p in pairs if p.resemblance >= near and frozenset((newest[p.a].fid, newest[p.b].fid)) not in inside]
    found = _near_groups(newest, close)
    if call.containment:
        parts = [p for p in pairs if p.resemblance < near and max(p.a_in_b, p.b_in_a) >= CONTAINED]
        found += _contained_texts(newest, parts, versions)
    return found


def _shingles(ctx: Context, entries: Sequence[Entry], notices: list[str]) -> list[Hashes]:
    """Return the shingles of each text; of very many texts a consistent sample, so that memory stays bounded."""
    expected = sum(min(e.size, 1 << 25) for e in entries) / 6
    shift = max(0, math.ceil(math.log2(max(expected / _MOST_SHINGLES, 1e-9))))
    mask = np.uint64((1 << shift) - 1)
    if shift:
        notices.append(f"very much text: near duplicates were found on one in {1 << shift} of its passages")
    out = []
    for e in entries:
        found = shingles(ctx.text(e.fid) or "")
        out.append(found[(found & mask) == 0] if shift else found)
    return out


def _near_groups(entries: Sequence[Entry], pairs: Sequence[Alike]) -> list[Found]:
    """Return a group for each file that has near duplicates left, each file in one group.

    The newest is first, but for one that nearly all of is in another that has more.
    """
    partners: dict[int, dict[int, float]] = defaultdict(dict)
    smaller: set[int] = set()
    for p in pairs:
        partners[p.a][p.b] = partners[p.b][p.a] = p.resemblance
        if max(p.a_in_b, p.b_in_a) >= CONTAINED > min(p.a_in_b, p.b_in_a):
            smaller.add(p.a if p.a_in_b > p.b_in_a else p.b)
    grouped: set[int] = set()
    found = []
    for i in sorted(partners, key=lambda i: (i in smaller, i)):
        others = {j: s for j, s in partners[i].items() if j not in grouped}
        if i in grouped or not others:
            continue
        grouped |= {i, *others}
        ordered = sorted(others, key=lambda j: (-others[j], entries[j].path))
        lowest = min(others.values())
        first = "newest" if i < min(others) else "fullest"
        why = f"{lowest:.0%} of their passages are the same; the {first} is first"
        found.append(Found("near", (entries[i], *(entries[j] for j in ordered)), lowest, why))
    return found


def _contained_texts(entries: Sequence[Entry], pairs: Sequence[Alike], versions: dict[Fid, Version]) -> list[Found]:
    """Return each text that is contained in a larger one, with the one that has most of it."""
    best: dict[int, tuple[float, int]] = {}
    for p in pairs:
        inner, outer, part = (p.a, p.b, p.a_in_b) if p.a_in_b >= p.b_in_a else (p.b, p.a, p.b_in_a)
        if is_table(versions[entries[inner].fid]) and is_table(versions[entries[outer].fid]):
            continue
        best[inner] = max(best.get(inner, (0.0, -1)), (part, outer))
    return [
        Found("contained", (entries[o], entries[i]), part, f"{part:.0%} of {_name(entries[i])} is in {_name(entries[o])}")
        for i, (part, o) in sorted(best.items())
    ]


def _name(e: Entry) -> str:
    return show(RelPath(os.path.basename(e.path)))


# Tables


def _tables(
    ctx: Context, entries: Sequence[Entry], versions: dict[Fid, Version], before: Sequence[Found]
) -> tuple[list[Found], set[frozenset[Fid]]]:
    """Return each file with tables whose every row is in another file, with the largest such file; and all such pairs."""
    known = {e.fid for f in before if f.kind == "exact" for e in f.files[1:]}
    chosen = [e for e in entries if is_table(versions[e.fid]) and e.fid not in known]
    units: list[tuple[int, Scan]] = []
    for i, e in enumerate(chosen):
        units += [(i, s) for s in scans_of(ctx, versions[e.fid])]
    inside: dict[tuple[int, int], dict[int, tuple[int, int]]] = defaultdict(dict)
    for c in contained([s for _, s in units]):
        inner, outer = units[c.inner][0], units[c.outer][0]
        if inner != outer:
            inside[inner, outer][c.inner] = (c.rows, c.columns)
    parts = [sum(1 for j, _ in units if j == i) for i in range(len(chosen))]
    broken = {i for i, s in units if s.broken}  # what is in their broken rows would be lost with them
    whole = {pair: found for pair, found in inside.items() if len(found) == parts[pair[0]] and pair[0] not in broken}
    found = [f for i in range(len(chosen)) if (f := _in_largest(chosen, i, whole)) is not None]
    return found, {frozenset((chosen[i].fid, chosen[o].fid)) for i, o in whole}


def _in_largest(chosen: Sequence[Entry], i: int, whole: dict[tuple[int, int], dict[int, tuple[int, int]]]) -> Found | None:
    """Return the file with the largest one that contains it; of two that contain each other, the older goes."""
    outers = [o for (inner, o) in whole if inner == i and ((o, i) not in whole or _keeps(chosen[o], chosen[i]))]
    if not outers:
        return None
    outer = max(outers, key=lambda o: (sum(1 for (_, x) in whole if x == o), chosen[o].size, chosen[o].path))
    found = whole[i, outer]
    rows, columns = sum(r for r, _ in found.values()), max(c for _, c in found.values())
    why = f"all {rows} rows and {columns} columns of {_name(chosen[i])} are in {_name(chosen[outer])}"
    return Found("contained", (chosen[outer], chosen[i]), 1.0, why, lossless=True)


def _keeps(a: Entry, b: Entry) -> bool:
    return (a.mtime_ns, a.path) > (b.mtime_ns, b.path)
