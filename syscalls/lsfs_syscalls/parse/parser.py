"""The offline parser: prompt -> words -> clauses (rules, then the model) -> calls -> plan, or a question.

Needs no root, no engine and no network. The clock, the session and the catalogue's names come in as arguments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from lsfs_syscalls.calls.record import Call, Effect
from lsfs_syscalls.calls.table import call_from_json
from lsfs_syscalls.parse import (
    asides,
    asking,
    confined,
    counting,
    covered,
    manner,
    missing,
    names,
    refusal,
    rules,
    spared,
    vanished,
    wondering,
)
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.assemble import Assembly, assemble
from lsfs_syscalls.parse.builders import BUILDERS
from lsfs_syscalls.parse.clause import Clause
from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.parse.continuing import together
from lsfs_syscalls.parse.rereading import reread
from lsfs_syscalls.parse.words import FILE, FOLDER, IDENT, QUOTE, QUOTED_PATH, Word, cut
from lsfs_syscalls.plan import Plan

THRESHOLDS: Mapping[Effect, float] = MappingProxyType(
    {Effect.READ: 0.3, Effect.CHANGE: 0.45, Effect.DESTROY: 0.45, Effect.SHARE: 0.5}
)
"""How sure the parser has to be: the more a wrong guess would cost, the surer."""


class ClauseReader(Protocol):
    """Reads clauses out of words; the model is one."""

    def read(self, prompt: str, words: list[Word]) -> list[Clause]:
        """Return the clauses of the prompt in the order of their execution."""
        ...


class Parser:
    """Turns prompts into plans.

    Args:
        reader: what reads the clauses that no rule fits; without it such a prompt is a question.
        thresholds: under this confidence a plan of that effect becomes a question.
    """

    def __init__(self, reader: ClauseReader | None = None, thresholds: Mapping[Effect, float] = THRESHOLDS) -> None:
        self._reader = reader
        self._thresholds = thresholds

    def parse(self, prompt: str, now: datetime, context: ParseContext | None = None) -> Plan:
        """Return the plan that `prompt` asks for, or a plan without steps that carries the question to ask."""
        known = context or ParseContext()
        try:
            steps, confidence = self._read(prompt, now, known)
            self._check_wondering(prompt, steps, now, known)
            notices: tuple[str, ...] = ()
            if known.candidates is not None:
                steps, notices = names.settle(steps, known.candidates, known.is_there)
        except Unclear as ask:
            lacking = missing.question(cut(prompt), ask.question)
            candidates = ask.candidates if lacking == ask.question else ()
            return Plan(prompt=prompt, confidence=0.0, clarify=lacking, candidates=candidates)
        return Plan(prompt=prompt, steps=steps, confidence=confidence, notices=notices)

    def _read(self, prompt: str, now: datetime, known: ParseContext) -> tuple[tuple[Call, ...], float]:
        """Return the steps of the prompt, or of the request in it where it is wrapped in talk."""
        refusal.check(prompt, cut(prompt))
        try:
            return self._sure(prompt, now, known)
        except Unclear as ask:
            for said in asides.rewrites(prompt):
                with suppress(Unclear):
                    steps, confidence = self._sure(said.prompt, now, known)
                    if not said.conditional or all(type(s).effect is Effect.READ for s in steps):
                        return steps, confidence
            raise ask from None

    def _sure(self, prompt: str, now: datetime, known: ParseContext) -> tuple[tuple[Call, ...], float]:
        words = cut(prompt)
        steps, confidence = self._steps(prompt, words, now, known)
        confined.check(prompt, words, steps)
        effect = max((type(s).effect for s in steps), key=lambda e: e.rank)
        if confidence < self._thresholds[effect]:
            raise Unclear(asking.UNSURE)
        return steps, confidence

    def _check_wondering(self, prompt: str, steps: tuple[Call, ...], now: datetime, known: ParseContext) -> None:
        """Pass where a change was requested and not only asked about.

        Raises:
            Unclear: it was asked about; the question names the request.
        """
        words = cut(prompt)
        if not wondering.changes(steps) or not wondering.asks(words):
            return
        meant = wondering.milder(words, steps)
        for request in wondering.requests(prompt, words, meant):
            if self._means(request, meant, now, known):
                raise Unclear(asking.wondered(request))
        raise Unclear(asking.wondered(None))

    def _means(self, request: str, meant: tuple[Call, ...], now: datetime, known: ParseContext) -> bool:
        """Tell whether somebody who says `request` gets these steps, without a question."""
        if "`" in request or wondering.asks(cut(request)):
            return False
        with suppress(Unclear):
            return self._read(request, now, known)[0] == meant
        return False

    def complete(self, prompt: str, question: str, answer: str, now: datetime, context: ParseContext | None = None) -> Plan:
        """Return the plan of a prompt after its question was answered."""
        return self.parse(asking.completed(prompt, question, answer), now, context)

    def _steps(self, prompt: str, words: list[Word], now: datetime, known: ParseContext) -> tuple[tuple[Call, ...], float]:
        assembly = Assembly(now, known)
        if vanished.match(prompt, now, assembly.push):
            return tuple(assembly.steps), rules.CONFIDENCE
        counted = self._counted(prompt, now, known)
        if counted is not None:
            return counted
        searched = self._searched(prompt, words, now, known)
        if searched is not None:
            return searched
        read = together(self._clauses(prompt, words, now))
        clauses = [reread(c) for c in read]
        steps = assemble(clauses, now, known, BUILDERS)
        if any(type(s).effect is not Effect.READ for s in steps):
            _check_names(words, steps)
            spared.check(words, steps)
            covered.check(words, clauses, steps)
        return steps, min(c.confidence for c in clauses)

    def _counted(self, prompt: str, now: datetime, known: ParseContext) -> tuple[tuple[Call, ...], float] | None:
        """Return the one step of a prompt that asks for a number, or None where it does not."""
        search, grouping = counting.plain_count(prompt), counting.plain_topics(prompt)
        plain = search or (grouping[0] if grouping else None)
        if plain is None:
            return None
        steps, confidence = self._steps(plain, cut(plain), now, known)
        if grouping and len(steps) == 2 and type(steps[1]).syscall == "group_by":
            return (steps[0], call_from_json("group_by", {**steps[1].to_json(), "key": grouping[1]})), confidence
        if len(steps) != 1:
            return None
        name, args = type(steps[0]).syscall, steps[0].to_json()
        if grouping and name == "group_by":
            return (call_from_json(name, {**args, "key": grouping[1]}),), confidence
        if search and (name == "retrieve" or (name == "list" and "under" in args)):
            kept = {k: v for k, v in args.items() if k not in ("k", "sort", "recursive")}
            return (call_from_json("retrieve", {**kept, "count": True}),), confidence
        return None

    def _searched(
        self, prompt: str, words: list[Word], now: datetime, known: ParseContext
    ) -> tuple[tuple[Call, ...], float] | None:
        """Return the search of a prompt that says apart how to search, or None where it does not."""
        apart = manner.apart(prompt, words)
        if apart is None:
            return None
        steps, confidence = self._steps(apart[0], cut(apart[0]), now, known)
        searches = [s for s in steps if type(s).syscall == "retrieve"]
        if len(searches) != 1:
            return None
        moded = call_from_json("retrieve", {**searches[0].to_json(), "mode": apart[1]})
        return tuple(moded if s is searches[0] else s for s in steps), confidence

    def _clauses(self, prompt: str, words: list[Word], now: datetime) -> list[Clause]:
        whole = rules.match(prompt, words, now)
        if whole is not None:
            return [whole]
        if self._reader is not None:
            return self._reader.read(prompt, words)
        pieces = [rules.match(prompt, piece, now) for piece in _pieces(words)]
        clauses = [c for c in pieces if c is not None]
        if not clauses or len(clauses) != len(pieces):
            raise Unclear(asking.UNSURE)
        return clauses


_SAID = frozenset({FILE, FOLDER, IDENT, QUOTE, QUOTED_PATH})


def _check_names(words: list[Word], steps: tuple[Call, ...]) -> None:
    """Ask about a name or a quoted text that no step took: a change that leaves out a part of what was said is another change.

    Raises:
        Unclear: there is one.
    """
    taken = json.dumps([s.to_json() for s in steps], ensure_ascii=False)
    for w in words:
        name = w.text.strip("/").removeprefix("./")
        if (
            w.mark in (FILE, FOLDER, IDENT, QUOTE, QUOTED_PATH)
            and name
            and json.dumps(name, ensure_ascii=False)[1:-1] not in taken
        ):
            raise Unclear(asking.what_of(w.text))


def _pieces(words: list[Word]) -> list[list[Word]]:
    """Split at "and", "then" and "." for the rules alone."""
    out: list[list[Word]] = [[]]
    for w in words:
        if w.seen in ("and", "then", ".", ";", ",") and out[-1]:
            out.append([])
        elif w.seen not in ("and", "then", ".", ";", ","):
            out[-1].append(w)
    return [piece for piece in out if piece]
