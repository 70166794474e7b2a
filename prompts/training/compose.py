"""Samples: prompts with the labels of their words, composed from the templates and the pools, with the noise of real typing.

A sample is the prompt, the spans that fill slots, and the clauses (where each begins, what it asks for). Pipelines are clauses in a
row: what finds files followed by what works on "them", what makes a file followed by what works on "it", or things that have nothing
to do with each other. Everything comes from one seeded generator, so that the same seed gives the same samples.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import exam
import grammar
import pools

HERE = Path(__file__).parent
WEIGHTS = {
    "retrieve": 7.0,
    "rollback": 2.2,
    "write": 1.8,
    "link": 1.8,
    "summarize": 1.5,
    "group_by": 1.5,
    "unsupported": 3.2,
    "unclear": 2.0,
    "delete": 1.4,
    "diff": 1.3,
    "duplicates": 1.2,
}
"""How often an intent is drawn, against 1 for the others."""

LEADS = [
    "please ",
    "Please ",
    "could you ",
    "can you ",
    "Can you please ",
    "would you ",
    "I want you to ",
    "I'd like you to ",
    "hey, ",
    "ok, ",
    "now ",
    "kindly ",
    "pls ",
    "let's ",
    "I need you to ",
    "just ",
    "go ahead and ",
    "quickly ",
    "Hi! ",
    "so ",
    "could you please ",
    "Would you mind to ",
    "lsfs, ",
    "bitte ",
    "I would like to ",
    "I want to ",
    "We should ",
    "we need to ",
    "time to ",
    "you can ",
    "help me ",
    "I have to ",
]
STORIES = [
    "I am preparing the {} meeting. ",
    "My laptop is almost full. ",
    "I made a mistake. ",
    "Boss wants this today. ",
    "I'm writing about {}. ",
    "We have a visit from {} tomorrow. ",
    "Sorry, one more thing. ",
    "I was away last week. ",
    "Here is what I need: ",
    "Quick question: ",
    "Something went wrong. ",
    "The deadline is near. ",
    "I keep forgetting where things are. ",
    "For the talk on {}: ",
    "{} asked me for this. ",
    "It is late, so be quick. ",
    "Just checking, ",
]
TAILS = [
    " please",
    ", please",
    " thanks",
    ", thanks",
    " thank you",
    " for me",
    " now",
    " asap",
    " if you can",
    ", will you",
    ", ok?",
    " pls",
    " right away",
    ". Thanks!",
    ", would you?",
]
JOINTS = [
    ", ",
    ", ",
    ", ",
    ", ",
    " and ",
    " and ",
    " and ",
    " and then ",
    ", then ",
    ". Then ",
    ", and ",
    "; ",
    ". ",
    ", and then ",
    " then ",
    ". After that ",
    ", afterwards ",
    ". Next, ",
    ", next ",
    " & ",
    ". Finally, ",
    ", and finally ",
    " and also ",
    ". Also ",
    " and after that ",
]
QUESTIONS = ("what", "which", "where", "who", "how", "is", "are", "do", "did", "when", "was", "does", "got", "any")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from `start` to `end` fill a slot."""

    start: int
    end: int
    slot: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One prompt with its labels; `clauses` are offsets and intents."""

    prompt: str
    spans: tuple[Span, ...]
    clauses: tuple[tuple[int, str], ...]


class Composer:
    """Draws samples."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.dropped = 0
        self._forbidden = exam.load()
        self.rules: dict[str, list[grammar.Node]] = {}
        self.plain: dict[str, list[grammar.Node]] = {}
        self.them: dict[str, list[grammar.Node]] = {}
        self.it: dict[str, list[grammar.Node]] = {}
        self.foreign: dict[str, list[grammar.Node]] = {}
        for name in ("shared", "reading", "changing", "negative", "other_languages"):
            rules, intents = grammar.read((HERE / "templates" / f"{name}.txt").read_text(encoding="utf-8"))
            self.rules |= rules
            for intent, templates in intents.items():
                self._file(intent, templates, foreign=name == "other_languages")

    def _file(self, intent: str, templates: list[grammar.Node], *, foreign: bool) -> None:
        for t in templates:
            names = set(_rule_names(t))
            into = self.foreign if foreign else self.them if "them" in names else self.it if "it" in names else self.plain
            into.setdefault(intent, []).append(t)

    def samples(self, count: int) -> Iterator[Sample]:
        """Yield `count` samples, none of which has a name or five words in a row of the exam."""
        made = 0
        while made < count:
            s = self.sample()
            if exam.hits(s.prompt, [s.prompt[x.start : x.end] for x in s.spans], self._forbidden):
                self.dropped += 1
                continue
            made += 1
            yield s

    def sample(self) -> Sample:
        """Draw one sample."""
        r = self.rng.random()
        if r < 0.09:
            clauses = [self._clause(self.foreign, self._intent(self.foreign))]
        elif r < 0.68:
            clauses = [self._single()]
        else:
            clauses = self._pipeline()
        return self._joined(clauses)

    def _single(self) -> tuple[str, list[grammar.Piece]]:
        r = self.rng.random()
        pool = self.plain if r < 0.93 else self.them if r < 0.965 else self.it
        return self._clause(pool, self._intent(pool))

    def _intent(self, pool: dict[str, list[grammar.Node]], among: tuple[str, ...] = ()) -> str:
        names = [n for n in pool if not among or n in among]
        return self.rng.choices(names, [WEIGHTS.get(n, 1.0) for n in names])[0]

    def _clause(self, pool: dict[str, list[grammar.Node]], intent: str) -> tuple[str, list[grammar.Piece]]:
        return intent, grammar.expand(self.rng.choice(pool[intent]), self.rules, pools.value, self.rng)

    def _pipeline(self) -> list[tuple[str, list[grammar.Piece]]]:
        r = self.rng.random()
        if r < 0.5:
            out = [self._clause(self.plain, self.rng.choice(["retrieve"] * 12 + ["list", "duplicates"][:1]))]
            while "SORTING" in out[0][0]:
                out = [self._clause(self.plain, "retrieve")]
            for _ in range(self.rng.choice([1, 1, 2])):
                bare = self.rng.random() < 0.2
                out.append(self._bare_follower() if bare else self._clause(self.them, self._intent(self.them)))
            return out
        if r < 0.72:
            makers = (
                "create",
                "write",
                "append",
                "copy",
                "move",
                "rename",
                "concat",
                "lock",
                "tag",
                "read",
                "rollback",
                "translate",
                "summarize",
                "prepend",
                "history",
            )
            out = [self._clause(self.plain, self._intent(self.plain, makers))]
            return [*out, *(self._clause(self.it, self._intent(self.it)) for _ in range(self.rng.choice([1, 1, 2])))]
        able = tuple(n for n in self.plain if n not in ("unsupported", "unclear"))
        out = [self._clause(self.plain, self._intent(self.plain, able)) for _ in range(self.rng.choice([2, 2, 3]))]
        if self.rng.random() < 0.05:
            out[-1] = self._clause(self.plain, self.rng.choice(["unsupported", "unclear"]))
        return out

    def _bare_follower(self) -> tuple[str, list[grammar.Piece]]:
        text = self.rng.choice(
            [
                "group_by: [grouped by|group by|by] {KEY}",
                "summarize: [summarise|summarize|sum up|give me a summary]",
                "group_by: grouped by {KEY}",
                "delete: delete",
                "group_by: [bundled|arranged|clustered|split] by {KEY}",
                "summarize: with a [short|] summary of {REF:THEM}",
                "tag: tag [each|] [as|with] {TAG}",
                "join: join [both|the two] [by|on] {KEY:ON}",
            ]
        )
        intent, _, template = text.partition(": ")
        return intent, grammar.expand(grammar.parse(template), self.rules, pools.value, self.rng)

    def _joined(self, clauses: list[tuple[str, list[grammar.Piece]]]) -> Sample:
        rng = self.rng
        text, spans, starts = "", [], []
        lead = self._lead(clauses[0])
        listed = len(clauses) > 2 and rng.random() < 0.6
        text += lead
        for i, (intent, pieces) in enumerate(clauses):
            if i:
                first = pieces[0][0].split(" ")[0]
                joint = rng.choice(JOINTS)
                if listed:
                    joint = rng.choice([" and ", ", and ", " and then "]) if i == len(clauses) - 1 else ", "
                if first in ("grouped", "bundled", "arranged", "clustered", "split", "by", "with"):
                    joint = rng.choice([" ", ", ", " and "])
                text += joint.rstrip(" ") if joint[0] in ".;," and not joint.strip(" .;,") else ""
                if joint.strip(" .;,"):
                    text += joint[: len(joint) - len(joint.lstrip(" .;,"))]
                    starts.append((len(text), intent))
                    text += joint.lstrip(" .;,")
                else:
                    text += " " if not text.endswith(" ") else ""
                    starts.append((len(text), intent))
            else:
                starts.append((0, intent))
            for piece, slot in pieces:
                value = (
                    _typo(piece, rng)
                    if not slot or (slot in ("QUERY", "FOCUS") and "'" not in piece and '"' not in piece)
                    else piece
                )
                if slot:
                    spans.append(Span(len(text), len(text) + len(value), slot))
                text += value
        return self._finished(text, spans, starts)

    def _lead(self, clause: tuple[str, list[grammar.Piece]]) -> str:
        rng = self.rng
        r = rng.random()
        lead = ""
        question = clause[1][0][0].strip().lower().startswith(QUESTIONS) or clause[0] == "unsupported"
        if r < 0.2 and not question:
            lead = rng.choice(LEADS)
        elif r < 0.25:
            lead = rng.choice(["hey, ", "ok, ", "so, ", "Hi, ", "quick one: ", "tell me, ", "hm, "])
        if rng.random() < 0.06 and clause[0] != "unclear":
            lead = rng.choice(STORIES).replace("{}", rng.choice(pools.FIRST + pools.FIELDS)) + lead
        return lead

    def _finished(self, text: str, spans: list[Span], starts: list[tuple[int, str]]) -> Sample:
        rng = self.rng
        if rng.random() < 0.1:
            text += rng.choice(TAILS)
        r = rng.random()
        if not text.endswith((".", "!", "?")):
            text += "." if r < 0.3 else "?" if r < 0.36 else "!" if r < 0.38 else ""
        r = rng.random()
        if r < 0.4 and text[0].isalpha() and not any(s.start == 0 for s in spans):
            text = text[0].upper() + text[1:]
        elif r < 0.5:
            text = _lower_outside(text, spans)
        elif r < 0.515:
            text = text.upper()
        return Sample(text, tuple(spans), tuple(starts))


