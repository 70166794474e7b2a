"""retrieve: a search over the index, with the contract's arguments turned into the index's query."""

from __future__ import annotations

from dataclasses import replace

from lsfs.errors import BadRequest
from lsfs.index.query import Hit, Hits, Query
from lsfs.model import Kind, RelPath, path_json, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import Retrieve
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context

DEFAULT_K = 10


def retrieve(ctx: Context, call: Retrieve) -> Answer:
    """Find files; the answer says how many match and how fresh the index is."""
    query = query_of(ctx, call)
    hits = _without(ctx, query, set(ctx.files(call.except_files))) if call.except_files else ctx.engine.search.search(query)
    hits = _placed(ctx, hits) if hits.pending and query.at_ns is None else hits
    body: dict[str, Json] = {"files": [_hit_json(h, explain=ctx.explain) for h in hits.hits], "total": hits.total}
    if call.count:
        body = {"count": hits.total, **body}
    degraded: list[Json] = list(dict.fromkeys([*hits.degraded, *ctx.degraded()]))
    fresh: dict[str, Json] = {**ctx.fresh(), "degraded": degraded}
    return Answer({**body, **fresh}, tuple(h.path for h in hits.hits), found=bool(hits.total))


def _placed(ctx: Context, hits: Hits) -> Hits:
    """Return the hits where they are now: a file that was moved or deleted a moment ago may wait for the index."""
    shown: list[Hit] = []
    for h in hits.hits:
        entry = ctx.engine.versions.live(h.path)
        if entry is None or entry.fid != h.fid:
            entry = ctx.engine.versions.entry_of(h.fid)
        if entry is not None:
            shown.append(h if entry.path == h.path else replace(h, path=entry.path))
    return replace(hits, hits=shown, total=hits.total - len(hits.hits) + len(shown))


def _without(ctx: Context, query: Query, left_out: set[RelPath]) -> Hits:
    """Search without some files: what is left is counted and paged, so that the count stays exact.

    A file is the same under another name: of a search at a time, those are left out that have been renamed since as well.
    """
    versions = ctx.engine.versions
    named = [e for p in left_out for e in (versions.live(p), versions.entry_at(p, query.at_ns)) if e is not None]
    fids = {e.fid for e in named}
    every = ctx.engine.search.search(replace(query, k=None, offset=0))
    kept = [h for h in every.hits if h.path not in left_out and h.fid not in fids]
    end = None if query.k is None else query.offset + query.k
    return replace(every, hits=kept[query.offset : end], total=len(kept))


def query_of(ctx: Context, call: Retrieve) -> Query:
    """Return the index's query for a call.

    Raises:
        NotFound: `under`, `like` or a named file is not there (or was not, with `at`).
        BadRequest: a number is below zero.
    """
    if min(call.k or 0, call.offset or 0, call.size_min or 0, call.size_max or 0) < 0:
        raise BadRequest("`k`, `offset`, `size_min` and `size_max` are not below zero")
    return Query(
        text=call.query or "",
        keywords=call.keywords,
        any_keywords=call.any_keywords,
        exclude=call.exclude,
        mode=call.mode or "hybrid",
        k=_k(call),
        offset=call.offset or 0,
        under=_under(ctx, call),
        name=call.name,
        type=call.type,
        authors=call.authors,
        any_authors=call.any_authors,
        affiliations=call.affiliations,
        any_affiliations=call.any_affiliations,
        tags=call.tags,
        language=call.language,
        since_ns=ctx.time_ns(call.since, end=False),
        until_ns=ctx.time_ns(call.until),
        at_ns=ctx.moment_ns(call.at),
        like=None if call.like is None else ctx.entry(call.like, call.at).path,
        sort=call.sort,
        size_min=call.size_min,
        size_max=call.size_max,
        files=tuple(ctx.files(call.files)) if call.files else None,
    )


def _k(call: Retrieve) -> int | None:
    """Return how many to show: ten without `k`, all with 0, and all where one of the arguments only narrows a set."""
    if call.k is None:
        return None if call.except_files else DEFAULT_K
    return call.k or None


def _under(ctx: Context, call: Retrieve) -> RelPath | None:
    if call.under is None or not ctx.path(call.under):
        return None
    entry = ctx.entry(call.under, call.at)
    if entry.kind not in (Kind.DIRECTORY, Kind.FILE):
        raise BadRequest(f"{show(entry.path)} is a {entry.kind.value}; `under` takes a folder")
    return entry.path


def _hit_json(h: Hit, *, explain: bool) -> Json:
    out: dict[str, Json] = {**path_json(h.path), "score": round(h.score, 4), "snippet": h.snippet, "line": h.line}
    out["modified"] = times.iso_ns(h.modified_ns)
    out["size"] = h.size
    if h.page is not None:
        out["page"] = h.page
    if h.place is not None:
        out["place"] = h.place
    if explain:
        out["explain"] = {k: round(v, 4) for k, v in h.parts.items()}
    return out
