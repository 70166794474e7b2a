"""What a change must not be guessed from: exceptions that no step makes, refusals, corrections, conditions, other times.

"Delete everything but the photos" names the photos, and what is to go is all the rest: a plan that takes what is named takes
the wrong files. Whoever says such a thing is asked; quoted texts and names do not count.
"""

from __future__ import annotations

import re

from lsfs_syscalls.calls.record import Call
from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.words import Word

_TAKING = frozenset({"delete", "move", "forget", "copy", "tag", "untag", "lock", "rollback"})
_GOING = frozenset({"delete", "move", "forget"})
_SPARED = re.compile(
    r"\b(?:must|should|shall|have to|need to) (?:stay|remain|be kept|be spared)\b"
    r"|\b(?:leave|keep) (?:the|those|these|them|all|any)\b|\bbut (?:keep|leave|spare)\b"
    r"|\b(?:alone|untouched|as they are|where they are)\b|\b(?:do not|don['’]t|never) (?:touch|delete|move|remove)\b"
)
_BUT = re.compile(
    r"\b(?:everything|anything|all|every \w+|each \w+) but\b|\b(?:except|excluding|apart from|other than|save for)\b"
)
_REFUSED = re.compile(
    r"^(?:please |just )*(?:do not|don['’]?t|never|no longer|stop|avoid) "
    r"(?!let (?:any|people|others|them)|sharing|watching|linking|alerting|telling)\w+"
)
_TOLD_NOT = re.compile(
    r"\byou (?:cannot|(?:must|may|should|shall|can|could|are|will|ought|need)(?: not|n['’]t| never)|never)\b(?! have)"
    r"|\byou['’]re (?:not|never)\b"
)
_CORRECTED = re.compile(
    r"\b(?:no,? wait|wait,? no|no,? sorry|i meant?|scratch that|or rather|no,? better"
    r"|on second thoughts?|never mind|i['’]m not sure"
    r"|actually,? (?:no|don['’]t|not)|forget (?:it|that))\b"
)
_NTH = re.compile(
    r"\b(?:second|third|fourth|fifth|2nd|3rd|4th|next)[ -](?:newest|oldest|largest|biggest|smallest|latest|most)\b"
)
_INSIDE = re.compile(r"\b(?:contents?|text|lines?|words?|paragraphs?|pages?|sections?|row|column)s? (?:of|from|in)\b")
_LATER = re.compile(
    r"\b(?:tomorrow|tonight|later(?: today)?|next (?:week|month|year|\w+day)"
    r"|every (?:day|night|week|month|year|\w+day)|each (?:day|night|week|month)|unless|as soon as)\b"
)
_NARROWED = frozenset({"under", "query", "keywords", "type", "tags", "authors", "name"})


def check(words: list[Word], steps: tuple[Call, ...]) -> None:
    """Pass where the steps can be what was said.

    Raises:
        Unclear: they would change what was to be spared, or at another time, or something else than was meant.
    """
    text = " ".join(w.text.lower() for w in words if not w.mark)
    names = {type(s).syscall for s in steps}
    if _CORRECTED.search(text):
        raise Unclear(asking.CORRECTED)
    if _TOLD_NOT.search(text) or (_REFUSED.search(text) and names & _TAKING):
        raise Unclear(asking.UNSURE)
    sets = any(type(s).syscall in _GOING and s.to_json().get("files") for s in steps)
    spared = bool(_SPARED.search(text)) and (sets or "but" in text.split())
    if names & _GOING and (spared or (_BUT.search(text) and not _left_out(steps))):
        raise Unclear(asking.LEFT_OUT)
    if names & _TAKING and _NTH.search(text):
        raise Unclear(asking.WHICH_FILES)
    if "delete" in names and _INSIDE.search(text) and not sets:
        raise Unclear(asking.WHICH_FILE)
    if names & _GOING and _LATER.search(text):
        raise Unclear(asking.NOT_LATER)


def _left_out(steps: tuple[Call, ...]) -> bool:
    """Tell whether a search leaves words out and is narrowed by something else as well."""
    searches = [s.to_json() for s in steps if type(s).syscall == "retrieve"]
    return any(("exclude" in s or "except_files" in s) and s.keys() & _NARROWED for s in searches)
