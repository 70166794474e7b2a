"""How to search, said beside the search: "Search by meaning, the exact words don't matter", "literal search, no semantics: …".

A sentence, or a piece behind or before a comma or a colon, that says nothing else is taken out of the prompt; the search that
is left gets the mode. It must say nothing else: "by meaning and only pdfs" stays where it is.
"""

from __future__ import annotations

import re

from lsfs_syscalls.parse.words import Word, cut

_MEANING = re.compile(
    r"(?:\b(?:by|on|for) (?:the )?(?:meaning|sense)\b|\bsemantic(?:ally)?\b|\bconceptual(?:ly)?\b"
    r"|\bnot (?:by |for |on )?(?:the |its |their )?(?:exact |literal )?(?:words?|wording)\b"
    r"|\b(?:the )?(?:exact )?(?:words?|wording) (?:do(?:es)?n['’]?t|do(?:es)? not|need not) (?:matter|count|have to match)\b)"
)
_LITERAL = re.compile(
    r"(?:\bliteral(?:ly)?\b|\bverbatim\b|\bword for word\b|\bno semantics?\b|\bnot (?:by )?(?:the )?meaning\b|\bkeywords?\b"
    r"|\b(?:by|for) (?:the )?(?:exact )?words?\b|\b(?:exact|full[- ]text) (?:words?|match(?:es)?|wording|text)?\b)"
)
_FILLER = re.compile(
    r"\b(?:please|just|only|search|searching|look|looking|go|going|match|matching|use|using|do|it|this|that|a|the|and|here|mode"
    r"|for me|i mean|not|rather than|instead of)\b|[^\w]+"
)
_EDGES = frozenset(".!?;:,")


def apart(prompt: str, words: list[Word]) -> tuple[str, str] | None:
    """Return the prompt without what says how to search, and the mode; None where nothing does, or nothing else is said."""
    ends = [i for i, w in enumerate(words) if not w.mark and w.text in _EDGES]
    for i in ends:  # at the beginning
        mode = _mode(prompt[: words[i].start]) if i else None
        if mode is not None and i + 1 < len(words):
            return prompt[words[i + 1].start :], mode
    for i in reversed(ends):  # at the end
        mode = _mode(prompt[words[i].end :])
        if mode is not None and i:
            before = prompt[: words[i].start]
            rest = apart(before, cut(before))  # "search by meaning, the exact words don't matter"
            return rest or (prompt[: words[i].end].rstrip(",;: "), mode)
    return None


def _mode(text: str) -> str | None:
    """Return the mode that the text names, where it says nothing else."""
    said = text.lower()
    for mode, form, other in (("semantic", _MEANING, _LITERAL), ("keyword", _LITERAL, _MEANING)):
        if form.search(said) and not _FILLER.sub("", other.sub("", form.sub("", said))):
            return mode
    return None
