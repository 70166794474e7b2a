"""A language model behind an OpenAI-compatible endpoint; the only module of the calls that uses the openai client.

The client is heavy, so it is loaded on first use.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsfs.errors import Unavailable
from lsfs_syscalls.chat.chat import Piece


@dataclass(frozen=True, slots=True)
class EndpointChat:
    """Where the model is.

    Attributes:
        base_url: of the OpenAI-compatible server, with `/v1`.
        timeout_s: for an answer, or for its next piece.
        retries: of a request that could not be sent, or that the server had no room for.
    """

    base_url: str
    model: str
    api_key: str = "none"
    timeout_s: float = 20.0
    retries: int = 0

    @property
    def label(self) -> str:
        """Who made a plan."""
        return f"openai:{self.model}"

    @property
    def place(self) -> str:
        """Where it is."""
        return self.base_url

    @property
    def terse(self) -> bool:
        """Strict mode wants every field written."""
        return False

    def pieces(self, request: Mapping[str, Any], *, stream: bool) -> Generator[Piece, None, None]:
        """Yield the answer as it comes, or as one piece.

        Raises:
            Unavailable: the server does not answer, or breaks off.
        """
        import openai

        began = False
        try:
            with openai.OpenAI(
                base_url=self.base_url, api_key=self.api_key, timeout=self.timeout_s, max_retries=self.retries
            ) as client:
                answer: Any = client.chat.completions.create(**{"model": self.model, **request, "stream": stream})
                for piece in _chunks(answer) if stream else _whole(answer):
                    yield piece
                    began = True
        except (openai.OpenAIError, ValueError) as error:
            raise Unavailable(f"{self.base_url} {_reason(error, began=began)}") from error


def _whole(answer: Any) -> Iterator[Piece]:
    if not answer.choices:
        raise ValueError("an answer without choices")
    message = answer.choices[0].message
    calls = [c.function for c in message.tool_calls or [] if c.type == "function"]
    yield Piece(
        message.content or "",
        tuple((n, f.name, f.arguments or "") for n, f in enumerate(calls)),
        answer.choices[0].finish_reason or "",
    )


def _chunks(answer: Any) -> Iterator[Piece]:
    for chunk in answer:
        if not chunk.choices:
            continue
        delta = chunk.choices[0].delta
        calls = [(c.index, c.function) for c in delta.tool_calls or [] if c.function is not None]
        yield Piece(
            delta.content or "",
            tuple((n, f.name or "", f.arguments or "") for n, f in calls),
            chunk.choices[0].finish_reason or "",
        )


def _reason(error: Exception, *, began: bool) -> str:
    """Return what went wrong, in a few words."""
    import openai

    match error:
        case openai.APITimeoutError():
            return "did not go on in time" if began else "did not answer in time"
        case openai.APIConnectionError():
            return "was lost" if began else "cannot be reached"
        case openai.AuthenticationError():
            return "refused the key"
        case openai.APIStatusError():
            return f"answered {error.status_code}"
        case _:
            return f"failed: {str(error)[:200]}"
