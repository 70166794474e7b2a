"""What a model is told of files, and what is believed of its answer.

Passages are numbered and framed as untrusted, with the mark made harmless where a file contains it; long material is summarised
part by part and then the parts together (map and reduce). Numbers in the answer become path and line; one that names no
passage is taken out. Nothing the model writes is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from lsfs.model import RelPath, path_json, show
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.writer import Writer

PART = 12_000
"""Characters of material in one request."""
MOST_PARTS = 40
_MARK = "untrusted-file-text"
_CITED = re.compile(r"\s?\[(\d+)\]")


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
    """

    text: str
    cited: tuple[Passage, ...]
    left_out: int


def prompt(name: str, **values: str) -> str:
    """Return a prompt with its blanks filled."""
    text = (resources.files("lsfs_prompts") / f"{name}.md").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def framed(text: str, path: str = "") -> str:
    """Return text of a file as data that cannot end its own frame."""
    inner = text.replace(f"</{_MARK}", f"&lt;/{_MARK}").replace(f"<{_MARK}", f"&lt;{_MARK}")
    name = re.sub(r'["<>]', "'", path)
    return f'<{_MARK} path="{name}">\n{inner}\n</{_MARK}>'


def write_about(writer: Writer, instructions: str, passages: Sequence[Passage]) -> Written:
    """Have the passages summarised, in parts where they are long.

    Raises:
        Unavailable: the model does not answer.
    """
    numbered = list(enumerate(passages, start=1))
    parts = _parts(numbered)
    taken = parts[:MOST_PARTS]
    left_out = sum(len(p) for p in parts[MOST_PARTS:])
    answers = [_checked(writer.write(instructions, _material(p)), len(passages)) for p in taken]
    while len(answers) > 1:
        answers = [
            _checked(
                writer.write(instructions, "Summaries of parts, with the numbers of their passages:\n\n" + group), len(passages)
            )
            for group in _joined(answers)
        ]
    text = answers[0] if answers else ""
    return Written(*_cited(text, passages), left_out)


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
