"""The default embedder: all-MiniLM-L6-v2, int8, on ONNX Runtime, from files that come with the package.

It needs no network, no key and no torch. `lsfs.embed.build` makes the files. Texts beyond 256 tokens are cut, as the model
was trained; the chunker keeps below that.

Each text is a run of the model by itself, several at once on threads: int8 arithmetic takes its scale from the whole batch,
so that in batches a text's vector depends on its neighbours (cosine down to 0.97); alone it is always the same, nothing is
spent on padding, and two threads do 86 passages of 150 words a second where batches of 8 did 75.

Threading: `embed` may be called from several threads; `_lock` guards the first loading. A single text runs on the calling
    thread, more than one on the pool's too, whose threads inherit the niceness of the thread that used them first.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsfs.embed.embedder import Vectors, unit_rows
from lsfs.errors import Unavailable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DATA = Path(__file__).parent / "data"
MAX_TOKENS = 256


class OnnxEmbedder:
    """all-MiniLM-L6-v2 from package data; loaded (0.2 s, about 70 MB) when it is first used."""

    model_id = "all-MiniLM-L6-v2/int8-045e8ee6"
    dimension = 384

    def __init__(self, folder: Path = DATA, *, threads: int = 2) -> None:
        """Prepare an embedder that uses up to `threads` threads at once."""
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Any] | None = None
        self._pool = ThreadPoolExecutor(threads, "lsfs-embed")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, float32 [n, 384].

        Raises:
            Unavailable: the model's files are missing or damaged.
        """
        tokenizer, session = self._load()

        def run(text: str) -> Vectors:
            # Lone surrogates, from damaged UTF-16, are not text to the tokenizer.
            return _run(session, tokenizer.encode(text.encode("utf-8", "replace").decode()).ids)

        rows = [run(text) for text in texts] if len(texts) < 2 or self._threads < 2 else list(self._pool.map(run, texts))
        return unit_rows(np.stack(rows)) if rows else np.zeros((0, self.dimension), dtype=np.float32)

    def _load(self) -> tuple[Tokenizer, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _tokenizer(self._folder), _session(self._folder)
            return self._loaded


def _run(session: Any, token_ids: list[int]) -> Vectors:
    """Run the model over one text and return its vector, float32 [d]."""
    ids = np.array([token_ids], dtype=np.int32)
    (vectors,) = session.run(
        None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    )
    vector: Vectors = vectors[0]
    return vector


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as e:  # the binding raises bare Exception
        raise Unavailable(f"the tokenizer in {folder} cannot be read ({e}); reinstall lsfs or run `make models`") from e
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _session(folder: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    except Exception as e:  # the binding's errors have no common base
        raise Unavailable(f"the model in {folder} cannot be loaded ({e}); reinstall lsfs or run `make models`") from e
