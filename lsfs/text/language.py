"""The language of a text: by its script, and within the Latin and Cyrillic scripts by its most frequent small words.

It tells the languages below apart on a few sentences and says nothing when it is not sure. No model, no dependency.
"""

from __future__ import annotations

import re
from collections import Counter

_SMALL_WORDS: dict[str, str] = {
    "en": "the of and to in is that for it with as was on be by this are from or at which not have an",
    "de": "der die und das ist nicht ein eine zu den mit von auf für im dem sich des es auch wird sind wir ich",
    "fr": "le la les et des est un une du que dans pour qui sur pas au avec ce il sont nous vous par plus",
    "es": "el los las y en que un una es por con para del se no su como más al lo pero este está son",
    "it": "il di che è la per un una non del con sono gli della si da nel le alla questo come anche più dei",
    "pt": "o os as e do da em que um uma não para com é por dos das na no se mais como ao sua você",
    "nl": "de het een en van is dat niet op te voor met zijn aan ook er maar om bij als naar deze wij wordt",
    "sv": "och att det som en är på för av med inte den till om ett har jag var men vi så kan från",
    "da": "og at det er en til på med for der ikke den som af har de jeg et vi kan fra men om var",
    "no": "og det er en til på med for ikke som av har de jeg et vi kan fra men om var at den å",
    "fi": "ja on ei se että oli joka mutta hän kun niin myös tai ovat sen olla vain kuin mitä",
    "pl": "i w na z się nie do to że jest o jak po za od dla przez są ale tym był może tylko",
    "cs": "a se v na je že s z do o to ve jsem ale jak za pro by jako po co tak jsou také",
    "tr": "ve bir bu için da de ile çok olarak daha olan gibi ne kadar var ama en her şey değil",
    "ru": "и в не на что я с он как это по но из у за от так о же для бы к вы мы",
    "uk": "і в не на що з як та до це у за від про є й але для він ми його",
}
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_SCRIPTS: list[tuple[str, re.Pattern[str]]] = [
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
]
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 3000
_MIN_WORDS = 8
_MIN_DISTINCT = 3
"""Different small words that a text must have: forms and lists of names repeat one or two that mean nothing."""


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the text's language, or None when it is too short or none fits clearly."""
    sample = text[:_SAMPLE].lower()
    words = _WORD.findall(sample)
    if not sample.isascii():
        letters = sum(map(len, words))
        for code, script in _SCRIPTS:
            # Kana decide for Japanese although most of a text can be Han.
            if letters and len(script.findall(sample)) > (0.1 if code == "ja" else 0.3) * letters:
                return code
    if len(words) < _MIN_WORDS:
        return None
    counts = Counter(words)
    scores = {code: sum(counts[w] for w in small & counts.keys()) / len(words) for code, small in _WORDS.items()}
    (best, first), (_, second) = sorted(scores.items(), key=lambda s: s[1], reverse=True)[:2]
    distinct = len(_WORDS[best] & counts.keys())
    return best if first >= 0.08 and first > second * 1.1 and distinct >= _MIN_DISTINCT else None
