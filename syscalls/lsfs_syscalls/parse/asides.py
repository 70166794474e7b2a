"""Talk around a request: "the ward sister keeps asking me", "because the internet here is dreadful".

A prompt that makes no plan is read again without the sentences around the request that ask for nothing, and with a file that
is named first put where "it" is. What could be a condition is never left out of a change. A prompt that makes a plan as it
stands is not touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsfs_syscalls.parse.words import FILE, QUOTED_PATH, Word, cut

_ENDS = frozenset(".!?;…")
_HANGING = frozenset("because since so as otherwise".split())
_STATES = re.compile(
    r"(?:i|i['’](?:m|ve|d|ll)|im|ive|we|we['’](?:re|ve|d|ll)|my|our|it|it['’]s|its|that['’]?s?|this|they|he|she|you know|nobody"
    r"|somebody|someone|everybody|everyone|there|there['’]s|theres|because|since|as|so|otherwise|or else|let['’]s|the \w+|a \w+"
    r"|no (?:rush|hurry)|never mind|doesn['’]t matter|sorry|thanks?|cheers|hi|hello|hey|good (?:morning|evening)|ok(?:ay)?"
    r"|right|well|oh|term|school|mum|dad|young \w+|quick question|one more thing|for \w+|before|after|now that"
    r"|[a-z]+ (?:is|are|was|has|wants|needs|keeps|asked|told|said|swears|meets|starts|made))\b"
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|needs?|wants?|keeps?|asked|told|said|starts?|begins?|meets?|swears?|made|must|should"
    r"|will|would|can|could|cannot|going|knows?|thinks?|i['’]?m|i['’]?ve|i['’]?d|it['’]?s|that['’]?s|there['’]s|thanks?|cheers|hi"
    r"|hello|hey|sorry|question|morning|evening|rush|hurry|mind|matter|kept|run|bet|guess|see|get)\b|n['’]?t\b"
)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|instructions?|previous|prompt|system|approved?|consent|permission|pretend|admin|root|please|delete"
    r"|remove|move|copy|rename|share|write|restore|revert|undo|tag|lock|find|show|list|search|look for|summari[sz]e|translate"
    r"|compare|only|instead)\b"
)
_CONDITION = re.compile(
    r"\b(?:except|unless|apart|other than|but|not the|if|when|keep|leave|without|older|newer|before|after|than|should|must"
    r"|those|ones)\b"
)
_REASON = re.compile(
    r"^(?:i|we)(?:['’]?m| am|['’]re| are|['’]ll| will)? ?(?:never|not|no longer|do not|don['’]?t|won['’]?t|have no)\b.*"
    r"\b(?:needs?|read|use|want|look|miss|open)\b(?!.*\b(?:except|unless|apart|but|if|when|keep|leave|without|older|newer|before"
    r"|after|than)\b)"
)
"""Why something may go: no condition, though it speaks of "those"."""
_PAUSES = frozenset(",-:")
_REQUEST = re.compile(
    r"(?:please|(?:could|can|would|will) (?:you|u)|i (?:want|need|would like|have) to|i['’]d like (?:you )?to|do me a favour)\b"
)
_FRONTED = re.compile(
    r"^(?P<between>\s*(?:[:,]| - )\s*(?:please\s+|just\s+|could you\s+|would you\s+)*)(?P<rest>.*\b(?:it|this|that)\b.*)$",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A prompt without what was said by the way.

    Attributes:
        left_out: the words that ask for nothing.
        conditional: whether one of them could be a condition.
    """

    prompt: str
    left_out: tuple[str, ...]
    conditional: bool


def rewrites(prompt: str) -> Iterator[Rewritten]:
    """Yield what the prompt may mean, the nearest first."""
    words = cut(prompt)
    fronted = _with_object(prompt, words)
    if fronted is not None:
        yield Rewritten(fronted, (), conditional=False)
    parts = _parts(prompt, words)
    talk = [_is_talk(prompt, p) for p in parts]
    if not any(talk) or all(talk):
        return
    first = next(i for i, t in enumerate(talk) if not t)
    last = len(parts) - next(i for i, t in enumerate(reversed(talk)) if not t)
    seen = set()
    for a, b in ((first, last), (0, last), (first, len(parts))):
        kept = prompt[parts[a][0].start : parts[b - 1][-1].end]
        if kept in seen or (a, b) == (0, len(parts)):
            continue
        seen.add(kept)
        out = tuple(_text(prompt, p) for p in (*parts[:a], *parts[b:]))
        yield Rewritten(kept, out, conditional=any(_CONDITION.search(t) and not _REASON.match(t) for t in out))


def _with_object(prompt: str, words: list[Word]) -> str | None:
    """Return "copy notes.md to old" for "notes.md: copy it to old"."""
    if not words or words[0].mark not in (FILE, QUOTED_PATH):
        return None
    name, rest = prompt[words[0].start : words[0].end], prompt[words[0].end :]
    found = _FRONTED.match(rest)
    return re.sub(r"\b(?:it|this|that)\b", lambda _: name, found["rest"], count=1) if found else None


def _parts(prompt: str, words: list[Word]) -> list[list[Word]]:
    """Return the sentences, and the pieces behind a comma or a dash that could be talk."""
    parts: list[list[Word]] = [[]]
    for i, w in enumerate(words):
        if not w.mark and (w.text in _ENDS or w.text in _PAUSES):
            talk = _is_talk(prompt, _piece(words[i + 1 :])) or _is_talk(prompt, parts[-1])
            if w.text in _ENDS or talk:
                parts.append([])
                continue
        elif not w.mark and parts[-1] and _turns(prompt, words, i, parts[-1]):
            parts.append([])
        parts[-1].append(w)
    return [p for p in parts if p]


def _turns(prompt: str, words: list[Word], i: int, before: list[Word]) -> bool:
    """Tell whether talk begins with "because", or the request with "so please" or "and I want to"."""
    if words[i].seen in _HANGING and _is_talk(prompt, _piece(words[i:])):
        return True
    start = i + 1 if words[i].seen in ("so", "and") and i + 1 < len(words) else i
    return bool(_REQUEST.match(prompt[words[start].start :].lower())) and _is_talk(prompt, before)


def _piece(words: list[Word]) -> list[Word]:
    end = next((i for i, w in enumerate(words) if not w.mark and (w.text in _ENDS or w.text in (",", "-"))), len(words))
    return words[:end]


def _text(prompt: str, part: list[Word]) -> str:
    return prompt[part[0].start : part[-1].end].lower()


def _is_talk(prompt: str, part: list[Word]) -> bool:
    """Tell whether the words state something and ask for nothing."""
    if not part or any(w.mark for w in part):
        return False
    text = _text(prompt, part)
    return bool(_STATES.match(text)) and bool(_FINITE.search(text)) and not _ORDER.search(text)
