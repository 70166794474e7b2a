"""What an embedder is: texts in, unit vectors out.

Every embedder passes the contract suite in tests/contracts/embedder.py: float32 rows of length one in the order of the
texts, the same text the same vector whatever it is batched with (to the precision of its arithmetic), empty input allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""float32 [n, d], unit rows."""


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their likeness in meaning."""

    @property
    def model_id(self) -> str:
        """Name and revision of the model; vectors of different ids are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, float32 [n, d]. Safe to call from several threads."""
        ...


def unit_rows(rows: NDArray[np.floating]) -> Vectors:
    """Return `rows` as float32 scaled to length one; a row of zeros stays as it is."""
    vectors = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled
