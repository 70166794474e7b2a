"""The last step of a search where a reranker is configured: the best candidates in the order that it gives their passages.

Files below them stay where they are. The scores that the mix gave are dealt out again in the new order, so that they stay
comparable within the answer; what the reranker said is among the score's parts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lsfs.errors import Unavailable
from lsfs.index.documents import text_of
from lsfs.index.snippet import Span, best_passage
from lsfs.ranking import Ranked
from lsfs.rerank.reranker import Reranker

SHOWN_CHARS = 2_000


def reranked(
    con: sqlite3.Connection,
    reranker: Reranker,
    query: str,
    words: Sequence[str],
    ranked: Sequence[Ranked],
    nearest: Mapping[int, int],
    count: int,
    degraded: list[str],
) -> list[Ranked]:
    """Return the candidates with the first `count` in the reranker's order; as they were, with a notice, when it fails."""
    first = list(ranked[:count])
    passages = [_passage(con, r.did, words, nearest.get(r.did)) for r in first]
    try:
        scores = reranker.score(query, passages)
    except Unavailable as e:
        degraded.append(f"reranker not reachable: hybrid order ({e})")
        return list(ranked)
    order = sorted(range(len(first)), key=lambda i: (-scores[i], i))
    dealt = [
        replace(first[i], score=first[place].score, parts={**first[i].parts, "reranker": round(scores[i], 4)})
        for place, i in enumerate(order)
    ]
    return [*dealt, *ranked[count:]]


def _passage(con: sqlite3.Connection, did: int, words: Sequence[str], nearest: int | None) -> str:
    """Return the title and the passage that stands for a document."""
    (title,) = con.execute("SELECT title FROM doc WHERE did=?", (did,)).fetchone() or ("",)
    rows = con.execute("SELECT start, stop, line, page, label FROM passage WHERE did=? ORDER BY ordinal", (did,)).fetchall()
    if not rows:
        return str(title)
    text = text_of(con, did)
    span = best_passage(text, [Span(*row) for row in rows], words, nearest)
    return f"{title}\n{text[span.start : span.stop]}"[:SHOWN_CHARS].strip()
