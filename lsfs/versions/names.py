"""Which file a word of a prompt can mean: candidates for a name as people write it, best first.

Pure ranking over names; it reads no content and does not decide, the caller asks when several fit.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from difflib import SequenceMatcher

from lsfs.model import FOREVER, Fid, RelPath

_SEPARATORS = str.maketrans("_-./", "    ")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that a name can mean.

    Attributes:
        score: 1 for the path itself, above 0.9 for its last part, less for what only resembles it.
        deleted: the name is not there any more.
    """

    path: RelPath
    fid: Fid
    score: float
    deleted: bool


def resolve(con: sqlite3.Connection, text: str, *, limit: int, deleted: bool) -> list[Candidate]:
    """Return up to `limit` candidates for `text`, best first; O(names)."""
    wanted = text.strip().strip("\"'`").rstrip("/").lower()
    if not wanted:
        return []
    found = []
    for path, fid, to_ns in con.execute(
        "SELECT path, fid, max(to_ns) FROM dentry GROUP BY path"
        if deleted
        else f"SELECT path, fid, to_ns FROM dentry WHERE to_ns={FOREVER}"
    ):
        score = _score(wanted, path.decode("utf-8", "replace").lower())
        if score:
            gone = to_ns != FOREVER
            found.append(Candidate(RelPath(path), Fid(fid), score - 0.05 * gone, gone))
    found.sort(key=lambda c: (-c.score, len(c.path), c.path))
    return found[:limit]


def _score(wanted: str, path: str) -> float:
    """Return 0 to 1, cheap tests first: a tree has many names and few of them resemble the word."""
    name = path.rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    if wanted == path:
        return 1.0
    if wanted == name or path.endswith("/" + wanted):
        return 0.97
    if wanted == stem:
        return 0.93
    words, asked = stem.translate(_SEPARATORS).split(), wanted.translate(_SEPARATORS).split()
    if (asked and words == asked) or " ".join(asked) in (" ".join(words), name.translate(_SEPARATORS)):
        return 0.9
    if set(asked) <= set(name.translate(_SEPARATORS).split()):
        return 0.8
    if wanted in name:
        return 0.7
    if set(asked) <= set(path.translate(_SEPARATORS).split()):
        return 0.65
    return _resemblance(wanted, stem if "." not in wanted else name)


def _resemblance(wanted: str, name: str) -> float:
    if abs(len(wanted) - len(name)) > 3 or not set(wanted[:3]) & set(name[:3]):
        return 0.0
    ratio = SequenceMatcher(None, wanted, name).ratio()
    return 0.6 * ratio if ratio >= 0.8 else 0.0
