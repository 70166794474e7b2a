"""The offline model: MiniLM's layers with three heads, read from the package's data, run by ONNX Runtime on one core.

Words -> where clauses begin, the intent of each clause, the slot of each word. It knows nothing of calls; a clause that it is
not sure of has a low confidence. Threading: one instance may be used by several threads; ONNX Runtime sessions allow it.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import Unavailable
from lsfs_syscalls.parse import topics
from lsfs_syscalls.parse.backstop import left_over
from lsfs_syscalls.parse.boundaries import certain
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.segments import likeliest
from lsfs_syscalls.parse.tokens import Tokens
from lsfs_syscalls.parse.words import Word, spoken

Floats = NDArray[np.float32]


class Model:
    """Reads clauses out of words."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self._tokens = Tokens.load(folder)
        table = np.load(folder / "embeddings.npz")
        self._rows, self._scale = table["rows"], table["scale"]
        self._places, self._gain, self._shift = table["places"], table["gain"], table["shift"]
        heads = np.load(folder / "heads.npz")
        self._intent_weight = np.asarray(heads["intents_weight"], dtype=np.float32)
        self._intent_bias = np.asarray(heads["intents_bias"], dtype=np.float32)
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
        outputs = self._session.run(None, {"embedded": self._embedded(ids)})
        hidden, all_tags, all_begins = (np.asarray(o[0], dtype=np.float32) for o in outputs)
        seen, at = words[: len(first)], np.array(first)
        states, tags, begins = hidden[at], _softmax(all_tags[at]), _softmax(all_begins[at])[:, 1]
        sure = certain(seen, [0, *(i for i in range(1, len(seen)) if begins[i] > 0.5)])
        begins[sure] = 1
        intents = _Intents(self._intent_weight, self._intent_bias, states, hidden[0])
        starts = likeliest(seen, begins.tolist(), sure, lambda a, b: float(intents.of(a, b).max()))
        out = []
        for a, b in zip(starts, [*starts[1:], len(seen)], strict=True):
            best = int(intents.of(a, b).argmax())
            slots, taken_as = _slots(prompt, seen[a:b], tags[a:b], self._tags)
            taken = [self._tags[t] != "O" for t in tags[a:b].argmax(1)]
            slots = left_over(prompt, seen[a:b], taken, self._intents[best], slots)
            edges = np.abs(begins[a:b] - 0.5) * 2
            confidence = float(intents.of(a, b)[best]) * taken_as * float(edges[1:].min() if b - a > 1 else 1.0)
            out.append(Clause(self._intents[best], slots, confidence, spoken(prompt, seen[a:b])))
        return out

    def _embedded(self, ids: list[int]) -> Floats:
        """Return the embedded tokens, float32 [1, s, 384]."""
        x = self._rows[ids].astype(np.float32) * self._scale[ids, None] + self._places[: len(ids)]
        x = x - x.mean(1, keepdims=True)
        x = x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-12)
        return np.asarray((x * self._gain + self._shift)[None], dtype=np.float32)


def load() -> Model:
    """Return the model of the package's data.

    Raises:
        Unavailable: the data is not there.
    """
    folder = Path(str(resources.files("lsfs_prompts"))) / "parser"
    if not (folder / "layers.onnx").is_file():
        raise Unavailable(f"the parser's data is missing in {folder}; `make train-parser` makes it")
    return Model(folder)


class _Intents:
    """What each stretch of a prompt asks for, looked at once."""

    def __init__(self, weight: Floats, bias: Floats, states: Floats, whole: Floats) -> None:
        self._weight, self._bias, self._states, self._whole = weight, bias, states, whole
        self._known: dict[tuple[int, int], Floats] = {}

    def of(self, a: int, b: int) -> Floats:
        """Return how likely each intent is for the words from `a` up to `b`."""
        if (a, b) not in self._known:
            features = np.concatenate([self._states[a:b].mean(0), self._states[a], self._whole])
            # not a matrix product: numpy's would wake a thread for each core for this little
            self._known[a, b] = _softmax((self._weight * features).sum(axis=1) + self._bias)
        return self._known[a, b]


_NAMED = frozenset({"PATH", "FOLDER", "TO", "SRC", "OTHER", "LIKE"})


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float32)


def _slots(prompt: str, words: list[Word], tags: Floats, names: list[str]) -> tuple[tuple[Slot, ...], float]:
    """Return the slots that the tags mark, and how sure the least sure word is."""
    best = topics.whole(words, [names[t] for t in tags.argmax(1)])
    spans: list[tuple[str, int, int]] = []
    for i, tag in enumerate(best):
        if tag == "O":
            continue
        name = tag[2:]
        same = bool(spans) and spans[-1][0] == name and spans[-1][2] == i
        if same and (tag[0] == "I" or not (words[i].mark or words[i - 1].mark)):
            spans[-1] = (name, spans[-1][1], i + 1)
        elif not (same and name in _NAMED and words[i - 1].mark and not words[i].mark):  # a literal name is complete
            spans.append((name, i, i + 1))
    slots = tuple(_slot(prompt, words, *s) for s in spans)
    return slots, float(np.clip(tags.max(1), 0, 1).min()) ** 0.5 if len(words) else 1.0


def _slot(prompt: str, words: list[Word], name: str, a: int, b: int) -> Slot:
    inside = words[a:b]
    before = spoken(prompt, words[max(0, a - 3) : a]) if a else ""
    after = words[b].text if b < len(words) else ""
    return Slot(name, spoken(prompt, inside), inside[0].mark if len(inside) == 1 else "", before, after)
