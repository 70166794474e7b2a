"""What a model read out of a file: an answer to a question, kept until the file's content changes.

An answer costs a request to a model, so it is asked for once a content and question. It comes from the content, and goes with
it when the file is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from lsfs.catalogue import Catalogue, Schema
from lsfs.model import Fid

SCHEMA = Schema(
    "readings",
    1,
    """
CREATE TABLE IF NOT EXISTS reading(
  fid INTEGER NOT NULL,        -- the file
  question TEXT NOT NULL,      -- what was asked, of which model
  digest BLOB NOT NULL,        -- BLAKE3-256 of the content that was read
  answer TEXT NOT NULL,        -- what the model said; empty: that the text does not say it
  PRIMARY KEY(fid, question)
) STRICT, WITHOUT ROWID;
""",
)


class Readings:
    """The answers, one a file and question."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        catalogue.register(SCHEMA)

    def of(self, question: str, fids: Sequence[Fid]) -> dict[Fid, tuple[bytes, str]]:
        """Return digest and answer of those files that were read for the question."""
        sql = "SELECT fid, digest, answer FROM reading WHERE question=? AND fid IN (SELECT value FROM json_each(?))"
        rows = self._catalogue.read().execute(sql, (question, json.dumps(list(fids))))
        return {Fid(fid): (digest, answer) for fid, digest, answer in rows}

    def put(self, question: str, fid: Fid, digest: bytes, answer: str) -> None:
        """Keep an answer; nothing is kept of a file that was forgotten meanwhile."""
        sql = (
            "INSERT INTO reading SELECT ?, ?, ?, ? WHERE EXISTS(SELECT 1 FROM doc WHERE fid=?)"
            " ON CONFLICT(fid, question) DO UPDATE SET digest=excluded.digest, answer=excluded.answer"
        )
        with self._catalogue.write() as con:
            con.execute(sql, (fid, question, digest, answer, fid))

    def forget(self, fids: Iterable[Fid]) -> None:
        """Remove what was read out of these files."""
        with self._catalogue.write() as con:
            con.executemany("DELETE FROM reading WHERE fid=?", [(fid,) for fid in fids])
