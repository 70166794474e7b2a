"""The offline model: MiniLM's layers with three heads, read from the package's data, run by ONNX Runtime on one core.

Words -> where clauses begin, the intent of each clause, the slot of each word. It knows nothing of calls; a clause that it is
not sure of has a low confidence. Threading: one instance may be used by several threads; ONNX Runtime sessions allow it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.tokens import Tokens
from lsfs_syscalls.parse.words import Word, spoken

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """The small linear layers, float32: weight [outputs, inputs] and bias [outputs]."""

    tags: tuple[Floats, Floats]
    begins: tuple[Floats, Floats]
    intents: tuple[Floats, Floats]


class Model:
    """Reads clauses out of words."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self._tokens = Tokens.load(folder)
        table = np.load(folder / "embeddings.npz")
        self._rows, self._scale = table["rows"], table["scale"]
        self._places, self._gain, self._shift = table["places"], table["gain"], table["shift"]
        heads = np.load(folder / "heads.npz")
        self._heads = Heads(*(_linear(heads, name) for name in ("tags", "begins", "intents")))
        labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        self._tags: list[str] = labels["tags"]
        self._intents: list[str] = labels["intents"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / "layers.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def read(self, prompt: str, words: list[Word]) -> list[Clause]:
        """Return the clauses of the prompt in the order of their execution."""
        ids, first = self._tokens.encode(words)
        hidden: Floats = np.asarray(self._session.run(None, {"embedded": self._embedded(ids)})[0][0], dtype=np.float32)
        seen = words[: len(first)]
        states = hidden[np.array(first)]
        tags = _softmax(_apply(self._heads.tags, states))
        begins = _softmax(_apply(self._heads.begins, states))[:, 1]
        starts = [0, *(i for i in range(1, len(seen)) if begins[i] > 0.5)]
        out = []
        for a, b in zip(starts, [*starts[1:], len(seen)], strict=True):
            features = np.concatenate([states[a:b].mean(0), states[a], hidden[0]])
            intents = _softmax(_apply(self._heads.intents, features[None]))[0]
            best = int(intents.argmax())
            slots, sure = _slots(prompt, seen[a:b], tags[a:b], self._tags)
            edges = np.abs(begins[a:b] - 0.5) * 2
            confidence = float(intents[best]) * sure * float(edges[1:].min() if b - a > 1 else 1.0)
            out.append(Clause(self._intents[best], slots, confidence, spoken(prompt, seen[a:b])))
        return out

    def _embedded(self, ids: list[int]) -> Floats:
        """Return the embedded tokens, float32 [1, s, 384]."""
        x = self._rows[ids].astype(np.float32) * self._scale[ids, None] + self._places[: len(ids)]
        x = x - x.mean(1, keepdims=True)
        x = x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-12)
        return np.asarray((x * self._gain + self._shift)[None], dtype=np.float32)


def load() -> Model:
    """Return the model of the package's data."""
    return Model(Path(str(resources.files("lsfs_prompts"))) / "parser")


def _linear(data: Any, name: str) -> tuple[Floats, Floats]:
    weight, bias = (np.asarray(data[f"{name}_{part}"], dtype=np.float32) for part in ("weight", "bias"))
    return weight, bias


def _apply(layer: tuple[Floats, Floats], x: Floats) -> Floats:
    return np.asarray(x @ layer[0].T + layer[1], dtype=np.float32)


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float32)


def _slots(prompt: str, words: list[Word], tags: Floats, names: list[str]) -> tuple[tuple[Slot, ...], float]:
    """Return the slots that the tags mark, and how sure the least sure word is."""
    best = tags.argmax(1)
    spans: list[tuple[str, int, int]] = []
    for i, tag in enumerate(names[t] for t in best):
        if tag == "O":
            continue
        name = tag[2:]
        same = bool(spans) and spans[-1][0] == name and spans[-1][2] == i
        if same and (tag[0] == "I" or not (words[i].mark or words[i - 1].mark)):
            spans[-1] = (name, spans[-1][1], i + 1)
        else:
            spans.append((name, i, i + 1))
    slots = tuple(_slot(prompt, words, *s) for s in spans)
    return slots, float(np.clip(tags.max(1), 0, 1).min()) ** 0.5 if len(words) else 1.0


def _slot(prompt: str, words: list[Word], name: str, a: int, b: int) -> Slot:
    inside = words[a:b]
    before = spoken(prompt, words[max(0, a - 3) : a]) if a else ""
    after = words[b].text if b < len(words) else ""
    return Slot(name, spoken(prompt, inside), inside[0].mark if len(inside) == 1 else "", before, after)
