"""Exact conditions: which documents a query may find, as one SQL query plus what SQL cannot say."""

from __future__ import annotations

import fnmatch
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lsfs.index.people import same_institution, same_person
from lsfs.index.query import Query
from lsfs.index.source import Source
from lsfs.index.words import fold
from lsfs.model import FOREVER, Fid
from lsfs.text.families import extension, extensions_of

_PEOPLE = ("author", "artist", "from")
_INSTITUTIONS = ("affiliation",)
_MANY = 5_000
_LISTED = "json_each(?) l CROSS JOIN placed p INDEXED BY placed_path ON p.path=CAST(l.value AS BLOB)"
"""Names looked up one by one in an index that has all that is wanted of them; faster than IN, which sorts them first."""
Value = str | int | bytes


@dataclass(slots=True)
class _Sql:
    conditions: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def add(self, condition: str, *values: Value) -> None:
        self.conditions.append(condition)
        self.values.extend(values)


def is_filtered(query: Query) -> bool:
    """Tell whether the query has a condition, so that not every live document is allowed."""
    conditions = (
        *(query.under, query.name, query.type, query.language, query.tags),
        *(query.authors, query.any_authors, query.affiliations, query.any_affiliations),
        *(query.since_ns, query.until_ns, query.at_ns, query.size_min, query.size_max),
    )
    return query.files is not None or any(value not in (None, (), b"", "") for value in conditions)


def allowed(con: sqlite3.Connection, query: Query, source: Source) -> dict[int, bytes]:
    """Return the documents that fulfil the query's conditions (keywords aside), each with a path that does."""
    if query.files == ():
        return {}
    listing = _listing(query)
    sql = _Sql() if listing is None else _Sql(values=[listing])
    _time_and_size(sql, query)
    _path(sql, query, listed=listing is not None)
    if not _attributes(con, sql, query):
        return {}
    rows: Iterable[tuple[int, int, bytes]] = con.execute(_tables(sql, query.at_ns, listed=listing is not None), sql.values)
    for keep in _checks(query, source):
        rows = filter(keep, rows)
    return {did: path for did, _, path in rows}


def _tables(sql: _Sql, at_ns: int | None, *, listed: bool) -> str:
    """Return the query over the live names (`listed`: looked up one by one), or over the tree at a time."""
    where = " AND ".join(["d.state<>'ignored'", *sql.conditions])
    if at_ns is None:
        names, docs = (_LISTED, "doc d INDEXED BY doc_shown") if listed else ("placed p", "doc d")
        return f"SELECT d.did, d.fid, p.path FROM {names} JOIN {docs} ON d.fid=p.fid AND d.to_ns={FOREVER} WHERE {where}"
    then = f"{{0}}.from_ns<={at_ns} AND {{0}}.to_ns>{at_ns}"
    where = " AND ".join([then.format("p"), then.format("d"), where])
    return f"SELECT d.did, d.fid, p.path FROM dentry p JOIN doc d ON d.fid=p.fid WHERE {where}"


def _time_and_size(sql: _Sql, query: Query) -> None:
    for column, low, high in (("d.mtime_ns", query.since_ns, query.until_ns), ("d.size", query.size_min, query.size_max)):
        if low is not None:
            sql.add(f"{column}>=?", low)
        if high is not None:
            sql.add(f"{column}<=?", high)


def _listing(query: Query) -> str | None:
    """Return the files that the query names as JSON, where they are few enough to look each up, live, and JSON can say them."""
    if query.files is None or len(query.files) > _MANY or query.at_ns is not None:
        return None
    try:
        return json.dumps([f.decode() for f in query.files], ensure_ascii=False)
    except UnicodeDecodeError:
        return None


def _path(sql: _Sql, query: Query, *, listed: bool) -> None:
    if query.under:
        # "0" follows "/" in the order of bytes: everything that begins with the folder and a slash.
        sql.add("(p.path=? OR (p.path>? AND p.path<?))", query.under, query.under + b"/", query.under + b"0")
    if query.files is not None and not listed and len(query.files) <= _MANY:
        sql.add(f"p.path IN ({_marks(query.files)})", *query.files)
    if query.type and query.at_ns is None:
        extensions = sorted(extensions_of(query.type))
        sql.add(f"p.ext IN ({_marks(extensions)})", *extensions)


def _attributes(con: sqlite3.Connection, sql: _Sql, query: Query) -> bool:
    """Add the conditions on attributes; False when one of them cannot be fulfilled by any document."""
    groups = [
        *((_PEOPLE, [name], same_person) for name in query.authors),
        (_PEOPLE, query.any_authors, same_person),
        *((_INSTITUTIONS, [name], same_institution) for name in query.affiliations),
        (_INSTITUTIONS, query.any_affiliations, same_institution),
    ]
    for fields, asked, same in groups:
        if asked:
            values = _values(con, fields, asked, same)
            if not values:
                return False
            _having(sql, fields, values)
    if query.language:
        _having(sql, ("language",), [fold(query.language)])
    return True


def _values(
    con: sqlite3.Connection, fields: Sequence[str], asked: Sequence[str], same: Callable[[str, str], bool]
) -> list[str]:
    """Return the values of these fields that mean one of those asked for."""
    known = con.execute(f"SELECT DISTINCT folded FROM attribute WHERE field IN ({_marks(fields)})", fields)
    return [value for (value,) in known if any(same(name, value) for name in asked)]


def _having(sql: _Sql, fields: Sequence[str], values: Sequence[str]) -> None:
    # A list in JSON: it can be longer than SQLite's limit of bound values.

    sql.add(
        f"d.did IN (SELECT did FROM attribute WHERE field IN ({_marks(fields)})"
        " AND folded IN (SELECT value FROM json_each(?)))",
        *fields,
        json.dumps(list(values)),
    )


def _checks(query: Query, source: Source) -> Iterable[Callable[[tuple[int, int, bytes]], bool]]:
    if query.type and query.at_ns is not None:
        extensions = extensions_of(query.type)
        yield lambda row: extension(row[2]) in extensions
    if query.name:
        yield _name_check(query.name)
    if query.files is not None and len(query.files) > _MANY:
        files = frozenset(query.files)
        yield lambda row: row[2] in files
    if query.tags:
        yield _tag_check(query, source)


def _name_check(pattern: str) -> Callable[[tuple[int, int, bytes]], bool]:
    folded = fold(pattern)
    whole = "/" in pattern

    def fits(row: tuple[int, int, bytes]) -> bool:
        path = row[2] if whole else row[2].rpartition(b"/")[2]
        return fnmatch.fnmatchcase(fold(path.decode("utf-8", "surrogateescape")), folded)

    return fits


def _tag_check(query: Query, source: Source) -> Callable[[tuple[int, int, bytes]], bool]:
    tags = {tag.casefold() for tag in query.tags}
    if query.at_ns is not None:
        return lambda row: tags <= set(source.tags(Fid(row[1]), query.at_ns))
    fids = set.intersection(*(set(source.tagged(tag)) for tag in tags))
    return lambda row: row[1] in fids


def _marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)
