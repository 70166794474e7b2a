"""Authors and affiliations from the first page of a paper, where its metadata does not name them.

A heuristic over lines above the abstract: names are lines (or comma-separated parts) of two to four capitalised words
without digits, affiliations are lines that name an institution. Wrong on exotic layouts, silent on most other documents,
because it looks only where an abstract or an e-mail address makes a paper likely.
"""

from __future__ import annotations

import re

from lsfs.text.extracted import Attributes

_INSTITUTION = re.compile(
    r"\b(universit|institut|college|school of|department of|laborator|research cent|academy|hochschule|faculty|"
    r"école|politecnico|polytechnic|hospital|corporation|\binc\b|\bltd\b|gmbh|national \w+ lab|\blabs?\b|research\b|"
    r"\bMIT\b|\bETH\b|\bEPFL\b|\bINRIA\b|\bCNRS\b|\bIBM\b|microsoft|google|nvidia|intel\b|\bmeta\b)",
    re.I,
)
_PART = r"(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*|de|van|von|der|den|da|di|del|la|le|bin|al)"
_NAME = re.compile(rf"^{_PART}(?: {_PART}){{1,4}}$")
_ABSTRACT = re.compile(r"^\W*(?:abstract|zusammenfassung|résumé|summary|(?:1|i)?\.?\s*introduction)\b", re.I | re.M)
_MARKERS = re.compile(r"[\d*†‡§¶∗⋆⁰¹²³⁴⁵⁶⁷⁸⁹,;]+(?=\s|$)|\s+\d+\b|[*†‡§¶∗⋆⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_HEAD = 3000
_NOT_A_NAME = re.compile(
    r"\b(the|a|of|for|with|towards?|and|in|on|from|proceedings|conference|journal|figure|table|draft|page)\b", re.I
)


def paper_attributes(first_page: str, title: str | None) -> Attributes:
    """Return `title`, `author` and `affiliation` as far as the head of a paper shows them; nothing for other texts."""
    page = first_page[:_HEAD]
    abstract = _ABSTRACT.search(page)
    if abstract is None or abstract.start() < 10:
        return {}
    lines = [line.strip() for line in page[: abstract.start()].splitlines() if line.strip()]
    out: Attributes = {"affiliation": [], "author": []}
    heading = _title(lines, title)
    for line in lines[1:] if heading else lines:
        if "@" in line or (heading and line in heading):
            continue
        if _INSTITUTION.search(line):
            out["affiliation"] += _institutions(line)
        else:
            out["author"] += _names(line)
    if heading and not title:
        out["title"] = [heading]
    return out


def _title(lines: list[str], title: str | None) -> str:
    return title or (lines[0] if lines else "")


def _institutions(line: str) -> list[str]:
    """Return the institutions of a line; what follows one after a comma (a city, a country) belongs to it."""
    out: list[str] = []
    for part in re.split(r"\s*[;|,]\s*|\s{3,}|\s+and\s+(?=[A-Z])", line):
        clean = re.sub(r"^[\W\d]+", "", part).strip(" ,.")
        if _INSTITUTION.search(clean):
            out.append(clean)
    return out


def _names(line: str) -> list[str]:
    plain = _MARKERS.sub(lambda m: "," if "," in m[0] or ";" in m[0] else " ", line)
    parts = re.split(r"\s*[,;·•|]\s*(?:and\s+)?|\s+and\s+|\s*&\s*|\s{3,}", plain)
    return [" ".join(p.split()) for p in parts if _NAME.match(" ".join(p.split())) and not _NOT_A_NAME.search(p)]
