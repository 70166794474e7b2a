"""The property of a file that a phrase names ("customer"), read out of its text by the configured model.

One request a file, with the beginning of its text framed as data. The answer is a short value and the words of the text that
show it; an answer that the text does not bear out counts as none. It is kept until the content changes, so that the same
question is the same answer, and costs nothing the second time. What one call may ask is bounded: the rest is asked when the
call is made again.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lsfs.errors import Unavailable
from lsfs.model import Entry, Fid, show
from lsfs_syscalls.run.context import Context
from lsfs_syscalls.run.told import framed, prompt
from lsfs_syscalls.writer import Writer

MOST_ASKED = 200
"""Requests that one call makes at the most."""
MOST_S = 300.0
"""Seconds after which no further file is asked about."""
HEAD = 4_000
"""Characters of a text that the model is shown."""
_MOST_VALUE = 60
_KNOWN = 20
_LINE = re.compile(r"(?im)^\W*(value|quote)\W*:\s*(.*)$")
_NO_VALUE = frozenset(["", "none", "n/a", "null", "unknown", "not stated", "not specified", "not mentioned"])


@dataclass(slots=True)
class Asked:
    """What the model said.

    Attributes:
        values: of each file that says it.
        refused: answers that the text does not bear out.
        left: files that were not asked about in this call.
        problem: why asking ended.
    """

    values: dict[Fid, str] = field(default_factory=dict)
    refused: int = 0
    left: int = 0
    problem: str = ""


def ask_model(ctx: Context, writer: Writer, phrase: str, entries: Sequence[Entry], known: Sequence[str]) -> Asked:
    """Return the values of these files.

    Args:
        known: values that other files have, which the model is asked to use where they mean the same.
    """
    question = f"{phrase}\n{writer.name}"
    kept = ctx.engine.readings.of(question, [e.fid for e in entries])
    out = Asked()
    seen = Counter(known)
    waiting: list[tuple[Entry, bytes]] = []
    for e in entries:
        digest = _content(ctx, e)
        found = kept.get(e.fid)
        if found is not None and found[0] == digest:
            _take(out, seen, e.fid, found[1])
        elif (ctx.text(e.fid) or "").strip():
            waiting.append((e, digest))
    _ask(ctx, _Question(writer, phrase, question), waiting, seen, out)
    return out


@dataclass(frozen=True, slots=True)
class _Question:
    writer: Writer
    phrase: str
    key: str

    def of(self, name: str, text: str, known: Mapping[str, int]) -> str:
        """Return the model's answer as it is kept: its value, or nothing; raises Unavailable."""
        values = "\n".join(v for v, _ in Counter(known).most_common(_KNOWN))
        others = f"\n\nValues of other files:\n{framed(values)}" if values else ""
        reply = self.writer.write(prompt("group", phrase=self.phrase), framed(text, name) + others)
        return reply.text


def _ask(ctx: Context, question: _Question, waiting: Sequence[tuple[Entry, bytes]], seen: Counter[str], out: Asked) -> None:
    until = time.monotonic() + MOST_S
    for number, (e, digest) in enumerate(waiting):
        if number >= MOST_ASKED or time.monotonic() > until:
            out.left = len(waiting) - number
            return
        text = (ctx.text(e.fid) or "")[:HEAD]
        try:
            answer = question.of(show(e.path), text, seen)
        except Unavailable as error:
            out.left, out.problem = len(waiting) - number, str(error)
            return
        value = grounded(answer, text)
        out.refused += value is None
        ctx.engine.readings.put(question.key, e.fid, digest, value or "")
        _take(out, seen, e.fid, value or "")
        ctx.tell({"progress": f"file {number + 1} of {min(len(waiting), MOST_ASKED)} read"})


def _take(out: Asked, seen: Counter[str], fid: Fid, value: str) -> None:
    if value:
        out.values[fid] = value
        seen[value] += 1


def _content(ctx: Context, e: Entry) -> bytes:
    version = ctx.engine.versions.version_by_id(e.version)
    return version.digest or b"version %d" % e.version


def grounded(answer: str, text: str) -> str | None:
    """Return the value that an answer names: "" for none, None where the text does not bear it out.

    The text bears a value out when it has its words, or the words that the model quotes for it.
    """
    lines = {m[1].lower(): m[2].strip().strip("\"'“”*`").strip() for m in _LINE.finditer(answer)}
    value = " ".join(lines.get("value", "").split())
    if value.lower().rstrip(".") in _NO_VALUE:
        return "" if "value" in lines else None
    if len(value) > _MOST_VALUE:
        return None
    words, quote = _words(value), _words(lines.get("quote", ""))
    within = f" {_words(text)} "
    if words and f" {words} " in within:
        return value
    return value if len(quote) >= 3 and f" {quote} " in within else None


def _words(text: str) -> str:
    """Return the words of a text in lower case, with single blanks."""
    return " ".join(re.findall(r"\w+", text.lower()))
