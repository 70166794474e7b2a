"""Documents: the rows of the index, written in one transaction for each file.

A document is one content of one file. When the file changes, its document is closed and stays for searches of the past; its
words move to a table of their own (later, by `move_past_words`), so that the live one does not grow with history.

Durability: a document is in the tables with its words or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import zstandard

from lsfs.catalogue import Catalogue
from lsfs.index.schema import SCHEMA
from lsfs.index.words import fold, spaced, split_identifier
from lsfs.model import FOREVER, Fid, RelPath, Version
from lsfs.text.chunks import Chunk
from lsfs.text.extracted import Attributes, Extracted
from lsfs.text.families import extension

TEXT, NONE, SKIPPED, IGNORED = "text", "none", "skipped", "ignored"
KEPT_PAST = 100
"""Closed documents a file keeps; older ones are dropped (their content is in the version store)."""

_META_FIELDS = ("author", "affiliation", "subject", "keyword", "from", "to", "artist", "album", "column", "sheet", "attachment")
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What is put into the index for a version of a file."""

    version: Version
    extracted: Extracted
    chunks: Sequence[Chunk]
    state: str
    reason: str | None = None


class Documents:
    """The writer of the index's tables; every method is one transaction or joins the caller's."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        catalogue.register(SCHEMA)

    def put(self, new: NewDocument) -> tuple[int, int | None]:
        """Make `new` the live document of its file; return its id and that of the one it replaces."""
        version = new.version
        with self._catalogue.write() as con:
            old = self.close(version.fid, version.at_ns)
            did = _insert(con, new, version.at_ns, FOREVER)
        return did, old

    def put_past(self, new: NewDocument, from_ns: int, to_ns: int) -> None:
        """Write a document that was valid for some time; its words go to those of the past."""
        with self._catalogue.write() as con:
            _insert(con, new, from_ns, to_ns)
            _drop_oldest(con, new.version.fid)

    def close(self, fid: Fid, at_ns: int) -> int | None:
        """End the live document of a file and take its words out of the live ones; return its id."""
        with self._catalogue.write() as con:
            row = con.execute(f"SELECT did, from_ns, state FROM doc WHERE fid=? AND to_ns={FOREVER}", (fid,)).fetchone()
            if row is None:
                return None
            did, from_ns, state = row
            if state == IGNORED or at_ns <= from_ns:
                drop(con, did)
            else:
                _take_words(con, did)
                con.execute("UPDATE doc SET to_ns=? WHERE did=?", (at_ns, did))
                _drop_oldest(con, fid)
            return int(did)

    def renew(self, version: Version) -> bool:
        """Note that a file's newest version has the content that is indexed already; False when it has not."""
        with self._catalogue.write() as con:
            changed = con.execute(
                "UPDATE doc SET vid=?, mtime_ns=? "
                f"WHERE fid=? AND to_ns={FOREVER} AND digest IS NOT NULL AND digest=? AND state<>'{IGNORED}'",
                (version.vid, version.mtime_ns, version.fid, version.digest),
            ).rowcount
        return bool(changed)

    def live(self, fid: Fid) -> tuple[int, bytes | None, bool] | None:
        """Return version, digest and whether it is ignored of a file's live document; None when it has none."""
        sql = f"SELECT vid, digest, state=? FROM doc WHERE fid=? AND to_ns={FOREVER}"
        row = self._catalogue.read().execute(sql, (IGNORED, fid)).fetchone()
        return None if row is None else (row[0], row[1], bool(row[2]))

    def drop_skipped(self) -> None:
        """Remove the live documents that were skipped, so that they are tried again."""
        with self._catalogue.write() as con:
            for (did,) in con.execute("SELECT did FROM doc WHERE to_ns=? AND state=?", (FOREVER, SKIPPED)).fetchall():
                drop(con, did)

    def drop_types(self, wanted: Callable[[str], bool]) -> int:
        """Remove the live documents of files with such an extension, so that they are read again; return how many."""
        with self._catalogue.write() as con:
            types = [ext for (ext,) in con.execute("SELECT DISTINCT ext FROM placed") if wanted(ext)]
            sql = (
                "SELECT did FROM doc WHERE to_ns=? AND state<>? AND fid IN"
                " (SELECT fid FROM placed WHERE ext IN (SELECT value FROM json_each(?)))"
            )
            dids = [did for (did,) in con.execute(sql, (FOREVER, IGNORED, json.dumps(types)))]
            for did in dids:
                drop(con, did)
        return len(dids)

    def place(self, fid: Fid, paths: Sequence[RelPath]) -> None:
        """Make `paths` the names under which a file is found."""
        with self._catalogue.write() as con:
            known = dict(con.execute("SELECT path, nid FROM placed WHERE fid=?", (fid,)).fetchall())
            for path, nid in known.items():
                if path not in paths:
                    _unplace(con, nid, path)
            for path in paths:
                if path not in known:
                    _place(con, fid, path)

    def vectored(self, dids: Sequence[int]) -> None:
        """Note that every passage of these documents has its vector."""
        with self._catalogue.write() as con:
            con.executemany("UPDATE doc SET vectored=1 WHERE did=?", [(did,) for did in dids])

    def unvectored(self) -> None:
        """Note that no document has vectors (of a new model)."""
        with self._catalogue.write() as con:
            con.execute("UPDATE doc SET vectored=0 WHERE state=?", (TEXT,))

    def move_past_words(self, limit: int = 20) -> int:
        """Put the words of up to `limit` closed documents into the table for searches of the past; return how many."""
        if self._catalogue.read().execute("SELECT 1 FROM body WHERE past=-1").fetchone() is None:
            return 0
        sql = "SELECT b.did FROM body b JOIN doc d ON d.did=b.did WHERE b.past=-1 LIMIT ?"
        with self._catalogue.write() as con:
            dids = [int(r[0]) for r in con.execute(sql, (limit,))]
            for did in dids:
                con.execute("INSERT INTO words_past(rowid, title, meta, body) VALUES(?,?,?,?)", (did, *_given(con, did)))
                con.execute("UPDATE body SET past=1 WHERE did=?", (did,))
        return len(dids)

    def forget(self, fid: Fid) -> list[bytes]:
        """Remove every trace of a file's contents; return the passage hashes that no other document has."""
        with self._catalogue.write() as con:
            dids = [int(r[0]) for r in con.execute("SELECT did FROM doc WHERE fid=?", (fid,))]
            marks = ",".join("?" * len(dids))
            hashes = {r[0] for r in con.execute(f"SELECT DISTINCT hash FROM passage WHERE did IN ({marks})", dids)}
            for did in dids:
                drop(con, did)
            self.place(fid, [])
            for table in ("words", "words_past", "names"):
                # Deleted tokens stay in the index's pages until its segments are merged.
                con.execute(f"INSERT INTO {table}({table}) VALUES('optimize')")
            return [h for h in hashes if not con.execute("SELECT 1 FROM passage WHERE hash=?", (h,)).fetchone()]


