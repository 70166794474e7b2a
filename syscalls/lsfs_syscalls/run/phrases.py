"""Grouping by any attribute or phrase ("customer", "sent by"): the property of each file that fits the words best.

Tried in this order, and said in the answer: an attribute of that name, or of one that means the same; a line of the text such
as "Customer: Fjordmedia"; a table column of that name; what can stand in for it (the author of an invoice is its vendor). What
fits nothing is in the group "(none)".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lsfs.model import Entry
from lsfs_syscalls.run.contents import tables_of
from lsfs_syscalls.run.context import Context
from lsfs_syscalls.run.keys import NONE, bare
from lsfs_syscalls.run.tables import plain

SYNONYMS: tuple[tuple[str, str], ...] = (
    ("customer client buyer bill_to billed_to invoice_to kunde cliente", "to"),
    ("vendor supplier seller issuer issued_by lieferant rechnungssteller fornecedor", "company organization from author"),
    ("sender sent_by mail_from absender from", "author"),
    ("recipient sent_to receiver empfänger to", "cc"),
    ("author writer by written_by creator verfasser autor", "from"),
    ("artist band performer musician", "album_artist author"),
    ("album record", ""),
    ("genre style", ""),
    ("amount total sum summe betrag gesamtbetrag", "price"),
    ("project projekt", ""),
    ("place location city ort venue", ""),
    ("camera model device", ""),
    ("subject betreff", "title"),
    ("status state", ""),
    ("category kind class", ""),
    ("due due_date payable_until payable_by fällig", ""),
)
"""Names of properties that stand for each other, and those that stand in where a file has none of them."""

_HEAD = 6_000
_MOST_VALUES = 3
_LABEL = r"(?im)^[\s>*#|-]*\**\s*(?:{names})\s*\**\s*[:=|]\s*\**\s*(.+?)\s*\**\s*\|?\s*$"


def by_phrase(ctx: Context, entries: Sequence[Entry], phrase: str) -> list[tuple[str, str]]:
    """Return for each file its label, and where that came from (empty for none)."""
    names, instead = _names(phrase)
    wanted = _Wanted(tuple(names), _lines(names)), _Wanted(tuple(instead), _lines(instead))
    attributes = ctx.engine.attributes.of([e.fid for e in entries])
    return [_label(ctx, e, attributes.get(e.fid, {}), *wanted) for e in entries]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Names of a property, and the lines of a text that give its value."""

    names: tuple[str, ...]
    lines: re.Pattern[str] | None


def _lines(names: Sequence[str]) -> re.Pattern[str] | None:
    words = "|".join(re.escape(w).replace("_", r"[\s_-]+") for w in names)
    return re.compile(_LABEL.format(names=words)) if names else None


def _label(ctx: Context, e: Entry, known: Mapping[str, list[str]], own: _Wanted, instead: _Wanted) -> tuple[str, str]:
    text = (ctx.text(e.fid) or "")[:_HEAD]
    found = _stated(known, text, own)
    if found is None:
        values = _column(ctx, e, own.names)
        if values:
            return (", ".join(values) if len(values) <= _MOST_VALUES else "(several)"), "a table column"
        found = _stated(known, text, instead)
    return found or (NONE, "")


def _stated(known: Mapping[str, list[str]], text: str, wanted: _Wanted) -> tuple[str, str] | None:
    """Return what an attribute or a line of the text says."""
    field = _field(known, wanted.names)
    if field is not None:
        return ", ".join(bare(v) for v in known[field]), f"attribute {field}"
    line = wanted.lines.search(text) if wanted.lines is not None else None
    return None if line is None else (" ".join(line[1].split())[:120], "a line of the text")


def _names(phrase: str) -> tuple[list[str], list[str]]:
    """Return the names that the phrase can have, its own first, with what means the same; and what can stand in for them."""
    own = plain(phrase)
    singular = re.sub(r"(?<=[^s])s$", "", own)
    names = [own, singular, f"{own}s", f"{singular}_name", f"{singular}_id"]
    instead: list[str] = []
    for same, weaker in SYNONYMS:
        if own in same.split() or singular in same.split():
            names += same.split()
            instead += weaker.split()
    return list(dict.fromkeys(names)), [w for w in dict.fromkeys(instead) if w not in names]


def _field(known: Mapping[str, list[str]], words: Sequence[str]) -> str | None:
    by_name = {plain(f): f for f, values in known.items() if values}
    return next((by_name[w] for w in words if w in by_name), None)


def _column(ctx: Context, e: Entry, words: Sequence[str]) -> list[str]:
    """Return the distinct values of the first column whose name fits."""
    for table in tables_of(ctx, ctx.engine.versions.version_by_id(e.version)):
        for word in words:
            values = table.column(word)
            if values:
                return list(dict.fromkeys(v for v in values if v))
    return []
