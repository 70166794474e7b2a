"""Grouping by any attribute or phrase ("customer", "sent by"): the property of each file that fits the words best.

Tried in this order, and said in the answer: an attribute of that name, or of one that means the same; a line of the text such
as "Customer: Fjordmedia"; a table column of that name; what the configured model reads out of the text; what can stand in for
it (the author of an invoice is its vendor). What fits nothing is in the group "(none)". Values that are written differently
("Contoso GmbH", "CONTOSO") are one group.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lsfs.model import Entry
from lsfs_syscalls.run.asked import Asked, ask_model
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
    ("camera camera_model", ""),
    ("subject betreff", "title"),
    ("status state", ""),
    ("category kind class", ""),
    ("due due_date payable_until payable_by fällig", ""),
)
"""Names of properties that stand for each other, and those that stand in where a file has none of them."""

_HEAD = 6_000
_SMALL = frozenset({"to", "from", "cc"})
"""Fields of mails that mean anything as the name of a column."""
_LEGAL = frozenset("gmbh ag ug kg ohg se inc llc ltd limited corp co company sa sarl srl spa bv nv ab as oy plc lda ev".split())
_MOST_VALUES = 3
_LABEL = r"(?im)^[\s>*#|-]*\**\s*(?:{names})\s*\**\s*[:=|]\s*\**\s*(.+?)\s*\**\s*\|?\s*$"


@dataclass(frozen=True, slots=True)
class Labelled:
    """The label of each file, where it came from (empty for none), and what has to be said."""

    labels: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]


def by_phrase(ctx: Context, entries: Sequence[Entry], phrase: str) -> Labelled:
    """Return for each file its label, and where that came from."""
    names, instead = _names(phrase)
    own, weaker = _Wanted(tuple(names), _lines(names)), _Wanted(tuple(instead), _lines(instead))
    attributes = ctx.engine.attributes.of([e.fid for e in entries])
    found = {e.fid: _own(ctx, e, attributes.get(e.fid, {}), own) for e in entries}
    open_ = [e for e in entries if found[e.fid] is None]
    notices: list[str] = []
    if open_ and ctx.writer is not None:
        asked = ask_model(ctx, ctx.writer, phrase, open_, [label[0] for label in found.values() if label is not None])
        found |= {fid: (value, f"the model {ctx.writer.name}") for fid, value in asked.values.items()}
        notices += _said(asked, phrase)
    for e in open_:
        found[e.fid] = found[e.fid] or _stated(attributes.get(e.fid, {}), _text(ctx, e), weaker)
    missing = sum(label is None for label in found.values())
    if missing and ctx.writer is None:
        notices.append(
            f"{missing} of {len(entries)} files do not say their “{phrase}” in an attribute, a line or a column; a language"
            " model ([llm] base_url and model in the configuration) would look for it in their text"
        )
    return Labelled(merged([found[e.fid] or (NONE, "") for e in entries]), tuple(notices))


def _said(asked: Asked, phrase: str) -> list[str]:
    out = (
        [f"{asked.left} files were not read for their “{phrase}” ({asked.problem or 'enough for one call'})"]
        if asked.left
        else []
    )
    if asked.left and not asked.problem:
        out[0] += "; the same call goes on with them"
    if asked.refused:
        out.append(f"{asked.refused} answers of the model were not taken: the text does not bear them out")
    return out


def merged(labels: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Give values that are written differently one label: the one that most files have, of several such the first."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for label, _ in labels:
        written[_folded(label)][label] += 1
    chosen = {key: counts.most_common(1)[0][0] for key, counts in written.items()}
    return tuple((chosen[_folded(label)], how) for label, how in labels)


def _folded(label: str) -> str:
    """Return a label without case, marks and the legal form of a company; one that is nothing else stays."""
    if label == NONE:
        return label
    words = re.findall(r"\w+", label.casefold())
    return " ".join(w for w in words if w not in _LEGAL) or label.casefold()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Names of a property, and the lines of a text that give its value."""

    names: tuple[str, ...]
    lines: re.Pattern[str] | None


def _lines(names: Sequence[str]) -> re.Pattern[str] | None:
    words = "|".join(re.escape(w).replace("_", r"[\s_-]+") for w in names)
    return re.compile(_LABEL.format(names=words)) if names else None


def _text(ctx: Context, e: Entry) -> str:
    return (ctx.text(e.fid) or "")[:_HEAD]


def _own(ctx: Context, e: Entry, known: Mapping[str, list[str]], own: _Wanted) -> tuple[str, str] | None:
    """Return what the file itself states: in an attribute, a line of its text or a column."""
    found = _stated(known, _text(ctx, e), own)
    values = _column(ctx, e, [n for n in own.names if n == own.names[0] or n not in _SMALL]) if found is None else []
    if values:
        return (", ".join(values) if len(values) <= _MOST_VALUES else "(several)"), "a table column"
    return found


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
