"""Clauses that ask for nothing of their own but say more of the set before them.

"The transcripts that mention Rosneft **and were changed last month**", "papers on gut bacteria, **but leave out whatever
mentions antibiotics**": the model may read the second half as a request; what it says belongs to the search.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lsfs_syscalls.parse.clause import Clause

_LIMITING = frozenset({"WHEN", "AUTHOR", "ANYAUTHOR", "SIZEMIN", "SIZEMAX", "TYPE", "LANG", "HASTAG"})
_WORDS = frozenset({"EXCL", "KW", "ANYKW"})
_RELATIVE = re.compile(
    r"(?:,? ?(?:and|but|or) )?(?:(?:that|which|who) )?(?:was|were|is|are|has|have|had|i|we|got)(?: been)?(?: last)?(?: also)? "
    r"(?:changed|modified|edited|written|created|made|touched|updated|saved|added|wrote|bigger|larger|smaller|older|newer)\b"
)
_LEFT_OUT = re.compile(
    r"(?:,? ?(?:but|and|only) )?(?:please )?(?:leave out|leaving out|skip|skipping|exclude|excluding|ignore|ignoring|drop"
    r"|without|not|no|except|minus) ?(?:whatever|anything|everything|all|any|those|the ones|ones|files|papers|documents)?\b"
)
_DROPS = frozenset({"delete", "retrieve", "unclear"})


def together(clauses: list[Clause]) -> list[Clause]:
    """Return the clauses with those that only say more of a search put into it."""
    out: list[Clause] = []
    for clause in clauses:
        if out and out[-1].intent == "retrieve" and (more := _more(clause)) is not None:
            last = out[-1]
            out[-1] = replace(last, slots=(*last.slots, *more.slots), text=f"{last.text} {clause.text}")
        else:
            out.append(clause)
    return out


def _more(clause: Clause) -> Clause | None:
    """Return the clause as it describes files, or None where it asks for something."""
    text, names = clause.text.lower(), {s.name for s in clause.slots}
    if names and names <= _LIMITING and _RELATIVE.match(text):
        return clause
    if names and names <= _WORDS and clause.intent in _DROPS and _LEFT_OUT.match(text):
        return replace(clause, slots=tuple(replace(s, name="EXCL") for s in clause.slots))
    return None
