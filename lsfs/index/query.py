"""What is asked of the index and what it answers. `retrieve` in the language of bytes and nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lsfs.model import Fid, RelPath, VersionId

Mode = Literal["hybrid", "semantic", "keyword"]
Sort = Literal["score", "modified", "oldest", "size", "smallest", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search; every condition narrows it, exactly.

    Attributes:
        text: what to look for; empty with conditions alone.
        keywords, any_keywords, exclude: words and phrases that all must, of which one must, and that must not occur, as
            whole words without regard to case and accents; "cach*" fits beginnings, "=NASA" the exact case.
        k: how many hits at the most, behind the first `offset`; None for all.
        under: only below this folder (or this file itself).
        name: shell pattern for the name, or for the path when it has a slash.
        type: family or extension, see `lsfs.text.families`.
        since_ns, until_ns: modification time, both included.
        at_ns: search the tree as it was then.
        like: find files like this one.
        files: only these paths.
    """

    text: str = ""
    keywords: tuple[str, ...] = ()
    any_keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    mode: Mode = "hybrid"
    k: int | None = 10
    offset: int = 0
    under: RelPath | None = None
    name: str | None = None
    type: str | None = None
    authors: tuple[str, ...] = ()
    any_authors: tuple[str, ...] = ()
    affiliations: tuple[str, ...] = ()
    any_affiliations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    at_ns: int | None = None
    like: RelPath | None = None
    sort: Sort | None = None
    size_min: int | None = None
    size_max: int | None = None
    files: tuple[RelPath, ...] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that fits.

    Attributes:
        version: the version whose content was searched.
        score: 0 to 1, comparable within one answer; 1 where nothing was ranked.
        snippet: the passage's line that fits best; empty when the file has no text, and behind the first 200 hits.
        line: its line in the file, from 1; None where the text has no lines of the file (PDF, Office, HTML, mail).
        page: page or slide, from 1.
        place: cell of a spreadsheet ("Plan!B7") or notebook ("cell 3"), symbol that a line of code belongs to.
        parts: what the score is made of, by name.
    """

    path: RelPath
    fid: Fid
    version: VersionId
    score: float
    size: int
    modified_ns: int
    snippet: str = ""
    line: int | None = None
    page: int | None = None
    place: str | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hits:
    """An answer.

    Attributes:
        total: how many files fit, those beyond `k` included; exact for conditions.
        pending: files that wait to be indexed.
        vectors_pending: files that are found by words but wait for their vectors.
        degraded: what did not take part, in words.
    """

    hits: list[Hit]
    total: int
    pending: int = 0
    vectors_pending: int = 0
    degraded: list[str] = field(default_factory=list)
