"""Grouping by any attribute or phrase ("customer", "sent by"): the property of each file that fits the words best.

Tried in this order, and said in the answer: an attribute of that name; an attribute that means the same; a line of the text
such as "Customer: Fjordmedia"; a table column of that name which has one value throughout. What fits nothing is in the group
"(none)".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lsfs.model import Entry
from lsfs_syscalls.run.contents import tables_of
from lsfs_syscalls.run.context import Context
from lsfs_syscalls.run.keys import NONE
from lsfs_syscalls.run.tables import plain

SYNONYMS: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "customer client buyer bill_to billed_to bill invoice_to kunde cliente",
        "vendor supplier seller issuer issued_by company lieferant rechnungssteller fornecedor",
        "sender from sent_by mail_from absender",
        "recipient to sent_to receiver empfänger",
        "author writer by written_by creator verfasser autor",
        "artist band performer musician",
        "album record",
        "genre style",
        "amount total sum price summe betrag gesamtbetrag",
        "project projekt",
        "place location city ort venue",
        "camera model device",
        "subject betreff topic_line",
        "status state",
        "category kind class",
        "due due_date fällig payable_by",
    )
)
"""Names of properties that stand for each other."""

_HEAD = 6_000
_MOST_VALUES = 3
_LABEL = r"(?im)^[\s>*#|-]*\**\s*(?:{names})\s*\**\s*[:=|]\s*\**\s*(.+?)\s*\**\s*\|?\s*$"


def by_phrase(ctx: Context, entries: Sequence[Entry], phrase: str) -> list[tuple[str, str]]:
    """Return for each file its label, and where that came from (empty for none)."""
    words = _names(phrase)
    attributes = ctx.engine.attributes.of([e.fid for e in entries])
    pattern = re.compile(_LABEL.format(names="|".join(re.escape(w).replace("_", r"[\s_-]+") for w in words)))
    return [_label(ctx, e, attributes.get(e.fid, {}), words, pattern) for e in entries]


def _label(
    ctx: Context, e: Entry, known: Mapping[str, list[str]], words: Sequence[str], pattern: re.Pattern[str]
) -> tuple[str, str]:
    field = _field(known, words)
    if field is not None:
        return ", ".join(known[field]), f"attribute {field}"
    line = pattern.search((ctx.text(e.fid) or "")[:_HEAD])
    if line is not None:
        return " ".join(line[1].split())[:120], "a line of the text"
    values = _column(ctx, e, words)
    if values:
        return (", ".join(values) if len(values) <= _MOST_VALUES else "(several)"), "a table column"
    return NONE, ""


def _names(phrase: str) -> list[str]:
    """Return the names that the phrase can have, its own first: with and without plural, and what means the same."""
    own = plain(phrase)
    singular = re.sub(r"(?<=[^s])s$", "", own)
    names = [own, singular, f"{own}s", f"{singular}_name", f"{singular}_id"]
    for group in SYNONYMS:
        if own in group or singular in group:
            names += sorted(group)
    return list(dict.fromkeys(names))


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
