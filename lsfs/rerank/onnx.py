"""A cross-encoder in a folder of the user's: `model.onnx` and `tokenizer.json`, as exports of BERT-like models have them.

Any model fits that takes token ids (and, if it wants them, attention mask and token types) of a pair and answers one number,
or two of which the last says that they fit. Nothing is downloaded.

Threading: any thread; `_lock` guards the first loading.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lsfs.errors import Unavailable

MAX_TOKENS = 512


class OnnxReranker:
    """A local cross-encoder; loaded when it is first used."""

    def __init__(self, folder: Path, *, timeout_s: float = 5.0) -> None:
        """Name the folder, and how long a query may take."""
        self._folder = folder
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return one score for each passage.

        Raises:
            Unavailable: the folder has no such model, or it is too slow for the time it has.
        """
        tokenizer, session = self._load()
        wanted = {i.name for i in session.get_inputs()}
        begun_s = time.monotonic()
        out = []
        for passage in passages:
            if time.monotonic() - begun_s > self._timeout_s:
                raise Unavailable(f"the reranker in {self._folder} took longer than {self._timeout_s:g} s")
            out.append(_run(session, wanted, tokenizer.encode(_clean(query), _clean(passage))))
        return out

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _open(self._folder)
            return self._loaded


def _run(session: Any, wanted: set[str], pair: Any) -> float:
    given = {"input_ids": pair.ids, "attention_mask": pair.attention_mask, "token_type_ids": pair.type_ids}
    types = {i.name: np.int32 if i.type == "tensor(int32)" else np.int64 for i in session.get_inputs()}
    answer = session.run(None, {name: np.array([given[name]], dtype=types[name]) for name in wanted & given.keys()})
    return float(np.asarray(answer[0], dtype=np.float64).ravel()[-1])


def _open(folder: Path) -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    except Exception as e:  # the bindings' errors have no common base
        raise Unavailable(f"the reranker in {folder} cannot be loaded: {e}") from e
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
    return tokenizer, session


def _clean(text: str) -> str:
    """Return `text` without lone surrogates (from damaged UTF-16), which are not text to the tokenizer."""
    return text.encode("utf-8", "replace").decode()
