"""Words: what the FTS5 tables are given, and match expressions made from what people type.

User text never reaches FTS5 as syntax: it is cut into words first and each is quoted. The tables are stemmed (Porter), so
their matches are a superset of the exact ones; `Wanted` checks a text for exact words and phrases.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"\w+")
_DENSE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f"
_DENSE_CHAR = re.compile(f"([{_DENSE}])")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”|„([^“]+)“')

STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my no not of "
    "on or our please should so some such that the their them then there these they this to was we were what when where which "
    "who whom whose why will with would you your about any all file files document documents find show give list get look "
    "search der die das und ist ein eine zu den mit von auf für im le la les et des est un une du que dans pour el los las y "
    "en".split()
)
_FILLERS = frozenset("file files document documents find show give list get look search please about".split())


def fold(text: str) -> str:
    """Return `text` in lower case without accents, blanks collapsed: how values and words are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def spaced(text: str) -> str:
    """Return `text` with blanks around characters of scripts without blanks, so that each is a token."""
    return _DENSE_CHAR.sub(r" \1 ", text) if not text.isascii() and _DENSE_CHAR.search(text) else text


def split_identifier(name: str) -> str:
    """Return the words of an identifier: "readFile_at" gives "read File at"."""
    return " ".join(_CAMEL.findall(name))


def tokens(text: str) -> list[str]:
    """Return the words of `text` as the tables count them (before stemming)."""
    return [w for part in _WORD.findall(spaced(text)) for w in part.split("_") if w]


def phrase(text: str) -> str:
    """Return a match expression for the words of `text` in this order; "" when it has none."""
    found = tokens(text)
    return f'"{" ".join(found)}"' if found else ""


@dataclass(frozen=True, slots=True)
class Terms:
    """A query as words.

    Attributes:
        words: the words that matter, as typed, without repetition.
        phrases: what stood in quotes.
    """

    words: tuple[str, ...]
    phrases: tuple[str, ...]

    def expressions(self) -> list[str]:
        """Return a match expression for each word and phrase."""
        return [f'"{w}"' for w in self.words] + [p for text in self.phrases if (p := phrase(text))]


def terms(query: str) -> Terms:
    """Return the words and quoted phrases of a query; words without meaning only when there are no others."""
    phrases = tuple(next(g for g in m.groups() if g) for m in _QUOTED.finditer(query))
    found = list(dict.fromkeys(w.lower() for w in tokens(query)))
    telling = [w for w in found if w not in STOP_WORDS]
    return Terms(tuple(telling or [w for w in found if w not in _FILLERS] or found), phrases)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An exact condition on a text: a word or phrase, without regard to case and accents; "cach*" fits its beginnings.

    With an upper-case letter behind a leading "=" the case must fit too: "=NASA".
    """

    text: str

    def expression(self) -> str:
        """Return a match expression that finds every text that fits, and possibly more; "" when it has no words."""
        plain = self.text.removeprefix("=").rstrip("*")
        found = tokens(plain)
        if not found:
            return ""
        if not self.text.endswith("*"):
            return f'"{" ".join(found)}"'
        # The stemmer works on the beginning too and can leave it longer than the stem of what it begins.
        beginning = found[-1] if len(found[-1]) < 4 else found[-1][: max(3, len(found[-1]) - 3)]
        return " + ".join([f'"{w}"' for w in found[:-1]] + [f'"{beginning}" *'])

    def pattern(self) -> re.Pattern[str]:
        """Return what to search for: in the folded text, or in the text itself for an exact case."""
        exact = self.text.startswith("=")
        plain = self.text.removeprefix("=").strip()
        open_end = plain.endswith("*")
        plain = plain.rstrip("*") if exact else fold(plain.rstrip("*"))
        middle = r"\s+".join(re.escape(word) for word in plain.split())
        start = r"(?<!\w)" if plain[:1].isalnum() and not _DENSE_CHAR.match(plain[0]) else ""
        end = r"(?!\w)" if plain[-1:].isalnum() and not open_end and not _DENSE_CHAR.match(plain[-1]) else ""
        return re.compile(start + middle + end)

    def fits(self, text: str) -> bool:
        """Tell whether a text has it."""
        pattern = self.pattern()
        if self.text.startswith("="):
            return bool(pattern.search(text))
        # What is found in lower case is found without accents too, which takes ten times as long to make.
        return bool(pattern.search(text.lower())) or (not text.isascii() and bool(pattern.search(fold_text(text))))


def fold_text(text: str) -> str:
    """Return a text in lower case without accents, blanks as they are."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text.casefold())
    for accent in {c for c in set(folded) if unicodedata.combining(c)}:  # few different ones; quicker than letter by letter
        folded = folded.replace(accent, "")
    return folded


def wanted(texts: Sequence[str]) -> list[Wanted]:
    """Return the conditions of a list of keywords, empty ones left out."""
    return [Wanted(text.strip()) for text in texts if text.strip().strip("=*").strip()]
