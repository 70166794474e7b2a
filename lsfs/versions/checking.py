"""Check the version store: tables against themselves, tables against packs; say what is wrong in words, mend what can be.

Threading: any thread; what is being recorded meanwhile can show up as a finding that a second run does not have.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lsfs.catalogue import Catalogue
from lsfs.errors import Corrupt
from lsfs.model import FOREVER, show
from lsfs.packs.content import Content
from lsfs.packs.store import Packs
from lsfs.versions.losses import told

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        words: what is wrong, for people.
        vid: the version whose content cannot be read; None when it is not about one.
        chunk: the damaged chunk; None when it is not about one.
        repair: what mends it: "counts", "content" (from the file on the disk, if that still has it), or "" for nothing.
    """

    words: str
    vid: int | None = None
    chunk: bytes | None = None
    repair: str = ""


_NAME_OF = "coalesce((SELECT path FROM dentry d WHERE d.fid=f.fid LIMIT 1), x'3f')"
_FOLDER_ABOVE = "SELECT 1 FROM dentry e JOIN file g USING(fid) WHERE e.path=d.parent AND e.to_ns=d.to_ns AND g.kind='directory'"
_OVERLAP = "a.path=b.path AND a.from_ns<b.from_ns AND a.to_ns>b.from_ns"
_COUNT = f"SELECT count(*) FROM dentry d WHERE d.fid=f.fid AND d.to_ns={FOREVER}"

_RULES = {
    "the name {} stands for a file that the tables do not have": (
        "SELECT d.path FROM dentry d LEFT JOIN file f USING(fid) WHERE f.fid IS NULL"
    ),
    "the name {} stands for two files at one time": f"SELECT a.path FROM dentry a JOIN dentry b ON {_OVERLAP}",
    "{} is in a folder that is not there": (
        f"SELECT d.path FROM dentry d WHERE d.to_ns={FOREVER} AND d.parent<>x'' AND NOT EXISTS ({_FOLDER_ABOVE})"
    ),
    "{} has a version that is newer than its newest": (
        "SELECT v.path FROM file f JOIN version v ON v.fid=f.fid WHERE v.number>f.number"
    ),
    "the newest version of {} is missing": (
        f"SELECT {_NAME_OF} FROM file f WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.vid=f.vid)"
    ),
    "the beginning of the history of {} is lost (a pack is missing or damaged)": (
        f"SELECT {_NAME_OF} FROM file f WHERE (SELECT min(number) FROM version v WHERE v.fid=f.fid) > 1"
    ),
    "the number of names of {} is not right": f"SELECT {_NAME_OF} FROM file f WHERE f.names<>({_COUNT})",
    "a version of {} is said to be stored and has no content": (
        "SELECT path FROM version WHERE state IN ('stored', 'torn') AND kind='file' AND content IS NULL"
    ),
}
_COUNTS = "the number of names of {} is not right"


def check(catalogue: Catalogue, packs: Packs, *, sample: float = 1.0) -> list[Finding]:
    """Return what is wrong; empty when nothing is.

    Args:
        sample: share of the stored chunks that are read back, 1 for all.
    """
    con = catalogue.read()
    try:
        return [*_database(con), *_tables(con), *_losses(con), *_contents(con, packs, sample)]
    except sqlite3.DatabaseError as e:
        return [Finding(f"the catalogue cannot be read ({e}); `lsfs check --rebuild` makes it again from the packs")]


def _database(con: sqlite3.Connection) -> Iterator[Finding]:
    for (words,) in con.execute("PRAGMA quick_check(20)"):
        if words != "ok":
            yield Finding(f"the catalogue's file is damaged ({words}); `lsfs check --rebuild` makes it again from the packs")


def _tables(con: sqlite3.Connection) -> Iterator[Finding]:
    for words, sql in _RULES.items():
        for (path,) in con.execute(f"{sql} LIMIT {_MOST}"):
            yield Finding(words.format(show(path)), repair="counts" if words == _COUNTS else "")


def _losses(con: sqlite3.Connection) -> Iterator[Finding]:
    return (Finding(words) for words in islice(told(con), _MOST))


def _contents(con: sqlite3.Connection, packs: Packs, sample: float) -> Iterator[Finding]:
    damages = packs.verify(sample=sample)
    bad = {d.chunk: d.words for d in damages if d.chunk is not None}
    told: set[bytes] = set()
    for vid, path, number, blob in con.execute("SELECT vid, path, number, content FROM version WHERE content IS NOT NULL"):
        name = f"version {number} of {show(path)}"
        try:
            ids = set(Content.decode(blob).ids())
        except Corrupt as e:
            yield Finding(f"{name}: {e}", vid)
            continue
        for chunk in ids:
            if chunk in bad:
                told.add(chunk)
                yield Finding(f"{name} cannot be read: {bad[chunk]}", vid, chunk, "content")
            elif not packs.has(chunk):
                yield Finding(f"{name} cannot be read: a part of it is not in the packs", vid, chunk, "content")
    for d in damages:
        if d.chunk is None or d.chunk not in told:
            yield Finding(d.words, None, d.chunk)


def repair_counts(con: sqlite3.Connection) -> None:
    """Count the names of each file anew."""
    con.execute("UPDATE file SET names=(SELECT count(*) FROM dentry WHERE dentry.fid=file.fid AND to_ns=9223372036854775807)")
