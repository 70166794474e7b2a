"""What a model is told of files, and what is believed of its answer.

Passages are numbered and framed as untrusted, with the mark made harmless where a file contains it; long material is summarised
part by part and then the parts together (map and reduce). Numbers in the answer become path and line; one that names no
passage is taken out. Nothing the model writes is ever run. The last answer is told as it comes (`Listener`), its numbers
already changed into places; of the parts before it only the progress is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources

from lsfs.model import RelPath, path_json, show
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.writer import Writer

PART = 12_000
"""Characters of material in one request."""
MOST_PARTS = 40
_MARK = "untrusted-file-text"
_LIKE_A_MARK = re.compile(rf"(?i)<(?=[\s/\\]*{_MARK})")
_CITED = re.compile(r"\s?\[(\d+)\]")
_UNDECIDED = re.compile(r"\s?(?:\[\d*)?\Z")
"""What the end of a piece may be the beginning of: a number, with the blank before it."""

Listener = Callable[[dict[str, Json]], None]
"""Is told `{"text": piece}` of the answer as it comes, and `{"progress": words}` before."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a file, with the line on which it begins (None: a place without lines)."""

    path: RelPath
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, with the places that it named.

    Attributes:
        left_out: passages that were too many.
        faults: why ends are missing, in words.
    """

    text: str
    cited: tuple[Passage, ...]
    left_out: int
    faults: tuple[str, ...] = ()

    def labels(self, model: str) -> dict[str, Json]:
        """Return what an answer says of who wrote it: `partial` where something is missing."""
        known: dict[str, Json] = {"kind": "model", "model": model}
        return known | {"partial": True} if self.faults else known


def prompt(name: str, **values: str) -> str:
    """Return a prompt with its blanks filled."""
    text = (resources.files("lsfs_prompts") / f"{name}.md").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def framed(text: str, path: str = "") -> str:
    """Return text of a file as data that cannot end its own frame."""
    inner = _LIKE_A_MARK.sub(lambda m: "&lt;" + m[0][1:], text)
    name = re.sub(r'["<>\r\n]', "'", path)
    return f'<{_MARK} path="{name}">\n{inner}\n</{_MARK}>'


def silent(_: dict[str, Json]) -> None:
    """Tell nobody."""


def write_about(writer: Writer, instructions: str, passages: Sequence[Passage], listener: Listener = silent) -> Written:
    """Have the passages summarised, in parts where they are long.

    Raises:
        Unavailable: the model does not answer.
    """
    parts = _parts(list(enumerate(passages, start=1)))
    left_out = sum(len(p) for p in parts[MOST_PARTS:])
    materials = [_material(p) for p in parts[:MOST_PARTS]]
    text = _Rounds(writer, instructions, passages, listener)
    while len(materials) > 1:
        answers = text.of_parts(materials)
        materials = ["Summaries of parts, with the numbers of their passages:\n\n" + group for group in _joined(answers)]
    found = text.at_last(materials[0]) if materials else ""
    return Written(*_cited(found, passages), left_out, tuple(dict.fromkeys(text.faults)))


class _Rounds:
    """The requests of one summary, and what went wrong in them."""

    def __init__(self, writer: Writer, instructions: str, passages: Sequence[Passage], listener: Listener) -> None:
        self._writer = writer
        self._instructions = instructions
        self._passages = passages
        self._listener = listener
        self.faults: list[str] = []

    def of_parts(self, materials: Sequence[str]) -> list[str]:
        """Return an answer for each part; none of them is shown."""
        out = []
        for number, material in enumerate(materials, start=1):
            out.append(self._ask(material, None))
            self._listener({"progress": f"part {number} of {len(materials)} read"})
        return out

    def at_last(self, material: str) -> str:
        """Return the answer that is shown, told as it comes."""
        shown = Shown(self._passages, lambda text: self._listener({"text": text}))
        found = self._ask(material, shown.add)
        shown.end()
        return found

    def _ask(self, material: str, tell: Callable[[str], None] | None) -> str:
        reply = self._writer.write(self._instructions, material, tell)
        self.faults += [reply.fault] if reply.fault else []
        return _checked(reply.text, len(self._passages))


class Shown:
    """A stream of text in which numbers become places before they are told; what may be the beginning of one waits."""

    def __init__(self, passages: Sequence[Passage], tell: Callable[[str], None]) -> None:
        self._passages = passages
        self._tell = tell
        self._waiting = ""

    def add(self, piece: str) -> None:
        """Tell what is decided."""
        text = self._waiting + piece
        undecided = _UNDECIDED.search(text)
        cut = undecided.start() if undecided else len(text)
        self._waiting = text[cut:]
        self._say(text[:cut])

    def end(self) -> None:
        """Tell the rest."""
        self._say(self._waiting)
        self._waiting = ""

    def _say(self, text: str) -> None:
        found = _cited(_checked(text, len(self._passages)), self._passages)[0]
        if found:
            self._tell(found)


def _parts(numbered: Sequence[tuple[int, Passage]]) -> list[list[tuple[int, Passage]]]:
    parts: list[list[tuple[int, Passage]]] = []
    size = PART
    for number, p in numbered:
        if size + len(p.text) > PART:
            parts.append([])
            size = 0
        parts[-1].append((number, p))
        size += len(p.text)
    return parts


def _material(part: Sequence[tuple[int, Passage]]) -> str:
    return "\n\n".join(f"[{number}]\n{framed(p.text[:PART], show(p.path))}" for number, p in part)


def _joined(answers: Sequence[str]) -> list[str]:
    """Put answers together, at least two in each group, so that every round leaves fewer."""
    groups: list[str] = []
    count = 2
    for a in answers:
        if count >= 2 and (not groups or len(groups[-1]) + len(a) > PART):
            groups.append(a)
            count = 1
        else:
            groups[-1] += "\n\n" + a
            count += 1
    return groups


def _checked(text: str, passages: int) -> str:
    """Take numbers out that name no passage."""
    return _CITED.sub(lambda m: m[0] if 1 <= int(m[1]) <= passages else "", text)


def _cited(text: str, passages: Sequence[Passage]) -> tuple[str, tuple[Passage, ...]]:
    """Return the text with path and line instead of numbers, and the passages named, in order."""
    named = dict.fromkeys(int(n) for n in _CITED.findall(text))
    shown = _CITED.sub(lambda m: f" [{_place(passages[int(m[1]) - 1])}]", text)
    return shown, tuple(passages[n - 1] for n in named)


def _place(p: Passage) -> str:
    return show(p.path) if p.line is None else f"{show(p.path)}:{p.line}"


def sources(passages: Sequence[Passage]) -> list[Json]:
    """Return the places of passages as the contract's sources, by file."""
    lines: dict[RelPath, list[Json]] = {}
    for p in passages:
        lines.setdefault(p.path, []).append(p.line)
    return [{**path_json(path), "lines": [n for n in found if n is not None]} for path, found in lines.items()]
