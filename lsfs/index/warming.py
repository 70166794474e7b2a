"""The words that are worth having ready: the frequent ones of a large index, whose postings take longest to compute.

Which ones are frequent is seen in a sample of the documents, since counting them all takes as long as computing their postings.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from lsfs.index.documents import text_of
from lsfs.index.words import STOP_WORDS, tokens

LARGE = 5_000
"""Documents from which on it is worth it: with fewer every posting takes a few milliseconds at the most."""

_SAMPLE = 1_000
_SAMPLE_CHARS = 50_000
_SHARE = 0.005


def frequent_words(con: sqlite3.Connection) -> list[str]:
    """Return the words of many live documents, most frequent first; none where the index is not large."""
    (highest,) = con.execute("SELECT coalesce(max(did), 0) FROM doc").fetchone()
    if highest < LARGE:
        return []
    counts: Counter[str] = Counter()
    step = highest // _SAMPLE
    sql = "SELECT did FROM body WHERE past=0 AND did % ? = 0"
    sample = [r[0] for r in con.execute(sql, (step,))]
    for did in sample:
        text = text_of(con, did)[:_SAMPLE_CHARS]
        counts.update({w.lower() for w in tokens(text) if w.isalpha() and len(w) > 1} - STOP_WORDS)
    least = max(2, _SHARE * len(sample))
    return [word for word, count in counts.most_common() if count >= least]
