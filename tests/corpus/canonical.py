"""Canonical forms of plan arguments, so that two plans that mean the same compare equal.

What counts as equal is the last section of README.md; this module is that section in code. It knows the contract of the calls
(names and meaning of arguments) and nothing of the parser, so that a fault there cannot hide here. It does not judge which of
two different arguments is better.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]
"""A value as `json.loads` gives it."""
Canonical = tuple[tuple[str, str], ...]
"""The arguments of one step: sorted pairs of name and canonical text."""

_PATHS = frozenset({"path", "files", "under", "to", "source", "like", "left", "right", "other", "root"})
_TIMES = frozenset({"since", "until", "time", "at", "from"})
_MOUNTS = frozenset({"mount", "unmount"})  # their `at` is a path
_DEFAULTS: Mapping[tuple[str, str], JSON] = {
    ("create", "kind"): "file",
    ("write", "mode"): "overwrite",
    ("retrieve", "mode"): "hybrid",
    ("retrieve", "sort"): "score",
    ("list", "recursive"): False,
    ("duplicates", "containment"): False,
    ("rollback", "steps"): 1,
    ("undo", "steps"): 1,
    ("concat", "keep"): True,
}
_LANGUAGES: Mapping[str, str] = {
    "arabic": "ar", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "finnish": "fi",
    "french": "fr", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "italian": "it",
    "japanese": "ja", "korean": "ko", "norwegian": "no", "polish": "pl", "portuguese": "pt", "romanian": "ro",
    "russian": "ru", "spanish": "es", "swedish": "sv", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip
_UNIT_SECONDS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNIT_MONTHS: Mapping[str, int] = {"mo": 1, "y": 12}
_DURATION = re.compile(r"(\d+)(mo|[smhdwy])")


def arguments(call: str, args: Mapping[str, JSON], now: datetime) -> Canonical:
    """Give the canonical arguments of one step; `now` (local, no zone) decides which `until` says nothing."""
    said = {name: value for name, value in args.items() if value is not None and value != []}
    pairs = [
        (_name(call, name, value), _value(call, name, value))
        for name, value in said.items()
        if not _is_default(call, name, value)
    ]
    return tuple(sorted(pair for pair in pairs if not _says_nothing(pair, now)))


def _name(call: str, name: str, value: JSON) -> str:
    """Rename `files` of one path, which is the same as `path`; $n stays a result."""
    one = [value] if isinstance(value, str) else value
    if name == "files" and call != "concat" and isinstance(one, list) and len(one) == 1 and not str(one[0]).startswith("$"):
        return "path"
    return "files" if name == "path" and isinstance(value, str) and value.startswith("$") else name


def _is_default(call: str, name: str, value: JSON) -> bool:
    """Tell whether the argument only says what holds without it."""
    return (call, name) in _DEFAULTS and type(value) is type(_DEFAULTS[call, name]) and value == _DEFAULTS[call, name]


def _says_nothing(pair: tuple[str, str], now: datetime) -> bool:
    """Tell whether this is an `until` that is not before now: nothing in the store is later."""
    return pair[0] == "until" and bool(_instant(pair[1])) and pair[1] >= now.isoformat(timespec="seconds")


def _value(call: str, name: str, value: JSON) -> str:
    """Give the canonical text of one value; lists lose their order, but for `concat`, where it is the result."""
    if isinstance(value, list):
        items = [_value(call, name, item) for item in value]
        return ", ".join(items if call == "concat" else sorted(items))
    return _form(call, name)(_text(value))


def _form(call: str, name: str) -> Callable[[str], str]:
    """Choose the canonical form of an argument: `at` of a mount is a path, `to` of a diff a version or an instant."""
    if name == "at" and call in _MOUNTS:
        return _path
    if name in _TIMES or (call, name) == ("diff", "to"):
        return _time
    return _path if name in _PATHS else _PLAIN.get(name, str)


def _text(value: JSON) -> str:
    """Write a scalar as text: whole floats as integers, booleans as JSON has them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _phrase(text: str) -> str:
    """Fold case, spacing, quotes, closing punctuation and a leading article."""
    plain = re.sub(r"\s+", " ", text.replace("\u2019", "'")).strip(" \t\"'.,;:!?").casefold()
    return re.sub(r"^(?:the|an?) ", "", plain)


def _tag(text: str) -> str:
    return _phrase(text).lstrip("#")


def _path(text: str) -> str:
    stripped = text.strip().removeprefix("./")
    return stripped.rstrip("/") or stripped[:1]


def _type(text: str) -> str:
    return text.casefold().lstrip(".")


def _language(text: str) -> str:
    return _LANGUAGES.get(_phrase(text), _phrase(text))


def _instant(text: str) -> datetime | None:
    """Read an ISO instant as wall time, fractions and zone dropped; None when it is not one."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0)
    except ValueError:
        return None


def _time(text: str) -> str:
    """Canonical instant; anything else (a version number in `diff`) stays."""
    if re.fullmatch(r"-?\d+", text):
        return text
    midnight = re.fullmatch(r"(\d{4}-\d\d-\d\d)T24:00(?::00)?", text)
    if midnight:
        return (datetime.fromisoformat(midnight[1]) + timedelta(days=1, seconds=-1)).isoformat()
    instant = _instant(text)
    return instant.isoformat() if instant else text


def _expiry(text: str) -> str:
    """Canonical duration (`months, seconds`) or instant: 14d is 2w and 12mo is 1y, but 30d is not 1mo."""
    compact = text.replace(" ", "")
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", compact):
        return _time(text)
    parts = _DURATION.findall(compact)
    months = sum(int(n) * _UNIT_MONTHS.get(unit, 0) for n, unit in parts)
    seconds = sum(int(n) * _UNIT_SECONDS.get(unit, 0) for n, unit in parts)
    return f"{months} months {seconds} s"


def _lines(text: str) -> str:
    single = re.fullmatch(r"\d+", text)
    return f"{text}-{text}" if single else re.sub(r"\s*(?:-|\u2013|:|\.\.)\s*", "-", text)


def _share(text: str) -> str:
    """Read a threshold as a share of one: 80, 80% and 0.8 are the same."""
    try:
        number = float(text.rstrip("% "))
    except ValueError:
        return text
    return f"{number / 100 if number > 1 else number:g}"


def _length(text: str) -> str:
    """Canonical length of a summary: a bare number counts sentences, units are singular."""
    plain = _phrase(text)
    return f"{plain} sentence" if plain.isdecimal() else re.sub(r"s$", "", plain.replace("-", " "))


_PLAIN: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("query", "focus", "key", "keywords", "any_keywords", "exclude", "actor", "on"), _phrase),
    **dict.fromkeys(("authors", "any_authors", "affiliations", "any_affiliations"), _phrase),
    "tags": _tag,
    "type": _type,
    "language": _language,
    "expires": _expiry,
    "lines": _lines,
    "threshold": _share,
    "length": _length,
}
