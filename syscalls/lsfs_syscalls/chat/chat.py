"""What the rest knows of a language model: a request goes in, pieces of an answer come out.

A request has the fields of OpenAI's chat completions (`messages`, `max_tokens`, `response_format`, `tools`, ...), without
`model` and `stream`. Both uses of a model, plans (`lsfs_syscalls.llm`) and texts (`lsfs_syscalls.writer`), are written
against this; which model it is, is decided in `lsfs_syscalls.chat.choose`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer.

    Attributes:
        text: added to what came before.
        calls: pieces of tool calls: number of the call, what is added to its name, and to its arguments.
        ended: why the answer ends here, in the protocol's word ("stop", "length", ...); empty while it goes on.
    """

    text: str = ""
    calls: tuple[tuple[int, str, str], ...] = ()
    ended: str = ""


class Chat(Protocol):
    """A language model."""

    @property
    def model(self) -> str:
        """The model's name, for the label of what it wrote."""
        ...

    @property
    def label(self) -> str:
        """Who made a plan: `openai:MODEL` or `local:MODEL`."""
        ...

    @property
    def place(self) -> str:
        """Where it is, for people: an address, or the file of a model in this process."""
        ...

    @property
    def terse(self) -> bool:
        """A schema in which what is optional may be left out is understood, and each word that is not written saves time."""
        ...

    def pieces(self, request: Mapping[str, Any], *, stream: bool) -> Generator[Piece, None, None]:
        """Yield the answer; close the generator (`contextlib.closing`) to give it up.

        Args:
            request: the fields of a chat completion.
            stream: the time-out is for the next piece; else for the whole, which may come as one.

        Raises:
            Unavailable: there is no answer, or none any more; the text says who did not answer, and why.
        """
        ...
