"""Any sentence-transformers model, also on a GPU; needs the extra `lsfs[sentence-transformers]`.

Threading: the model is not safe for concurrent calls, so `_lock` is held while it runs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from lsfs.embed.embedder import Vectors, unit_rows
from lsfs.errors import Unavailable


class SentenceTransformersEmbedder:
    """A model that sentence-transformers loads by name or folder, on first use."""

    def __init__(self, model: str, *, device: str | None = None, batch: int = 8) -> None:
        """Name the `model` (a hub name or a folder) and the `device` ("cpu", "cuda"; None lets the library choose)."""
        self._name = model
        self._device = device
        self._batch = batch
        self._lock = threading.Lock()
        self._model: Any = None

    @property
    def model_id(self) -> str:
        """The name it was given."""
        return f"sentence-transformers/{self._name}"

    @property
    def dimension(self) -> int:
        """Length of a vector; loads the model."""
        return int(self._load().get_sentence_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text.

        Raises:
            Unavailable: the library is not installed or the model cannot be loaded.
        """
        model = self._load()
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            rows = model.encode(list(texts), batch_size=self._batch, convert_to_numpy=True, show_progress_bar=False)
        return unit_rows(rows)

    def _load(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = _open(self._name, self._device)
            return self._model


def _open(name: str, device: str | None) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as e:
        raise Unavailable("sentence-transformers is not installed: pip install 'lsfs[sentence-transformers]'") from e
    try:
        return SentenceTransformer(name, device=device)
    except (OSError, ValueError) as e:
        raise Unavailable(f"the model {name!r} cannot be loaded: {e}") from e
