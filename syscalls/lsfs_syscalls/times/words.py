"""The words of time, and how a phrase is brought to a plain form before it is understood.

`plain` turns "A couple of hrs ago," into "2 hour ago": lower case, numbers as digits, units in the singular, no articles. It
knows no meaning; `lsfs_syscalls.times.rules` does.
"""

from __future__ import annotations

import re
import unicodedata

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
)
NUMBERS: dict[str, int] = {w: i for i, w in enumerate(_ONES.split())}
NUMBERS |= {w: 10 * i for i, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}
NUMBERS |= {"dozen": 12, "hundred": 100}

_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
ORDINALS: dict[str, int] = {w: i for i, w in enumerate(_ORDINALS.split(), start=1)}

MONTHS: dict[str, int] = {
    w: i
    for i, names in enumerate(
        (
            "january jan januar janvier enero",
            "february feb febr februar fevrier febrero",
            "march mar marz maerz mars marzo",
            "april apr avril abril",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet julio",
            "august aug aout agosto",
            "september sep sept septembre septiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez decembre diciembre",
        ),
        start=1,
    )
    for w in names.split()
}
WEEKDAYS: dict[str, int] = {
    w: i
    for i, names in enumerate(
        (
            "monday mon mondays montag lundi lunes",
            "tuesday tue tues tuesdays dienstag mardi martes",
            "wednesday wed weds wednesdays mittwoch mercredi miercoles",
            "thursday thu thur thurs thursdays donnerstag jeudi jueves",
            "friday fri fridays freitag vendredi viernes",
            "saturday sat saturdays samstag samedi sabado",
            "sunday sun sundays sonntag dimanche domingo",
        )
    )
    for w in names.split()
}
SEASONS: dict[str, int] = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The month in which a season begins; it has three."""

HOLIDAYS: dict[str, tuple[int, int]] = {
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "christmas eve": (12, 24),
    "xmas": (12, 25),
    "new year": (1, 1),
    "new year's": (1, 1),
    "new year's day": (1, 1),
    "new years day": (1, 1),
    "new year's eve": (12, 31),
    "new years eve": (12, 31),
    "halloween": (10, 31),
    "valentine's day": (2, 14),
    "boxing day": (12, 26),
    "silvester": (12, 31),
}

_UNIT_NAMES = {
    "second": "second seconds sec secs sek sekunde sekunden seconde secondes segundo segundos",
    "minute": "minute minutes min mins minuten minuto minutos",
    "hour": "hour hours hr hrs stunde stunden heure heures hora horas",
    "day": "day days tag tage tagen jour jours dia dias",
    "week": "week weeks wk wks woche wochen semaine semaines semana semanas",
    "fortnight": "fortnight fortnights",
    "month": "month months mth mths monat monate monaten mois mes meses",
    "quarter": "quarter quarters",
    "year": "year years yr yrs jahr jahre jahren an ans annee annees ano anos",
    "decade": "decade decades",
}
UNITS: dict[str, str] = {w: unit for unit, names in _UNIT_NAMES.items() for w in names.split()}
_SHORT_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year", "a": "year"}
_FOREIGN_UNITS = {w for names in _UNIT_NAMES.values() for w in names.split()[4:]} & {"an", "ans", "mes", "tag"}

_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{a}(?!\w)"), b)
    for a, b in (
        (r"o'clock", ""),
        (r"lunch(?:time| time| break)?", "noon"),
        (r"([ap])\.\s?m\b\.?", r"\1m"),
        (r"(\d) ([ap]m)", r"\1\2"),
        (r"prior to", "before"),
        (r"prior(?! to)", "last"),
        (r"half an hour|half hour", "30 minutes"),
        (r"(?:a )?quarter of an hour", "15 minutes"),
        (r"three quarters of an hour", "45 minutes"),
        (r"half a year", "6 months"),
        (r"half a day", "12 hours"),
        (r"half a dozen", "6"),
        (r"(?:an?|one) (second|minute|hour|day|week|month|year) and a half", r"1.5 \1"),
        (r"(\w+) and a half (second|minute|hour|day|week|month|year)s", r"\1.5 \2"),
        (r"(?:a )?couple(?: of)?", "2"),
        (r"(?:a )?few|several", "3"),
        (r"this past (week|month|year)", r"past 1 \1"),
        (r"(\w+)'s (?:versions?|cop(?:y|ies)|state|edition|contents?)", r"\1"),
        (r"a dozen", "12"),
        (r"vorgestern|avant-hier|anteayer|antier", "day before yesterday"),
        (r"gestern|hier|ayer", "yesterday"),
        (r"heute|aujourd'hui|hoy", "today"),
        (r"morgen|demain|manana", "tomorrow"),
        (r"letzte[nrsm]? (\w+)|vorige[nrsm]? (\w+)", r"last \1\2"),
        (r"diese[nrsm]? (\w+)", r"this \1"),
        (r"la semaine derniere|la semana pasada|semana pasada|semaine derniere", "last week"),
        (r"le mois dernier|el mes pasado|mois dernier|mes pasado", "last month"),
        (r"l'annee derniere|l'an dernier|el ano pasado|ano pasado", "last year"),
        (r"cette semaine|esta semana", "this week"),
        (r"ce mois(?:-ci)?|este mes", "this month"),
        (r"cette annee|este ano", "this year"),
        (r"(\w+) dernier|(\w+) pasado", r"last \1\2"),
        (r"(?:vor|il y a|hace) (\w+) (\w+)", r"\1 \2 ago"),
        (r"seit|depuis(?: le)?|desde(?: el)?", "since"),
    )
)
_ARTICLES = frozenset({"the", "den", "dem", "der", "le", "la", "el", "on", "exactly", "roughly", "about", "around"})
_SYNONYMS = {
    "previous": "last", "preceding": "last", "current": "this", "today's": "today", "yesterday's": "yesterday",
    "till": "until", "til": "until", "'til": "until", "thru": "through", "tonite": "tonight", "yday": "yesterday",
    "yest": "yesterday", "beginning": "start", "ending": "end", "upto": "until", "eine": "1", "einem": "1", "einer": "1",
    "einen": "1", "un": "1", "une": "1", "una": "1", "zwei": "2", "deux": "2", "dos": "2", "drei": "3",
    "trois": "3", "tres": "3",
    "back": "ago", "im": "in", "en": "in",
}  # fmt: skip
_TOKEN = re.compile(r"\d+(?:st|nd|rd|th)\b|\d[\d:.,/T+Z\-]*\d(?=[a-z])(?![ap]m|st|nd|rd|th|z|t\d)|[^\s]+", re.IGNORECASE)
_GLUED = re.compile(r"^(\d+(?:\.\d+)?)([a-z]+)$")


def plain(text: str) -> str:
    """Return `text` in plain form; "" when nothing is left."""
    t = unicodedata.normalize("NFKD", text.replace("’", "'").replace("–", "-").replace("—", "-"))
    t = "".join(c for c in t if not unicodedata.combining(c)).lower()
    t = re.sub(r"'s\s*$", "", t)
    t = re.sub(r"[,;!?()\"]|\.(?=\s|$)(?<![ap]\.m\.)", " ", t)
    for pattern, by in _PHRASES:
        t = pattern.sub(by, t)
    return " ".join(_tokens(t.split()))


def _tokens(words: list[str]) -> list[str]:
    out: list[str] = []
    for word in words:
        for token in _split_glued(_base(word)):
            _push(out, token)
    return [_ordinal(out, i) for i in range(len(out)) if out[i] not in _ARTICLES]


def _base(word: str) -> str:
    """Return a word without quotes around it, and a day or month without its "'s" ("last Friday's")."""
    if word == "'til":
        return word
    word = word.strip("'")
    owner = word.removesuffix("'s")
    return owner if owner in WEEKDAYS or owner in MONTHS else word


def _split_glued(word: str) -> list[str]:
    """Split "24h" and "3days"; repeated ones ("2h30m") too."""
    if re.fullmatch(r"(?:19|20)\d0s", word):
        return [word]
    parts = re.findall(r"\d+(?:\.\d+)?[a-z]+", word)
    if parts and "".join(parts) == word:
        pairs = [m for p in parts if (m := _GLUED.match(p))]
        if all(m[2] in UNITS or m[2] in _SHORT_UNITS for m in pairs):
            return [t for m in pairs for t in (m[1], UNITS.get(m[2]) or _SHORT_UNITS[m[2]])]
    pieces = word.split("-")
    if len(pieces) > 1 and (pieces[-1] in UNITS or word in ORDINALS or all(p in NUMBERS for p in pieces)):
        return [word] if word in ORDINALS else pieces
    return [word]


def _push(out: list[str], token: str) -> None:
    """Append a token, joining "twenty" "one" and reading "a" before a unit as 1."""
    last = out[-1] if out else ""
    number = bool(re.fullmatch(r"\d+(\.\d+)?", last))
    if token in _SHORT_UNITS and number:
        out.append(_SHORT_UNITS[token])
    elif token in UNITS and (token not in _FOREIGN_UNITS or number):
        if last in ("a", "an"):
            out[-1] = "1"
        out.append(UNITS[token])
    elif token in NUMBERS:
        value = NUMBERS[token]
        if number and last in ("20", "30", "40", "50", "60", "70", "80", "90") and value < 10:
            out[-1] = str(int(last) + value)
        elif last == "a" and value >= 10:
            out[-1] = str(value)
        else:
            out.append(str(value))
    else:
        out.append(_SYNONYMS.get(token, token))


def _ordinal(words: list[str], i: int) -> str:
    """Return word i, one such as "third" as "3rd" (but "second" only where it is no unit)."""
    word = words[i]
    if word not in ORDINALS:
        return word
    following = words[i + 1] if i + 1 < len(words) else ""
    if word in UNITS and following not in ("of", "half", "quarter", "week", "day") and following not in MONTHS:
        return word
    return f"{ORDINALS[word]}th"