def drop(con: sqlite3.Connection, did: int) -> None:
    """Remove a document with all its rows."""
    _take_words(con, did)
    row = con.execute("SELECT past FROM body WHERE did=?", (did,)).fetchone()
    if row is not None and row[0] == 1:
        con.execute(
            "INSERT INTO words_past(words_past, rowid, title, meta, body) VALUES('delete',?,?,?,?)", (did, *_given(con, did))
        )
    for table in ("doc", "body", "passage", "attribute"):
        con.execute(f"DELETE FROM {table} WHERE did=?", (did,))


def _drop_oldest(con: sqlite3.Connection, fid: Fid) -> None:
    sql = "SELECT did FROM doc WHERE fid=? AND to_ns<>? ORDER BY from_ns DESC LIMIT -1 OFFSET ?"
    for (did,) in con.execute(sql, (fid, FOREVER, KEPT_PAST)).fetchall():
        drop(con, did)


def text_of(con: sqlite3.Connection, did: int) -> str:
    """Return the text of a document; "" when it has none."""
    row = con.execute("SELECT text FROM body WHERE did=?", (did,)).fetchone()
    return "" if row is None else unpack(row[0])


def unpack(blob: bytes) -> str:
    """Return the text that `body.text` holds."""
    return zstandard.decompress(blob).decode("utf-8", "surrogatepass")


