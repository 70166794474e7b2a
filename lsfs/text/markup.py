"""Attributes of marked-up and plain text: title, headings, front matter, mail-like headers, authors and dates as written."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import yaml

from lsfs.text.extracted import Attributes

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,8192}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_MARKDOWN_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_UNDERLINED = re.compile(r"^(\S[^\n]{0,200})\n(?:={3,}|-{3,}|~{3,})[ \t]*$", re.MULTILINE)
_LATEX = re.compile(r"\\(title|author|part|chapter|section|subsection|date)\*?\{([^{}]{1,300})\}")
_HEADER = re.compile(r"^(title|author|authors|by|from|to|cc|subject|date|vendor|customer|tags?|keywords?)\s*:\s*(\S.*)$", re.I)
_FIELDS = {
    "authors": "author",
    "by": "author",
    "tags": "keyword",
    "tag": "keyword",
    "keywords": "keyword",
    "lang": "language",
    "created": "date",
    "affiliations": "affiliation",
}
_LISTS = {"author", "keyword", "affiliation", "to", "cc"}
_HEADER_LINES = 12


def front_matter(text: str) -> tuple[Attributes, int]:
    """Return the fields of a YAML block at the start and where the text behind it begins; broken YAML has no fields."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, 0
    try:
        fields = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return {}, found.end()
    out: Attributes = {}
    for key, value in fields.items():
        name = str(key).strip().lower()
        out.setdefault(_FIELDS.get(name, name), []).extend(_scalars(name, value))
    return out, found.end()


def _scalars(name: str, value: Any) -> list[str]:
    """Return the plain values of a field: itself or a flat list's; nested ones are left out (they can be made to explode)."""
    items = value if isinstance(value, list) else [value]
    plain = [str(v) for v in items[:100] if isinstance(v, str | int | float | date | datetime)]
    if len(plain) == 1 and _FIELDS.get(name, name) in _LISTS:
        return people_or_words(plain[0])
    return plain


def people_or_words(text: str) -> list[str]:
    """Split "Ann Bee, Carl Dee and Eva Fox" into its names."""
    return [part.strip() for part in re.split(r"\s*[,;]\s*(?:and\s+)?|\s+and\s+|\s*&\s*", text) if part.strip()]


def text_attributes(text: str, extension: str) -> Attributes:
    """Return what a text file says about itself: front matter, header lines, title and headings."""
    out, start = front_matter(text)
    body = text[start : start + 200_000]
    if extension == "tex":
        headings = _latex(body, out)
    else:
        _headers(body, out)
        headings = _headings(body) if extension in {"md", "markdown", "rst", "adoc", "txt", "text", "", "org"} else []
    if headings:
        out.setdefault("title", [headings[0]])
        out["heading"] = headings
    return out


def _latex(body: str, out: Attributes) -> list[str]:
    headings: list[str] = []
    for command, value in _LATEX.findall(body):
        clean = re.sub(r"\\and\b", " and ", value)
        clean = re.sub(r"\\[a-zA-Z]+|[~\\]", " ", clean)
        if command == "author":
            out.setdefault("author", []).extend(n.strip() for n in re.split(r"\sand\s|,", clean) if n.strip())
        elif command in {"title", "date"}:
            out.setdefault(command, []).append(clean)
        else:
            headings.append(clean)
    return headings


def _headers(body: str, out: Attributes) -> None:
    """Take "Author: ..." lines from the first lines, as in minutes, letters and saved mails."""
    lines = [line for line in body[:4000].splitlines() if line.strip()][:_HEADER_LINES]
    for line in lines:
        found = _HEADER.match(line.strip(" *_#-").replace("**", ""))
        if found:
            field = _FIELDS.get(found[1].lower(), found[1].lower())
            values = people_or_words(found[2]) if field in _LISTS else [found[2]]
            out.setdefault(field, []).extend(v for v in values if v not in out.get(field, []))


def _headings(body: str) -> list[str]:
    """Return Markdown and underlined headings in order."""
    found = [(m.start(), m[2]) for m in _MARKDOWN_HEADING.finditer(body)]
    found += [(m.start(), m[1]) for m in _UNDERLINED.finditer(body)]
    return [heading.strip("* _`=") for _, heading in sorted(found)]
