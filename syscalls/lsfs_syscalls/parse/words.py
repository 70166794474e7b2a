"""The words of a prompt, with the literals in it (quoted texts, paths, file names, identifiers) kept apart and verbatim.

Rules and the model see a mark such as `@file` in the place of a literal, so that no name in the world can confuse them, and
what comes out is the literal as it was typed. The same code cuts the training data and the prompts, so both see the same words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FILE, FOLDER, QUOTE, QUOTED_PATH, IDENT, GLOB, URL = "@file", "@folder", "@quote", "@qpath", "@ident", "@glob", "@url"
MARKS = (FILE, FOLDER, QUOTE, QUOTED_PATH, IDENT, GLOB, URL)
"""What stands for a literal, in the order of their ids in the model's vocabulary."""

_QUOTES = re.compile(
    r"\"(?P<a>[^\"\n]+)\"|“(?P<b>[^”\n]+)”|„(?P<c>[^“”\n]+)[“”]|«\s?(?P<d>[^»\n]+?)\s?»|`(?P<e>[^`\n]+)`"
    r"|(?<![\w])'(?P<f>(?:[^'\n]|(?<=\w)'(?=\w))+?)'(?![\w])|‘(?P<g>[^’\n]+)’(?!\w)"
)
_EXTENSION = r"\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,8}"
_KNOWN = "pdf|md|txt|py|csv|docx|xlsx|pptx|json|html|jpg|png|ipynb|tex|js|c|go|rs|java|yaml|log"
_LITERAL = re.compile(
    r"(?P<url>(?:https?|ftp|file)://[^\s\"'<>]+|www\.[^\s\"'<>]+)"
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    rf"|(?P<glob>(?<![\w*])[\w./-]*\*[\w.*/?-]*|(?<!\w)\.(?:{_KNOWN})s?(?!\w))"
    rf"|(?P<slashed>(?:~|\.{{1,2}}|[\w.+@%=#$-]+)?/(?:[\w.+@%=#$~-]+/?)*)"
    rf"|(?P<named>(?<![\w])[\w+@%=#$-]+(?:[.-][\w+@%=#$-]+)*{_EXTENSION}(?![\w]))"
    r"|(?P<hidden>(?<![\w.])\.[A-Za-z][\w-]+(?:\.[\w-]+)*)"
    r"|(?P<ident>(?<![\w])\w*[^\W_]_\w*|(?<![\w])_\w+)"
)
_WORD = re.compile(
    r"w/o?(?![\w/])|\d{1,4}(?:[-/.]\d{1,2}){2}(?:T[\d:]+)?(?!\d)|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}:\d{2}(?::\d{2})?|v?\d+(?:[.,]\d+)+"
    r"|[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]|_"
)
_NOT_A_FILE = re.compile(
    r"(?:\d[\d.]*|[ap]\.m\.?|e\.g\.?|i\.e\.?|(?:[A-Za-z]\.)+[A-Za-z]?|v?\d+(?:\.\d+)+|etc\.\w*|vs\.\w+|\d+\.\d+[a-z]{1,2})",
    re.IGNORECASE,
)
_DATE_LIKE = re.compile(r"\d{1,4}[/.-]\d{1,2}(?:[/.-]\d{1,4})?(?:T[\d:]+(?:\.\d+)?Z?)?")
_GLUED = (
    ("that", re.compile(r" (?:lasts?|is|will|expires?|stays?|works?|ends?|dies|remains?)\b")),
    ("for", re.compile(r" (?:\d+|an?|one|two|three|half) (?:sec|min|hour|day|week|month|year)")),
    ("lasting", re.compile(r" (?:\d+|an?|one|two|three|half) (?:sec|min|hour|day|week|month|year)")),
    ("valid", re.compile(r" (?:for|until|till)\b")),
)
"""Words that follow a name in a request for a link, and what has to come behind for them to be words of their own."""
_SHORT = {"w/o": "without", "w/": "with", "pls": "please", "plz": "please", "abt": "about", "teh": "the"}
"""Short forms of words that carry structure; they are read as the word."""
_TRAILING = ".,;:!?)"
_PATH_IN_QUOTES = re.compile(rf"^(?:~|\.{{1,2}})?/?[^:;!?\n]*(?:/[^:;!?\n]*|{_EXTENSION})$")


