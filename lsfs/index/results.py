"""From ranked documents to the hits that are shown: what is still current, in which order, with which line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lsfs.index.documents import text_of
from lsfs.index.query import Hit, Query
from lsfs.index.snippet import MAX_SNIPPET, Span, snippet
from lsfs.model import Fid, RelPath, VersionId
from lsfs.ranking import Ranked
from lsfs.text.code import enclosing_symbol
from lsfs.text.families import FAMILIES, extension

_SHEETS = FAMILIES["spreadsheet"] - {"csv", "tsv"}


def current(con: sqlite3.Connection, ranked: Sequence[Ranked], then: Mapping[int, bytes] | None) -> dict[int, Hit]:
    """Return the hits (without snippets) of those documents that may answer.

    That is those whose content is still the newest of a live file, as the version store knows it; in a search of the past,
    all of them, with the paths `then`.
    """
    scores = {r.did: r for r in ranked}
    path = "(SELECT path FROM placed p WHERE p.fid=d.fid ORDER BY p.nid LIMIT 1)"
    newest = "JOIN file f ON f.fid=d.fid AND f.vid=d.vid AND f.names>0" if then is None else ""
    rows = con.execute(
        f"SELECT d.did, d.fid, d.vid, d.size, d.mtime_ns, {path} FROM json_each(?) j JOIN doc d ON d.did=j.value {newest}",
        (json.dumps(list(scores)),),
    )
    out = {}
    for did, fid, vid, size, mtime_ns, placed in rows:
        name = placed if then is None else then[did]
        if name is not None:
            parts = scores[did].parts
            out[did] = Hit(RelPath(name), Fid(fid), VersionId(vid), scores[did].score, size, mtime_ns, parts=parts)
    return out


def page(query: Query, ranked: Sequence[Ranked], files: Mapping[int, Hit]) -> list[tuple[int, Hit]]:
    """Return the hits of the page that is asked for, sorted as asked (newest first where nothing was ranked)."""
    hits = [(r.did, files[r.did]) for r in ranked if r.did in files]
    match query.sort or ("score" if query.text.strip() or query.like else "modified"):
        case "score":
            pass
        case "modified":
            hits.sort(key=lambda h: (-h[1].modified_ns, h[1].path))
        case "oldest":
            hits.sort(key=lambda h: (h[1].modified_ns, h[1].path))
        case "smallest":
            hits.sort(key=lambda h: (h[1].size, h[1].path))
        case "size":
            hits.sort(key=lambda h: (-h[1].size, h[1].path))
        case "name":
            hits.sort(key=lambda h: (h[1].path.rpartition(b"/")[2].lower(), h[1].path))
    return hits[query.offset :] if query.k is None else hits[query.offset : query.offset + query.k]


def with_snippet(con: sqlite3.Connection, hit: Hit, did: int, words: Sequence[str], nearest: int | None) -> Hit:
    """Return the hit with its best line; the title where there is no text, as of a picture."""
    rows = con.execute("SELECT start, stop, line, page, label FROM passage WHERE did=? ORDER BY ordinal", (did,)).fetchall()
    lined, title = con.execute("SELECT lined, title FROM doc WHERE did=?", (did,)).fetchone() or (0, "")
    if not rows:
        return replace(hit, snippet=title[:MAX_SNIPPET])
    spans = [Span(*row) for row in rows]
    sheet = extension(hit.path) in _SHEETS
    text = text_of(con, did)
    best = snippet(text, spans, words, nearest, lined=bool(lined), sheet=sheet)
    place = best.place or enclosing_symbol(text, best.offset, extension(hit.path))
    return replace(hit, snippet=best.text, line=best.line, page=best.page, place=place)
