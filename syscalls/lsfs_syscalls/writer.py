"""A language model that writes text: one question, one answer, over an OpenAI-compatible endpoint, as it comes.

What it is asked and told is decided in `lsfs_syscalls.run.told`; `lsfs_syscalls.llm` is the other use of the endpoint
(plans). Its answer is text for people and nothing else: no call is ever made because of it. Loaded on first use, as the
client is heavy.

The answer is streamed, so that the time-out is for a piece and not for the whole, which a small model on this machine may
need minutes for. An answer without its end (cut off at the limit of tokens, a lost connection) is kept and says so in
`Reply.fault`. A server that does not stream is asked again without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lsfs.config import LlmConfig
from lsfs.errors import Unavailable

if TYPE_CHECKING:
    import openai

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
    """The configured endpoint."""

    config: LlmConfig

    @property
    def name(self) -> str:
        """The model's name."""
        return self.config.model or "default"

    def write(self, instructions: str, material: str, tell: Tell | None = None) -> Reply:
        """Return the model's answer; what `tell` raises ends it.

        Raises:
            Unavailable: the endpoint does not answer, or answers nothing.
        """
        import openai

        text = _Text(tell)
        fault = ""
        try:
            with self._client() as client:
                fault = self._streamed(client, instructions, material, text)
        except (openai.OpenAIError, ValueError) as e:
            if not text.whole:
                raise Unavailable(f"the model at {self.config.base_url} did not answer: {e}") from e
            fault = f"the model broke off ({_reason(e)})"
        if not text.whole:
            raise Unavailable(f"the model at {self.config.base_url} answered nothing")
        return Reply(text.whole, fault)

    def _client(self) -> openai.OpenAI:
        import openai

        return openai.OpenAI(
            base_url=self.config.base_url,
            api_key=self.config.api_key or "none",
            timeout=self.config.timeout_s,
            max_retries=1,
        )

    def _streamed(self, client: openai.OpenAI, instructions: str, material: str, text: _Text) -> str:
        """Add the answer to `text`; return why its end is missing."""
        request: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": material}],
            "temperature": 0,
        }
        if self.config.max_tokens:
            request["max_tokens"] = self.config.max_tokens
        ended = None
        for piece, reason in _pieces(client.chat.completions.create(**request, stream=True)):
            text.add(piece)
            ended = reason or ended
        if ended is None and not text.whole:
            answer: Any = client.chat.completions.create(**request)
            text.add((answer.choices[0].message.content or "") if answer.choices else "")
            ended = answer.choices[0].finish_reason if answer.choices else None
        if ended is None and text.whole:
            return "the model broke off (its answer has no end)"
        return CUT_OFF if ended == "length" else ""


def _pieces(chunks: Any) -> Iterator[tuple[str, str | None]]:
    """Yield the text of each chunk, and why the answer ended where it did."""
    for chunk in chunks:
        if chunk.choices:
            yield chunk.choices[0].delta.content or "", chunk.choices[0].finish_reason


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


def _reason(error: Exception) -> str:
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "nothing more came in time"
    return "the connection was lost" if isinstance(error, openai.APIConnectionError) else str(error)[:200]


def writer_of(config: LlmConfig) -> Writer | None:
    """Return the configured model, or None without one."""
    return ModelWriter(config) if config.base_url and config.mode != "offline" else None
