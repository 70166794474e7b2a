"""Grounding: nothing is in a plan that is not in the prompt.

Whatever made the plan, every path, name and text in it must come from the words of the prompt (or from the last answer,
where the prompt points to it), every number must occur as digits or as a word, every time must be what some words of the
prompt resolve to. An argument that has no ground is dropped with a notice; a call that loses a required one becomes a
question. A model's invented `type: pdf` or second delete ends here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from lsfs.errors import BadRequest
from lsfs_syscalls import times
from lsfs_syscalls.calls.record import Argument, Call, Form
from lsfs_syscalls.calls.table import call_from_json
from lsfs_syscalls.parse import asking, values
from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.plan import REFERENCE, Plan

_LONGEST = 9
"""How many words an expression of time, a key or a size has at the most."""

_EVIDENCE: dict[tuple[str, Any], str] = {
    ("recursive", True): r"recurs|sub|below|everything|all levels|every level|whole tree|deep",
    ("containment", True): r"contain|part of|subset|partial|inside|included in",
    ("keep", False): r"delet|remov|drop|original|without|not keep|don't keep|throw",
    ("kind", "directory"): r"folder|director|mkdir|ordner|dossier|carpeta|répertoire",
    ("mode", "append"): r"append|add|end|bottom|below|more|last|extend|anh|hinzu|ajout|añad|agreg|continu|jot|note",
    ("mode", "prepend"): r"prepend|top|begin|start|front|above|head|first|anfang|début|principio|open",
    ("mode", "overwrite"): r"",
    ("kind", "file"): r"",
}  # fmt: skip


class Ground:
    """The words of one prompt, and what can be found in them."""

    def __init__(self, prompt: str, now: datetime, files: tuple[str, ...] = ()) -> None:
        self.prompt = prompt
        self.now = now
        self.files = _pointed_at(prompt, files)
        self._plain = _plain(prompt)
        self._plain_without_s = _plain(re.sub(r"['’]s\b", "", prompt))
        self._words = re.findall(r"[^\s,;!?\"()]+", prompt)

    def has_text(self, text: str) -> bool:
        """Tell whether the words occur in the prompt, next to each other; case, spacing and quotes do not count."""
        wanted = _plain(text)
        if not wanted:
            return False
        edge = r"(?<!\w)" if wanted[0].isalnum() else ""
        return re.search(edge + re.escape(wanted), self._plain) is not None

    def has_path(self, path: str) -> bool:
        """Tell whether the path occurs, is put together from a folder and a name that occur, or is of the last answer."""
        bare = path.rstrip("/") or path
        if self._has_whole(bare) or path in self.files:
            return True
        folder, name = posixpath.split(bare)
        return bool(folder and name) and self._has_whole(name) and (self._has_whole(folder) or self._beside(folder))

    def _has_whole(self, path: str) -> bool:
        """Tell whether the path occurs, and not as a part of another: `a.txt` is not in "delete notes/a.txt", nor `notes`."""
        wanted = _plain(path)
        whole = re.compile(rf"(?<![\w/.~-])(?:\./)?{re.escape(wanted)}/?(?![\w/-]|\.\w)")
        return bool(wanted) and any(whole.search(said) for said in (self._plain, self._plain_without_s))

    def _beside(self, folder: str) -> bool:
        """Tell whether some path of the prompt is in this folder ("rename a/b.txt to c.txt" makes a/c.txt)."""
        return any(posixpath.dirname(w.strip("'`“”‘’\"").rstrip(".")) == folder for w in self._words)

    def has_number(self, number: float) -> bool:
        """Tell whether the number occurs as digits or as a word, or is a "1" that a singular stands for."""
        if any(float(d.replace(",", "")) in (number, number * 100) for d in re.findall(r"\d+(?:[.,]\d+)?", self.prompt)):
            return True
        said = {values.number(w) for w in self.windows(3)} | {values.count(w) for w in self.windows(3)}
        return number in said

    def windows(self, longest: int = _LONGEST) -> Iterator[str]:
        """Yield every run of up to `longest` words."""
        for i in range(len(self._words)):
            for j in range(i + 1, min(i + longest, len(self._words)) + 1):
                yield " ".join(self._words[i:j])

    @cached_property
    def instants(self) -> frozenset[str]:
        """Every instant that words of the prompt resolve to, in ISO 8601."""
        out: set[str] = set()
        for w in self.windows():
            found = times.resolve(w, self.now)
            if found is not None:
                out |= {times.iso(t) for t in (found.since, found.until, found.point) if t is not None}
            until = times.expiry(w, self.now)
            if until is not None:
                out.add(until)
        return frozenset(out)

    def maps_to(self, value: Any, of: Callable[[str], Any], longest: int = 5) -> bool:
        """Tell whether some words of the prompt mean `value` by the function `of`."""
        return any(of(w) == value for w in self.windows(longest))


_POINTING = re.compile(
    r"\b(?:it|its|this|that|these|those|them|they|both|ones?|results?|hits?|above|same|last|top|all of"
    r"|\d+(?:st|nd|rd|th)|number \d+|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b"
)


def _pointed_at(prompt: str, files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files of the last answer that the prompt points to; none where it does not, or not clearly."""
    if not _POINTING.search(prompt.casefold()):
        return ()
    return ParseContext(files=files).referred(prompt)


