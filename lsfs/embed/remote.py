"""An embeddings endpoint (OpenAI-compatible) behind the `Embedder` protocol.

It knows no HTTP and no key: it is handed a function `texts -> vectors` (`lsfs.embed.openai`). This module batches, checks what
comes back and scales it. How long the vectors are need not be known: the first answer tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lsfs.embed.embedder import Vectors, unit_rows
from lsfs.errors import DimensionMismatch, Unavailable

Request = Callable[[Sequence[str]], Sequence[Sequence[float]]]
"""Sends texts, returns one vector each in the same order; raises Unavailable when the endpoint does not answer."""


class RemoteEmbedder:
    """Vectors from a function that asks an endpoint."""

    def __init__(self, model_id: str, dimension: int, request: Request, *, batch: int = 16) -> None:
        """Name the model, the length of its vectors (0: not known yet) and the function that asks for up to `batch` texts."""
        self.model_id = model_id
        self.dimension = dimension
        self._request = request
        self._batch = batch

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text.

        Raises:
            Unavailable: the endpoint did not answer, or not with one vector a text.
            DimensionMismatch: its vectors have another length than configured.
        """
        parts = [self._ask(texts[start : start + self._batch]) for start in range(0, len(texts), self._batch)]
        return np.concatenate([np.zeros((0, self.dimension), dtype=np.float32), *parts])

    def _ask(self, texts: Sequence[str]) -> Vectors:
        # Endpoints refuse an empty text; a blank has the same meaning.
        answer = self._request([text or " " for text in texts])
        if len(answer) != len(texts):
            raise Unavailable(f"the embeddings endpoint answered {len(answer)} vectors for {len(texts)} texts")
        if not self.dimension:
            self.dimension = len(answer[0])
        wrong = {len(vector) for vector in answer} - {self.dimension}
        if wrong:
            raise DimensionMismatch(
                f"{self.model_id} answers vectors of {wrong.pop()} numbers instead of {self.dimension}: it is another"
                " model now; give it another name in [embed] model, so that everything is embedded again"
            )
        return unit_rows(np.asarray(answer, dtype=np.float32))
