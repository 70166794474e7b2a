"""Requests to find something in German, French, Spanish and Italian: the verb is plain, what follows is the topic and a time.

The model knows the calls in these languages; where it takes "zeig mir ..." for another reading call, or finds nothing in the
words behind it, what is left between the verb and a time is what to look for.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lsfs_syscalls import times
from lsfs_syscalls.parse import values
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.filters import DESCRIBING

_FIND = re.compile(
    r"^(?:bitte |por favor,? |s'il te plaît,? )?(?:zeige?n?(?: sie)?(?: mir| uns)?|finden?|suchen?|trouvez?|cherchez?"
    r"|montre[zr]?[- ](?:moi|nous)|busca[rd]?|búscame|encuentra|encontrar|mu[eé]str[ae](?:me|nos)?|mostrami|trova|cerca)\b"
    r"(?: mir\b)?\s*",
    re.IGNORECASE,
)
_ARTICLES = re.compile(
    r"^(?:(?:alle|die|den|das|der|meine|meinen|mein|tous|toutes|les|la|le|des|mes|mon|ma|todos|todas|los|las|el|mis|mi|tutti|tutte"
    r"|i|gli|dateien|dokumente|documents|documentos|fichiers|archivos|ficheros|documenti|zu|über|sur|sobre|su)\b\s*|l['’])+",
    re.IGNORECASE,
)
_LINK = re.compile(r"\s+(?:von|vom|aus|de|du|del|d|dal|di|modifiés?|geändert|modificados?)$", re.IGNORECASE)
_MISREAD = frozenset({"retrieve", "log", "list", "summarize_changes", "unclear", "events", "links"})


def find(clause: Clause) -> Clause:
    """Return the clause as a search, where its first words are a verb of finding and the model found nothing to look for."""
    verb = _FIND.match(clause.text)
    told = any(s.name in DESCRIBING or s.name in ("PATH", "FOLDER", "REF") for s in clause.slots)
    if verb is None or clause.intent not in _MISREAD or told:
        return clause
    topic, when = _parted(re.sub(r"[\s.!?]+$", "", clause.text[verb.end() :]))
    topic = _ARTICLES.sub("", _LINK.sub("", topic))
    if not topic and not when:
        return clause
    kind = "TYPE" if values.file_type(topic) and values.is_format(topic) else "QUERY"
    slots = [Slot(kind, topic)] if topic else []
    return replace(clause, intent="retrieve", slots=(*slots, *([Slot("WHEN", when)] if when else [])))


def _parted(text: str) -> tuple[str, str]:
    """Return the text without the time at its end, and the time."""
    words = text.split()
    for n in range(min(5, len(words)), 0, -1):
        when = " ".join(words[-n:])
        bare = re.sub(r"^(?:von|vom|aus|de|du|del|modifiés?|d['’])\s*", "", when, flags=re.IGNORECASE)
        if times.is_time(bare):
            return " ".join(words[:-n]), bare
    return text, ""