def _plain(text: str) -> str:
    t = re.sub(r"[\"'`“”„‘’«»]", "", text.casefold())
    return re.sub(r"\s+", " ", t).strip(" .,;:!?")


def ground(plan: Plan, now: datetime, files: tuple[str, ...] = ()) -> Plan:
    """Return the plan with only what its prompt says; a question where a required argument has no ground.

    Args:
        plan: made by any parser.
        now: what relative times count from.
        files: paths of the last answer, which "it" may stand for.
    """
    g = Ground(plan.prompt, now, files)
    steps: list[Call] = []
    notices = list(plan.notices)
    for step in plan.steps:
        kept: dict[str, Any] = {}
        for a in type(step).arguments():
            value = step.to_json().get(a.name)
            if value is None:
                continue
            good = _grounded(g, a, value)
            if good is None:
                notices.append(f"left out `{a.name}`: {value!r} is not in the prompt")
            else:
                kept[a.name] = good
        try:
            steps.append(call_from_json(type(step).syscall, kept))
        except BadRequest:
            return Plan(plan.prompt, (), plan.parser, plan.confidence, asking.WHICH_FILE, (), tuple(notices))
        if _lost_its_object(step, steps[-1]):
            return Plan(plan.prompt, (), plan.parser, plan.confidence, asking.WHICH_FILE, (), tuple(notices))
        if _lost_its_text(step, steps[-1]):
            return Plan(plan.prompt, (), plan.parser, plan.confidence, asking.WHAT_TEXT, (), tuple(notices))
    return Plan(plan.prompt, tuple(steps), plan.parser, plan.confidence, plan.clarify, plan.candidates, tuple(notices))


def _lost_its_object(before: Call, after: Call) -> bool:
    """Tell whether a call that named what it works on no longer does: it would work on everything."""
    objects = {"path", "files", "under", "query", "snapshot", "left", "root", "like", "name"}
    had = {n for n in before.to_json() if n in objects}
    return bool(had) and not objects & after.to_json().keys()


def _lost_its_text(before: Call, after: Call) -> bool:
    """Tell whether a call that writes a text no longer knows which."""
    text = {"content", "source"}
    return type(before).syscall == "write" and bool(text & before.to_json().keys()) and not text & after.to_json().keys()


def _grounded(g: Ground, a: Argument, value: Any) -> Any:
    """Return the value, or what of it has ground; None where nothing has."""
    if a.many:
        items = [value] if isinstance(value, str) else list(value)
        good = [i for i in items if _holds(g, a, i)]
        return tuple(good) or None
    return value if _holds(g, a, value) else None


def _holds(g: Ground, a: Argument, value: Any) -> bool:
    if isinstance(value, str) and REFERENCE.fullmatch(value) and a.form in (Form.FILES, Form.SET):
        return True
    if isinstance(value, bool) or (a.name, value) in _EVIDENCE:
        return bool(re.search(_EVIDENCE.get((a.name, value), "(?!)"), g.prompt.casefold()))
    if isinstance(value, int | float):
        return g.maps_to(value, values.size) if a.form is Form.SIZE else g.has_number(value)
    match a.form:
        case Form.PATH | Form.FILES | Form.SET:
            return g.has_path(value)
        case Form.TIME | Form.DURATION:
            return value in g.instants
        case Form.GLOB:
            return g.has_text(value) or g.has_text(value.strip("*?"))
        case Form.CHOICE:
            return _choice(g, a.name, value)
        case _:
            return _text(g, a.name, value)


def _choice(g: Ground, name: str, value: str) -> bool:
    of = {"sort": values.sort, "mode": values.mode}.get(name)
    return of is not None and g.maps_to(value, of, 3)


_MEANINGS: dict[str, Callable[[str], Any]] = {
    "type": values.file_type, "language": values.language, "key": values.group_key, "on": values.join_key,
    "length": values.length, "lines": values.lines,
}  # fmt: skip


def _text(g: Ground, name: str, value: str) -> bool:
    if g.has_text(value) or (name == "on" and value == "content"):
        return True
    if name in ("from", "to"):
        return value in g.instants or (value.isdecimal() and g.has_number(int(value)))
    if name == "lines":
        return all(g.has_number(int(n)) or int(n) == 1 for n in re.findall(r"\d+", value))
    if name == "query":
        return all(g.has_text(w) for w in value.split())
    of = _MEANINGS.get(name)
    return of is not None and g.maps_to(value, of)
