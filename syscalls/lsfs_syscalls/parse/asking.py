"""The short questions that take the place of a guess."""

from __future__ import annotations

import re

NOT_FOR_FILES = (
    "That is nothing a file system does. I find, read, group, compare, write, move, share, roll back and undo files; "
    "what shall I do with yours?"
)
WHICH_FILE = "Which file do you mean?"
WHICH_FILES = "Which files do you mean?"
WHERE_TO = "Where shall it go?"
WHAT_TEXT = "What text shall be written?"
WHAT_NAME = "What shall it be called?"
WHICH_NAME = "What shall its new name be?"
WHAT_TAG = "Which tag?"
WHICH_LANGUAGE = "Into which language?"
WHAT_KEY = "Group them by what: topic, type, author, folder, day, month, year, language or tag?"
WHAT_TO_FIND = "What shall I look for?"
WHAT_TO_WATCH = "What shall I watch: which file, or which topic?"
WHICH_STATE = "Back to which state: how many versions, which version, or which time?"
WHICH_DELETED = "Which deleted file shall come back? Name it, or undo its deletion; the log shows what was deleted."
UNDO_ALONE = "An undo takes back what was done before, not what is asked for with it. One thing after the other: which first?"
OLD_VERSIONS = (
    "Old versions go by the retention rules (`lsfs gc`); forgetting a file takes the file as well. Which shall it be?"
)
TEXT_OR_FILE = "Shall the file go, or only the text in it? Delete it, or say which text shall be written instead."
INSIDE_A_FILE = (
    "Nothing here edits inside a file: a text is written as a whole, or added at an end. Which text shall be written?"
)
CORRECTED = "What shall be done, then? Say it once more as a whole."
NOT_LATER = "Nothing is done later by itself. Shall it be done now? Then say it without the time or the condition."
LEFT_OUT = 'Files can be left out by words in them ("without the word draft") only; which files shall it be?'
ONE_KIND = "One kind of file at a time, please: which one first?"
ONE_TIME = "From when to when? Say both days with their months, or one day at a time."
AS_OF_WHEN = "They said so when? Name a time, such as last spring or 2026-03-01."
SHELL_COMMAND = "That is a shell command. Say what you want in words, or run it in a shell on the mounted directory."
UNSURE = "I am not sure what you mean. Can you say it in other words?"


def what_of(name: str) -> str:
    """Return the question about a name that was said, and not understood."""
    return f"What shall be done with {name}? Say it in other words, or one thing after the other."


_WONDERED = "You ask about a change, so nothing is done."
_YES = re.compile(r"(?:yes|y|yeah|yep|ok|okay|sure|do it|please do|go ahead|yes,? please)[ .!]*", re.IGNORECASE)


def wondered(request: str | None) -> str:
    """Return the question about a change that was asked about; `request` are words that would do it."""
    return f"{_WONDERED} Say `{request}` to do it." if request else f"{_WONDERED} Say what shall be done, as a request."


_COMPLETIONS = {
    WHERE_TO: "{prompt} to {literal}",
    WHICH_NAME: "{prompt} to {literal}",
    WHAT_TEXT: "{prompt}: {literal}",
    WHAT_NAME: "{prompt} called {literal}",
    WHAT_TAG: "{prompt} as {literal}",
    WHICH_LANGUAGE: "{prompt} into {answer}",
    WHAT_KEY: "{prompt} by {answer}",
    WHAT_TO_FIND: "find files about {answer}",
    WHAT_TO_WATCH: "watch {answer}",
    WHICH_STATE: "{prompt} to {answer}",
    AS_OF_WHEN: "{answer}, {prompt}",
}
_OBJECT = re.compile(
    r"\b(?:it|this|that|them|these|those|(?:the|that|this|a|my|some) (?:file|document|thing|one|folder|note)s?)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"`([^`]+)`")


def completed(prompt: str, question: str, answer: str) -> str:
    """Return the prompt that says what `prompt` and the answer to its question say together.

    An answer may be the name of a file, which anybody can have given: it is put so that it stays a name, whatever it says.
    """
    bare = re.sub(r"[\s.!?]+$", "", prompt)
    form = _COMPLETIONS.get(question)
    if form is not None:
        return form.format(prompt=bare, answer=answer, literal=literal(answer, bare))
    named = _NAMED.search(question)
    if question.startswith(_WONDERED):
        return named[1] if named is not None and _YES.fullmatch(answer.strip()) else answer
    if named is not None and named[1] in prompt:
        there = re.search(rf"(?P<open>[{_OPEN}'‘])?{re.escape(named[1])}(?(open)[{_CLOSE}'’])", prompt)
        start, end = there.span() if there else (prompt.index(named[1]), prompt.index(named[1]) + len(named[1]))
        before, behind = prompt[:start], prompt[end:]
        name = answer if _PLAIN_NAME.fullmatch(answer) else literal(answer, before + behind)
        return f"{before}{name}{behind}"
    if question in (WHICH_FILE, WHICH_FILES):
        found = _OBJECT.search(bare)
        if found is not None:
            before, behind = bare[: found.start()], bare[found.end() :]
            return f"{before}{literal(answer, before + behind)}{behind}"
        return f"{bare} {literal(answer, bare)}"
    return answer


_PAIRS = ('""', "“”", "``", "«»")
_OPEN, _CLOSE = "".join(p[0] for p in _PAIRS), "".join(p[1] for p in _PAIRS)
_MARKS = {*_OPEN, *_CLOSE, "„"}
_PLAIN_NAME = re.compile(r"(?=.*[./])[\w./+@%=#~-]+")
"""A name that is one word and nothing but a name also without quotation marks."""


def literal(text: str, beside: str) -> str:
    """Return `text` in quotation marks that neither it nor the words beside it have, so that all of it is one literal.

    A mark that both have could pair up across them: it is left out, and a name that there is not is asked for again.
    """
    line = " ".join("".join(c for c in text if c not in _MARKS or c not in beside).split("\n"))
    for marks in _PAIRS:
        if not set(marks) & {*line, *beside}:
            return f"{marks[0]}{line}{marks[1]}"
    bare = "".join(c for c in line if c not in _MARKS)
    return f'"{bare}"' if beside.count('"') % 2 == 0 else f"“{bare}”"


class Unclear(Exception):
    """A clause cannot become a call without guessing; raised and caught inside this package only.

    Attributes:
        question: what to ask.
        candidates: possible answers, best first.
    """

    def __init__(self, question: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(question)
        self.question = question
        self.candidates = candidates
