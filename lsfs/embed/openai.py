"""The request that OpenAI-compatible servers (llama.cpp, Ollama, vLLM, hosted ones) take for vectors.

A text that a server refuses for its length is sent again as its first half: a vector of most of a passage is better than none,
and limits differ between servers and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsfs.embed.remote import Request
from lsfs.endpoint import Endpoint, refusal
from lsfs.errors import Unavailable

_REFUSED = frozenset({400, 413, 422, 500})
"""What servers answer to an input they cannot take, among other things."""

_SHORT = 200
"""A text of so many characters is not refused for its length."""


def embeddings(endpoint: Endpoint, model: str) -> Request:
    """Return the function that asks `endpoint` for vectors of `model`."""

    def request(texts: Sequence[str]) -> Sequence[Sequence[float]]:
        # Lone surrogates, from damaged UTF-16, are not text to a server.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        status, answer = endpoint.post("/embeddings", {"model": model, "input": clean, "encoding_format": "float"})
        if status == 200:
            return _vectors(endpoint.base_url, answer)
        if status in _REFUSED and len(clean) > 1:
            return [vector for text in clean for vector in request([text])]
        if status in _REFUSED and len(clean[0]) > _SHORT:
            return request([clean[0][: len(clean[0]) // 2]])
        raise refusal(endpoint.base_url, status, answer)

    return request


def _vectors(base_url: str, answer: Any) -> list[list[float]]:
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])
        return [[float(x) for x in row["embedding"]] for row in rows]
    except (KeyError, TypeError, ValueError) as e:
        raise Unavailable(f"{base_url} answered something else than vectors ({e!r})") from e
