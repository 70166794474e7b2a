"""What no call can do although one that looks like it can: it would take back, take away or overwrite more than was said.

An undo takes back the latest change that was made before the plan, never a step of the plan; old versions go by the retention
rules, and `forget` takes the file with them; nothing edits inside a file, and a `write` overwrites all of it. Each of these is
asked about. The words are looked at with the marks of literals in their places, so that no name counts as a word.
"""

from __future__ import annotations

import re

from lsfs_syscalls import times
from lsfs_syscalls.calls.record import Call, Effect
from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.wondering import VERBS
from lsfs_syscalls.parse.words import Word

_GONE = frozenset({"delete", "forget"})
_REWRITTEN = frozenset({"write", "create", "move", "touch", "delete", "forget"})
_VERSIONS = re.compile(
    r"(?P<beside>\b(?:and|with|including|plus)(?: (?:all|of|its|their|the|every|whole|entire))* )?"
    r"(?:\b(?:old|older|oldest|previous|earlier|past|former|prior|first|last|superseded|outdated)"
    r" (?:\w+ )?(?:versions?|revisions?)\b|\bversions? (?:\d+|@\w+)|(?<!all )(?<!every )\bversions? of @\w+"
    r"|\b(?:version |change |edit )?history (?:of|for) (?:the |my |our )?(?:file |document |folder )?"
    r"(?:@\w+|it|them|this|that)\b"
    r"|@\w+(?: ?['’] ?s)? (?:old |version |edit )?(?:history|versions)\b)(?P<of> (?:of|from|for|in)\b)?"
)
_HISTORY_OF = re.compile(r"\b(?:history|versions?|revisions?) (?:of|for)\b")
_ALL = re.compile(r"\b(?:all|every|whole|entire) (?:versions?|history)\b")

_FILE = r"(?:the |my |our |this )?(?:file |document |note )?(?:@folder )?(?:@file|@qpath)"
_PART = r"(?P<part>(?:(?!@file|@qpath|@folder)\S+ ){1,8}?)"
_WHOLE = re.compile(r"\b(?:contents?|text|body|everything|all|whole|file|files|document|documents|copy|copies|ones)\b")
_CLEARED = re.compile(
    r"(?:^|\b(?:and|then|please|you|to|just|now|also|,) )(?:clear|empty|blank|truncate)(?: out)? "
    rf"(?:the contents? (?:of|from) )?(?:{_FILE}|(?:the )?(?:file|document) \w+)"
)
_REPLACED = re.compile(
    r"\b(?:change|replace|swap|substitute|turn|alter|correct|fix|update|set|edit|modify|convert|exchange"
    r"|make) "
    rf"{_PART}(?:(?:to|with|by|into|for|as|be|say|read) (?:(?!@file|@qpath|@folder)\S+ ){{1,8}}?"
    rf"(?:in|inside|within|throughout|across) {_FILE}"
    rf"|(?:in|inside|within|throughout|across) {_FILE} (?:to|with|by|into|for|as)\b)"
    rf"|\brename (?P<named>(?:(?!@)\S+ ){{1,6}}?)(?:in|inside|within|throughout|across) {_FILE}"
    rf"|\b(?:fix|correct|capitali[sz]e|spell-?check|uncomment|reformat|indent) (?P<put_right>(?:(?!@)\S+ ){{0,8}}?){_FILE}"
)
_UNIT = (
    r"(?:lines?|words?|paragraphs?|sentences?|sections?|rows?|columns?|headings?|chapters?|cells?|phrases?|characters?|bullets?"
    r"|headers?|footers?)"
)
_CUT = r"\b(?:delete|remove|drop|cut|strip|erase|trash|wipe|get rid of|throw away)(?: out)? "
_CUT_UNIT = re.compile(
    rf"{_CUT}(?P<part>(?:(?!@file|@qpath|@folder)\S+ ){{0,6}}?{_UNIT} (?:(?!@file|@qpath|@folder)\S+ ){{0,5}}?)"
    rf"(?:of|from|in|out of) {_FILE}"
    rf"|{_CUT}(?:the )?(?P<range>{_UNIT} \d\S*(?: \S+){{0,3}}?) (?:of|from|in) {_FILE}"
)
_CUT_PART = re.compile(rf"{_CUT}{_PART}(?:from|in|inside|within|out of) {_FILE}")
_PLACED = re.compile(
    r"\b(?:insert|add|put|write|place|paste) (?:\S+ ){0,20}?(?:after|before|above|below|under|beneath|between|behind|at|on"
    rf"|into|in)(?: the)? (?!first|last|top|end|bottom|new)(?:\w+ )?{_UNIT}\b(?! (?:called|named))"
)


