"""The small language of the templates, and how one is expanded into text with its slots.

`[a|b|]` is a choice, `{SLOT}` a value of that slot, `{SLOT:kind}` one of another kind, `<name>` a rule from `define` lines. A choice
may hold anything. An expansion is a list of pieces (text, slot or ""), so that the labels come with the text.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

Piece = tuple[str, str]
Values = Callable[[str, random.Random], str]


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a template: a text, a slot, a rule, a sequence or a choice."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


def parse(template: str) -> Node:
    """Return the tree of a template."""
    node, at = _sequence(template, 0, "")
    if at != len(template):
        raise ValueError(f"unbalanced template: {template}")
    return node


def _sequence(t: str, at: int, stop: str) -> tuple[Node, int]:
    parts: list[Node] = []
    text = ""
    while at < len(t) and t[at] not in stop:
        c = t[at]
        if c not in "[{<":
            text += c
            at += 1
            continue
        if text:
            parts.append(Node("text", text))
            text = ""
        node, at = _choice(t, at + 1) if c == "[" else _named(t, at)
        parts.append(node)
    if text:
        parts.append(Node("text", text))
    return Node("sequence", parts=tuple(parts)), at


def _choice(t: str, at: int) -> tuple[Node, int]:
    options = []
    while True:
        node, at = _sequence(t, at, "|]")
        options.append(node)
        if at >= len(t):
            raise ValueError(f"open choice: {t}")
        at += 1
        if t[at - 1] == "]":
            return Node("choice", parts=tuple(options)), at


def _named(t: str, at: int) -> tuple[Node, int]:
    close = "}" if t[at] == "{" else ">"
    end = t.index(close, at)
    return Node("slot" if close == "}" else "rule", t[at + 1 : end]), end + 1


def expand(node: Node, rules: dict[str, list[Node]], values: Values, rng: random.Random) -> list[Piece]:
    """Return one expansion of the template."""
    match node.kind:
        case "text":
            return [(node.text, "")]
        case "slot":
            slot, _, kind = node.text.partition(":")
            return [(values(kind or slot, rng), slot)]
        case "rule":
            return expand(rng.choice(rules[node.text]), rules, values, rng)
        case "choice":
            return expand(rng.choice(node.parts), rules, values, rng)
        case _:
            return [piece for part in node.parts for piece in expand(part, rules, values, rng)]


def read(text: str) -> tuple[dict[str, list[Node]], dict[str, list[Node]]]:
    """Return the rules and the templates by intent of a template file.

    A line `define name: template` adds to a rule, `intent: template` to an intent; `#` begins a comment.
    """
    rules: dict[str, list[Node]] = {}
    intents: dict[str, list[Node]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, template = line.partition(":")
        into = rules if name.startswith("define ") else intents
        into.setdefault(name.removeprefix("define ").strip(), []).append(parse(template.strip()))
    return rules, intents