def _rule_names(node: grammar.Node) -> Iterator[str]:
    if node.kind == "rule":
        yield node.text
    for part in node.parts:
        yield from _rule_names(part)


def _lower_outside(text: str, spans: list[Span]) -> str:
    """Lower-case everything but literals (which keep their case in real typing more often than not)."""
    keep = [(s.start, s.end) for s in spans if s.slot in ("PATH", "TO", "SRC", "FOLDER", "OTHER", "CONTENT")]
    return "".join(c if any(a <= i < b for a, b in keep) else c.lower() for i, c in enumerate(text))


def _typo(text: str, rng: random.Random) -> str:
    """The text with now and then a slip of the fingers in a longer word."""
    if rng.random() > 0.06:
        return text
    words = text.split(" ")
    long = [i for i, w in enumerate(words) if len(w) > 4 and w.isalpha()]
    if not long:
        return text
    i = rng.choice(long)
    w = words[i]
    at = rng.randrange(1, len(w) - 1)
    words[i] = rng.choice(
        [
            w[:at] + w[at + 1] + w[at] + w[at + 2 :],
            w[:at] + w[at + 1 :],
            w[:at] + w[at] + w[at:],
            w[:at] + rng.choice("aeiourtn") + w[at + 1 :],
        ]
    )
    return " ".join(words)
