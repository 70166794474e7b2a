"""A language model that writes text: one question, one answer, as it comes.

What it is asked and told is decided in `lsfs_syscalls.run.told`; `lsfs_syscalls.llm` is the other use of a model (plans).
Its answer is text for people and nothing else: no call is ever made because of it.

The answer is streamed, so that the time-out is for a piece and not for the whole, which a small model on this machine may
need minutes for. An answer without its end (cut off at the limit of tokens, a lost connection) is kept and says so in
`Reply.fault`. A server that does not stream is asked again without.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from lsfs.config import LlmConfig
from lsfs.errors import Unavailable
from lsfs_syscalls.chat.chat import Chat
from lsfs_syscalls.chat.choose import chat_of

Tell = Callable[[str], None]
"""Is told each piece of the text, in order; together they are the text."""

CUT_OFF = "the model stopped at its limit of tokens"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote.

    Attributes:
        fault: why the end is missing, in words; empty for a whole answer.
    """

    text: str
    fault: str = ""


class Writer(Protocol):
    """Writes text on request."""

    @property
    def name(self) -> str:
        """The model's name, for the label of what it wrote."""
        ...

    def write(self, instructions: str, material: str, tell: Tell | None = None) -> Reply:
        """Return the model's answer, told to `tell` as it comes; raises Unavailable where nothing came."""
        ...


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """The configured model.

    Attributes:
        max_tokens: of one text; 0 for the model's own limit.
    """

    chat: Chat
    max_tokens: int = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self.chat.model

    def write(self, instructions: str, material: str, tell: Tell | None = None) -> Reply:
        """Return the model's answer; what `tell` raises ends it.

        Raises:
            Unavailable: the model does not answer, or answers nothing.
        """
        text = _Text(tell)
        fault = ""
        try:
            fault = self._streamed(instructions, material, text)
        except Unavailable as e:
            if not text.whole:
                raise Unavailable(f"the model did not answer: {e}") from e
            fault = f"the model broke off ({e})"
        if not text.whole:
            raise Unavailable(f"the model {self.name} answered nothing")
        return Reply(text.whole, fault)

    def _streamed(self, instructions: str, material: str, text: _Text) -> str:
        """Add the answer to `text`; return why its end is missing."""
        request: dict[str, Any] = {
            "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": material}],
            "temperature": 0,
        }
        if self.max_tokens:
            request["max_tokens"] = self.max_tokens
        ended = self._added(request, text, stream=True)
        if not ended and not text.whole:
            ended = self._added(request, text, stream=False)
        if not ended and text.whole:
            return "the model broke off (its answer has no end)"
        return CUT_OFF if ended == "length" else ""

    def _added(self, request: dict[str, Any], text: _Text, *, stream: bool) -> str:
        """Add the answer of one request to `text`; return why it ended."""
        ended = ""
        with closing(self.chat.pieces(request, stream=stream)) as pieces:
            for piece in pieces:
                text.add(piece.text)
                ended = piece.ended or ended
        return ended


class _Text:
    """A text that grows: blanks around the whole are left out, before they are told to anyone."""

    def __init__(self, tell: Tell | None) -> None:
        self.whole = ""
        self._tell = tell
        self._blanks = ""

    def add(self, piece: str) -> None:
        """Add a piece; blanks at its end wait for what follows."""
        new = self._blanks + piece if self.whole else piece.lstrip()
        kept = new.rstrip()
        self._blanks = new[len(kept) :]
        if kept:
            self.whole += kept
            if self._tell is not None:
                self._tell(kept)


def writer_of(config: LlmConfig) -> Writer | None:
    """Return the configured model, or None without one."""
    chat = chat_of(config, retries=1)
    return None if chat is None else ModelWriter(chat, config.max_tokens)
