"""retrieve: a search over the index, with the contract's arguments turned into the index's query."""

from __future__ import annotations

from lsfs.index.query import Hit, Query
from lsfs.model import path_json
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import Retrieve
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context

DEFAULT_K = 10


def retrieve(ctx: Context, call: Retrieve) -> Answer:
    """Find files; the answer says how many match and how fresh the index is."""
    hits = ctx.engine.search.search(query_of(ctx, call))
    body: dict[str, Json] = {"files": [_hit_json(h, explain=ctx.explain) for h in hits.hits], "total": hits.total}
    return Answer({**body, **ctx.fresh()}, tuple(h.path for h in hits.hits), found=bool(hits.hits))


def query_of(ctx: Context, call: Retrieve) -> Query:
    """Return the index's query for a call."""
    return Query(
        text=call.query or "",
        keywords=call.keywords,
        any_keywords=call.any_keywords,
        exclude=call.exclude,
        mode=call.mode or "hybrid",
        k=DEFAULT_K if call.k is None else call.k,
        under=None if call.under is None else ctx.path(call.under),
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
        at_ns=ctx.time_ns(call.at),
        like=None if call.like is None else ctx.entry(call.like).path,
        sort=call.sort,
        size_min=call.size_min,
        size_max=call.size_max,
        files=tuple(ctx.files(call.files)) if call.files else None,
    )


def _hit_json(h: Hit, *, explain: bool) -> Json:
    out: dict[str, Json] = {**path_json(h.path), "score": round(h.score, 4), "snippet": h.snippet, "line": h.line}
    out["modified"] = times.iso_ns(h.modified_ns)
    if h.page is not None:
        out["page"] = h.page
    if explain:
        out["explain"] = {k: round(v, 4) for k, v in h.parts.items()}
    return out
