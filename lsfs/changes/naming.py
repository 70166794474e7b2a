"""Which transactions tell of files: those that changed or labelled them, and those whose prompt or plan names them.

Forgetting takes the words from all of them, because a prompt can quote what it is about.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from lsfs.model import show

TX_COLUMNS = "tx, at_ns, kind, state, actor, prompt, plan, undoes, end_ns, undone_by"
"""The columns of `tx` in the order of a BeginRecord."""

_TOUCHED = (
    "SELECT tx FROM effect WHERE before_fid=:fid OR after_fid=:fid UNION SELECT tx FROM tag WHERE fid=:fid "
    "UNION SELECT end_tx FROM tag WHERE fid=:fid UNION SELECT tx FROM version WHERE fid=:fid"
)
_AROUND = " \t\n\"'`“”‘’«»()[]{}<>,;:!?"


def told_in(con: sqlite3.Connection, fids: Sequence[int]) -> set[int]:
    """Return the ids of the transactions that tell of the files; bursts have no words."""
    touched = {row[0] for fid in fids for row in con.execute(_TOUCHED, {"fid": fid})}
    names = {
        n for fid in fids for row in con.execute("SELECT DISTINCT path FROM dentry WHERE fid=?", (fid,)) for n in _ways(row[0])
    }
    rows = con.execute("SELECT tx, prompt, plan FROM tx WHERE kind<>'burst'")
    return {tx for tx, prompt, plan in rows if tx in touched or not names.isdisjoint(_words(prompt, plan))}


def _ways(path: bytes) -> Iterator[str]:
    """Yield how a path is written: whole and by its last name, escaped and not."""
    for text in (show(path), os.fsdecode(path)):
        yield text
        yield text.rpartition("/")[2]


def _words(prompt: str, plan: str) -> Iterator[str]:
    yield from (word.strip(_AROUND).rstrip(".") for word in prompt.split())
    for text in _texts(json.loads(plan or "null")):
        yield from (text, text.rstrip("/"), text.rpartition("/")[2])


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
