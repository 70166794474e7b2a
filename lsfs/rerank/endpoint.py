"""A `/rerank` endpoint as llama.cpp's server, Cohere, Jina, vLLM and others offer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsfs.endpoint import Endpoint, refusal
from lsfs.errors import Unavailable


class EndpointReranker:
    """Asks a server, which gets the query and the passages."""

    def __init__(self, endpoint: Endpoint, model: str = "") -> None:
        self._endpoint = endpoint
        self._model = model

    def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return one score for each passage.

        Raises:
            Unavailable: the server did not answer in time, or something else than scores.
        """
        # Lone surrogates, from damaged UTF-16, are not text to a server.
        texts = [text.encode("utf-8", "replace").decode() for text in passages]
        body = {"model": self._model, "query": query, "documents": texts, "top_n": len(texts)}
        status, answer = self._endpoint.post("/rerank", body)
        if status != 200:
            raise refusal(self._endpoint.base_url, status, answer)
        return _scores(self._endpoint.base_url, answer, len(texts))


def _scores(base_url: str, answer: Any, count: int) -> list[float]:
    try:
        found = {int(row["index"]): float(row["relevance_score"]) for row in answer["results"]}
        return [found[index] for index in range(count)]
    except (KeyError, TypeError, ValueError) as e:
        raise Unavailable(f"{base_url} answered something else than one score a passage ({e!r})") from e