@dataclass(frozen=True, slots=True)
class Word:
    """One word, mark of punctuation or literal of a prompt.

    Attributes:
        text: as it was typed; a quoted text without its quotes.
        mark: what the literal is, or "" for an ordinary word.
        start: offset of its first character in the prompt (the quote's, where it is quoted).
        end: offset behind its last character.
    """

    text: str
    mark: str
    start: int
    end: int

    @property
    def seen(self) -> str:
        """What rules and the model see of it: the mark of a literal, or the word in lower case."""
        low = self.text.lower()
        return self.mark or _SHORT.get(low, low)


def cut(prompt: str) -> list[Word]:
    """Return the words of `prompt` in order."""
    return [part for w in _cut(prompt) for part in _unglued(w, prompt)]


def _cut(prompt: str) -> list[Word]:
    out: list[Word] = []
    at = 0
    for m in _QUOTES.finditer(prompt):
        out += _unquoted(prompt, at, m.start())
        inner = next(g for g in m.groups() if g is not None)
        out.append(Word(inner, _mark_of_quoted(inner), m.start(), m.end()))
        at = m.end()
    return out + _unquoted(prompt, at, len(prompt))


def _unglued(w: Word, prompt: str) -> list[Word]:
    """Split a name that lost the blank before a word that the next one needs: "notesthat lasts", "planfor 3 days"."""
    if w.mark in (QUOTE, QUOTED_PATH, URL):
        return [w]
    for end, needed in _GLUED:
        name = w.text[: -len(end)]
        if w.text.endswith(end) and len(name) > 2 and needed.match(prompt, w.end):
            middle = w.end - len(end)
            mark = IDENT if "_" in name else FILE if "." in name else ""
            return [Word(name, mark, w.start, middle), Word(end, "", middle, w.end)]
    return [w]


def _mark_of_quoted(text: str) -> str:
    if "*" in text and " " not in text:
        return GLOB
    short = len(text.split()) <= 6 and not text.endswith((".", "!", "?"))
    return QUOTED_PATH if short and _PATH_IN_QUOTES.match(text) else QUOTE


def _unquoted(prompt: str, start: int, end: int) -> list[Word]:
    out: list[Word] = []
    at = start
    spoken_folders = [_folder(m) for m in _SPOKEN_FOLDER.finditer(prompt, start, end)]
    literals = [w for m in _LITERAL.finditer(prompt, start, end) if (w := _literal(m)) is not None]
    for word in sorted([*spoken_folders, *literals], key=lambda w: (w.start, -w.end)):
        if word.start < at:
            continue
        out += _plain(prompt, at, word.start)
        out.append(word)
        at = word.end
    return out + _plain(prompt, at, end)


_CAPITAL = r"(?!(?:I|I'm|I've|I'd|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b)[A-Z][\w'&-]*"
_NEXT = r"(?: (?:[A-Z][\w'&-]*|\d+)| (?:of|the|de|von) [A-Z][\w'&-]*)"
_SPOKEN_FOLDER = re.compile(
    rf"\b[Ff]older (?:called |named )?(?P<after>{_CAPITAL}{_NEXT}*)(?![\w./])"
    rf"|(?<![\w./])(?P<before>{_CAPITAL}{_NEXT}+) folder\b"
)
"""A folder's name of several words with capitals: "the folder Staff Meetings", "the Garden Club folder"."""


def _literal(m: re.Match[str]) -> Word | None:
    text = m[0].rstrip(_TRAILING)
    kind = m.lastgroup or ""
    if not text or text.lower() in _SHORT or kind == "mail" or _NOT_A_FILE.fullmatch(text) or _DATE_LIKE.fullmatch(text):
        return None
    if kind == "slashed" and not re.search(r"[^\W\d]", text) and text not in ("/", "./", "../", "~/"):
        return None
    return Word(text, _mark(kind, text), m.start(), m.start() + len(text))


def _folder(m: re.Match[str]) -> Word:
    name = "after" if m["after"] is not None else "before"
    return Word(m[name], FOLDER, m.start(name), m.end(name))


def _mark(kind: str, text: str) -> str:
    if kind == "slashed":
        return FILE if re.search(rf"{_EXTENSION}$", text) else FOLDER
    return {"url": URL, "glob": GLOB, "ident": IDENT}.get(kind, FILE)


def _plain(prompt: str, start: int, end: int) -> list[Word]:
    return [Word(m[0], "", m.start(), m.end()) for m in _WORD.finditer(prompt, start, end)]


def spoken(prompt: str, words: list[Word]) -> str:
    """Return the stretch of the prompt from the first to the last of `words`; a lone literal without its quotes."""
    if not words:
        return ""
    if len(words) == 1:
        return words[0].text
    return re.sub(r"\s+", " ", prompt[words[0].start : words[-1].end])