def check(prompt: str, words: list[Word], steps: tuple[Call, ...]) -> None:
    """Pass where the steps do no more than what was said.

    Raises:
        Unclear: they would.
    """
    text = " ".join(w.seen for w in words)
    if _is_part(_CUT_UNIT.search(text)):
        raise Unclear(asking.INSIDE_A_FILE)
    changing = [s for s in steps if type(s).effect is not Effect.READ]
    names = {type(s).syscall for s in changing}
    if len(changing) > 1 and any(type(s).syscall == "undo" and "transaction" not in s.to_json() for s in changing):
        raise Unclear(asking.UNDO_ALONE)
    _check_content(prompt, steps)
    if any(_takes_time(s, text) for s in changing):
        raise Unclear(asking.WHICH_FILES)
    if names & _GONE and _of_versions(text, steps):
        raise Unclear(asking.OLD_VERSIONS)
    if names & _GONE and _CLEARED.search(text):
        raise Unclear(asking.TEXT_OR_FILE)
    if names & _REWRITTEN and (_is_part(_REPLACED.search(text)) or _is_part(_CUT_PART.search(text)) or _placed(text, steps)):
        raise Unclear(asking.INSIDE_A_FILE)


def _check_content(prompt: str, steps: tuple[Call, ...]) -> None:
    """Pass where what a new file is to hold is all that was said: "with eggs" is not "with eggs and milk".

    Raises:
        Unclear: it is a piece, or the others became files.
    """
    made = [s.to_json() for s in steps if type(s).syscall == "create" and s.to_json().get("content")]
    contents = [str(m["content"]) for m in made]
    if len(set(contents)) < len(contents):
        raise Unclear(asking.UNSURE)
    for m, content in zip(made, contents, strict=True):
        behind = prompt[prompt.find(content) + len(content) :]
        if str(m["path"]) in prompt.partition(content)[0] and not _GOES_ON.match(behind.lower()):
            raise Unclear(asking.UNSURE)


_GOES_ON = re.compile(
    rf"[\"'”’»`]|\s*[.!?]*\s*$|[\s,.;!]*(?:please|thanks|thank you|for me)\b"
    rf"|[\s,.;!]*(?:(?:and|then|also|finally|next|please|after that),? )*{VERBS}\b"
    r"|[\s,.;]*(?:in|into|under|inside|within) "
)
"""What may stand behind the content of a new file: the end, the next request, where it goes."""


def _of_versions(text: str, steps: tuple[Call, ...]) -> bool:
    """Tell whether versions are to go and not the file with them ("forget it and all its old versions")."""
    if any(not m["beside"] or m["of"] for m in _VERSIONS.finditer(text)):
        return True
    named = any(type(s).syscall in _GONE and "path" in s.to_json() for s in steps)
    return named and bool(_HISTORY_OF.search(text)) and not _ALL.search(text)


def _takes_time(step: Call, text: str) -> bool:
    """Tell whether a time was taken for a file: "everything between march and april in tmp" is neither march nor tmp."""
    files = step.to_json().get("files")
    return isinstance(files, list) and any(
        times.is_time(str(f)) and re.search(rf"\b(?:between|since|before|after|until) {re.escape(str(f).lower())}\b", text)
        for f in files
    )


def _is_part(found: re.Match[str] | None) -> bool:
    """Tell whether what was found is a part of a file: "the content of it" is all of it, and "the files" are others."""
    return found is not None and not any(part and _WHOLE.search(part) for part in found.groupdict().values())


def _placed(text: str, steps: tuple[Call, ...]) -> bool:
    return bool(_PLACED.search(text)) and any(type(s).syscall == "write" for s in steps)