def _insert(con: sqlite3.Connection, new: NewDocument, from_ns: int, to_ns: int) -> int:
    version = new.version
    cursor = con.execute(
        "INSERT INTO doc(fid, vid, digest, from_ns, to_ns, state, reason, title, size, mtime_ns, lined, vectored)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            version.fid, version.vid, version.digest, from_ns, to_ns, new.state, new.reason,
            _title(new.extracted), version.size, version.mtime_ns, new.extracted.lined, not new.chunks,
        ),
    )  # fmt: skip
    did = cursor.lastrowid
    assert did is not None
    _insert_content(con, did, new, past=to_ns != FOREVER)
    return did


def _insert_content(con: sqlite3.Connection, did: int, new: NewDocument, *, past: bool) -> None:
    extracted = new.extracted
    values = [(did, field, fold(v), i, v) for field, vs in extracted.attributes.items() for i, v in enumerate(vs)]
    con.executemany("INSERT OR IGNORE INTO attribute VALUES(?,?,?,?,?)", values)
    meta = _meta(extracted.attributes)
    if not extracted.text and not meta and not _title(extracted):
        return
    packed = zstandard.ZstdCompressor(_LEVEL).compress(extracted.text.encode("utf-8", "surrogatepass"))
    con.execute("INSERT INTO body VALUES(?,?,?,?,?)", (did, _title(extracted), meta, packed, -1 if past else 0))
    if not past:
        con.execute("INSERT INTO words(rowid, title, meta, body) VALUES(?,?,?,?)", (did, *_given(con, did, extracted.text)))
    con.executemany(
        "INSERT INTO passage VALUES(?,?,?,?,?,?,?,?)",
        [(did, i, c.hash, c.start, c.end, c.line, c.page, c.label) for i, c in enumerate(new.chunks)],
    )


def _title(extracted: Extracted) -> str:
    return next(iter(extracted.attributes.get("title", [])), "")


def _meta(attributes: Attributes) -> str:
    """Return the attribute values that words are searched in, with identifiers cut into words."""
    values = [v for field in _META_FIELDS for v in attributes.get(field, [])]
    values += [s for v in attributes.get("symbol", []) if (s := split_identifier(v)) != v]
    return "\n".join(dict.fromkeys(values))


def _given(con: sqlite3.Connection, did: int, text: str | None = None) -> tuple[str, str, str]:
    """Return what the words table was or is to be given for a document: to delete, FTS5 wants the same again."""
    title, meta = con.execute("SELECT title, meta FROM body WHERE did=?", (did,)).fetchone()
    body = text_of(con, did) if text is None else text
    # Lone surrogates (from damaged UTF-16) are not UTF-8, which is what SQLite takes.
    return tuple(spaced(part).encode("utf-8", "replace").decode() for part in (title, meta, body))  # type: ignore[return-value]


def _take_words(con: sqlite3.Connection, did: int) -> None:
    """Take a document out of the live words if it is there."""
    row = con.execute("SELECT past FROM body WHERE did=?", (did,)).fetchone()
    if row is not None and row[0] == 0:
        con.execute("INSERT INTO words(words, rowid, title, meta, body) VALUES('delete',?,?,?,?)", (did, *_given(con, did)))
        con.execute("UPDATE body SET past=-1 WHERE did=?", (did,))


def _place(con: sqlite3.Connection, fid: Fid, path: RelPath) -> None:
    for (nid,) in con.execute("SELECT nid FROM placed WHERE path=?", (path,)).fetchall():
        _unplace(con, nid, path)
    cursor = con.execute("INSERT INTO placed(fid, path, ext) VALUES(?,?,?)", (fid, path, extension(path)))
    con.execute("INSERT INTO names(rowid, name) VALUES(?,?)", (cursor.lastrowid, _name_words(path)))


def _unplace(con: sqlite3.Connection, nid: int, path: bytes) -> None:
    con.execute("INSERT INTO names(names, rowid, name) VALUES('delete',?,?)", (nid, _name_words(path)))
    con.execute("DELETE FROM placed WHERE nid=?", (nid,))


def _name_words(path: bytes) -> str:
    """Return the words of a path: its parts, and what their CamelCase is made of."""
    shown = path.decode("utf-8", "replace")
    split = split_identifier(shown.rpartition("/")[2])
    return spaced(f"{shown} {split}")
