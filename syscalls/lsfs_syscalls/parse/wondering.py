"""Questions about a change: "should I delete it?", "is it safe to remove x", "how do I undo?" want advice, not the change.

What is asked of the parser itself stays a request: "can you delete x", "would you mind", "will you". A sentence that asks is
made good by another that requests ("what happened to it? bring it back"). What is asked about is named in words that would do
it, so that nobody has to guess; reading is no matter. Over-asking is the cheaper mistake here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsfs_syscalls.calls.record import Call, Effect
from lsfs_syscalls.calls.table import call_from_json
from lsfs_syscalls.parse.words import Word, spoken

_I = r"(?:i|we|one)(?!['’])"
_IT = (
    r"(?:it|that|this|they|these|those|everything"
    r"|(?:the|my|our|all|an?|any) (?:[\w@'’-]+ ){0,3}?[\w@'’-]+|@\w+)"
)
_START = r"(?:^|[,:;] |\b(?:or|but|so|and|then|because|as|hey|hi|hello|ok|okay|well|hm+|please|wait|right|lsfs|just|now) |- )"
_GETTING = r"(?!(?:please|get(?! rid)|have|see|look|view|read|find|search|say|trouble|bother)\b)"
_JUDGED = (
    r"(?:safe|ok|okay|fine|alright|all right|wise|good|bad|better|best|smart|sensible|possible|harm\w+|dangerous|risky|worth"
    r"|needed|necessary|useful|used|allowed|important|obsolete|still|any good|a)"
)
_ADVERBS = r"(?:\w+ly |still |just |also |ever |then |now |not |really |even |actually )*"
_ANYWHERE = re.compile(
    rf"\b(?:should|shall|ought|must)(?:n['’]t)? {_I}\b"
    rf"|\b(?:can|could|may|might|can['’]?t|couldn['’]t)(?: not)? {_I} {_GETTING}"
    rf"|\bwould {_I} (?:lose|regret|miss|be|have to|need)\b"
    rf"|\bdo(?:n['’]t)? {_I} {_ADVERBS}(?:need|want|have to|use|lose|risk|dare)\b"
    r"|\b(?:is|was|isn['’]t|would|will|wouldn['’]t|might|could)(?: not)? (?:it|that|this)(?: be)? "
    rf"{_ADVERBS}{_JUDGED}\b"
    r"|\bam i (?:allowed|supposed|able|free|right|safe|permitted)\b"
    rf"|\b(?:whether|if) (?:{_I}|it|they|that|this|these|@\w+) (?:\w+ly )?(?:should|can|could|may|might|ought|would|must)\b"
    rf"|\b(?:whether|if) (?:it|that|this|@\w+) (?:is|was|were|would be|['’] s) {_ADVERBS}{_JUDGED}\b"
    r"|\b(?:maybe|perhaps) (?:i|we) (?:should|could|can|might|ought)\b"
    r"|\b(?:wonder|wondering|unsure|undecided|curious|no idea|(?:not|n['’]t) (?:know|sure))\b(?! (?:if|whether) you)"
    r"|\b(?:tell|show|teach|explain to|ask) (?:me|us) how (?:to|i|we|one|you)\b"
    r"|\b(?:do|don['’]t) you think\b(?! you c)"
    r"|\bwhat (?:do|would) you (?:think|say|recommend|advise|suggest)\b"
    r"|\bwould you (?:recommend|advise|suggest|ever|rather)\b"
    r"|\bwhat (?:happens|would happen|will happen|would be lost|do i lose|would i lose|will i lose)\b"
    r"|\bis there (?:a |an |any |some )?(?:way|harm|danger|risk|problem|reason|need|point|downside|chance|possibility)\b"
)
"""Orders of words that nobody uses in a request."""
_AT_START = re.compile(
    rf"{_START}(?:"
    r"how (?:do|does|can|could|would|should|might|may|to|about|safe|bad|risky|dangerous)\b(?! you (?:feel|like))"
    r"|explain how\b|why (?!not\b|don['’]?t you\b)|when (?:should|can|do|did)\b|what (?:if|about)\b"
    rf"|(?:can|could|may|might)(?:n['’]t)? {_IT} {_ADVERBS}(?:be )?{_ADVERBS}"
    r"(?:deleted|removed|erased|trashed|binned|wiped|cleared|purged|discarded|thrown|forgotten|gone|go|dropped|overwritten)\b"
    rf"|(?:should|must|shall|will|would|does|did|is|are|was|were|do|has|have)(?:n['’]t)? {_IT} {_ADVERBS}"
    r"(?:be|been|gone|hurt|harm|break|cost|matter|mean|work|free|lose|help|safe|ok|okay|fine|needed|used|useful|worth"
    r"|important|necessary|allowed|obsolete|deleted|removed|a good|a bad|possible)\b"
    r"|(?:can|could|would|will|does|do|is|are)(?:n['’]t)? \w+ing\b"
    r"|(?:did|do|does|have|has|are|were) (?:you|anyone|anybody|somebody|someone)\b(?! (?:mind|want|please|able))"
    r"|did (?:i|we) (?:delete|remove|erase|move|rename|undo|roll|lock|share|copy|tag|forget|restore|overwrite)\b"
    r"|(?:which|what)(?: (?!did\b|was\b|is\b|has\b|i\b|we\b)[\w@]+){0,3} (?:can|could|should|may) (?:\w+ly )?be \w+\b)"
)
"""Orders of words that ask where a sentence or a part of it begins, and may stand inside a request."""
VERBS = (
    r"(?:delete|remove|erase|trash|bin|wipe|clear|drop|purge|discard|throw|get rid|move|rename|copy|duplicate|put|relocate"
    r"|share|send|link|lock|unlock|protect|tag|untag|label|mark|undo|revert|restore|reset|roll ?back|roll|bring|take"
    r"|go back|turn|write|overwrite|replace|change|update|modify|edit|create|make|add|append|prepend|merge|combine"
    r"|concatenate|join|forget|unshare|revoke|snapshot|touch|mount|unmount|watch|unwatch|tell|notify|alert|save|import|set"
    r"|give|generate|stop|archive|clean|empty|store|keep)"
)
"""What a request for a change begins with, as a pattern."""
_REQUEST = re.compile(
    r"(?:(?:please|yes|ok|okay|then|and|so|now|just|well|if so|in that case|also|kindly|go ahead and|after that|next|afterwards"
    r"|finally|first|,) )*"
    r"(?:(?:can|could|would|will) you (?:please |kindly |just )*|i (?:want|would like|need) (?:you )?to |let ' s |let['’]s )?"
    rf"{VERBS}\b"
)
_VERB = re.compile(rf"{VERBS}\b")
_OPEN = re.compile(r"(?:which|what (?!happens|if\b|about\b|would happen|will happen))\b")
_ENDS = frozenset(".!?;")


def asks(words: list[Word]) -> bool:
    """Tell whether the words ask about something and request nothing."""
    sentences = [" ".join(w.seen for w in s) for s in _sentences(words)]
    asking = [bool(_ANYWHERE.search(s) or _AT_START.search(s)) for s in sentences]
    return any(asking) and not any(_REQUEST.match(s) for s, a in zip(sentences, asking, strict=True) if not a)


def changes(steps: tuple[Call, ...]) -> bool:
    """Tell whether one of the steps does more than read."""
    return any(type(s).effect is not Effect.READ for s in steps)


def milder(words: list[Word], steps: tuple[Call, ...]) -> tuple[Call, ...]:
    """Return the steps with a deletion for what was read as more or as less, though only "delete" was said.

    "Without losing anything" is no wish to forget, and "what happens if I delete it" none to be told of its changes.
    """
    said = {w.seen for w in words if not w.mark}
    other = {"forget"} if not any(map(_FORGOTTEN.search, said)) else set()
    other |= {"watch"} if said & {"delete", "remove", "erase"} else set()
    return tuple(call_from_json("delete", {"path": s.to_json().get("path")}) if _is(s, other) else s for s in steps)


def _is(step: Call, names: set[str]) -> bool:
    return type(step).syscall in names and "path" in step.to_json()


_FORGOTTEN = re.compile(r"^(?:forget\w*|forever|good|permanently|irrevocably|completely)$")


def requests(prompt: str, words: list[Word], steps: tuple[Call, ...]) -> Iterator[str]:
    """Yield words that may request what was asked about, the best first; the caller looks whether they do.

    "Which of them can be deleted?" leaves open what it is about: nothing is yielded.
    """
    if _OPEN.match(" ".join(w.seen for w in words)):
        return
    if len(steps) == 1:
        yield from _of_step(steps[0])
    for sentence in _sentences(words):
        for i, w in enumerate(sentence):
            if not w.mark and _VERB.match(" ".join(x.seen for x in sentence[i : i + 2])):
                yield spoken(prompt, sentence[i:])


def _of_step(step: Call) -> Iterator[str]:
    name, args = type(step).syscall, step.to_json()
    path, to = args.get("path"), args.get("to")
    said = {"link": "share", "rollback": "roll back"}.get(name, name)
    if path is None:
        yield said
        return
    for shown in (str(path), f'"{path}"', f"the folder {path}", f"the file {path}"):
        yield f"{said} {shown} to {to}" if to is not None else f"{said} {shown}"


def _sentences(words: list[Word]) -> list[list[Word]]:
    out: list[list[Word]] = [[]]
    for w in words:
        if not w.mark and w.text in _ENDS:
            out.append([])
        else:
            out[-1].append(w)
    return [s for s in out if s]
