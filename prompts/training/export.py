"""Writes the parser's data: vocabulary, embeddings (int8), layers (ONNX, int8 per channel) and heads.

The embeddings are those of MiniLM and do not change with the training, so they are a file of their own. The layers use the fused
operators of ONNX Runtime; they take one prompt without padding.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

import encoder
from lsfs_syscalls.parse.tokens import Tokens
from lsfs_syscalls.parse.words import MARKS

_MEANINGS = {
    "@file": "file filename document", "@folder": "folder directory path", "@quote": "quote text phrase", "@qpath": "file filename quote",
    "@ident": "name filename folder", "@glob": "pattern filename extension", "@url": "link website url",
}  # fmt: skip
"""Where the mark of a literal begins in the space of words: at the mean of these."""


def vocabulary(source: Path, out: Path) -> None:
    """Copy the tokenizer, without the padding that it brings."""
    data = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    data["padding"] = data["truncation"] = None
    (out / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def embeddings(weights: dict[str, torch.Tensor], tokens: Tokens, out: Path) -> NDArray[np.float32]:
    """Write the embeddings as int8 with a scale a row, and return the table as it will be read."""
    table = weights["embeddings.word_embeddings.weight"].numpy().copy()
    for mark in MARKS:
        table[tokens.mark_id(mark)] = table[[tokens.id_of(w) for w in _MEANINGS[mark].split()]].mean(0)
    scale = (np.abs(table).max(axis=1, keepdims=True) / 127).astype(np.float32)
    rows = np.round(table / scale).astype(np.int8)
    e = "embeddings."
    places = (weights[e + "position_embeddings.weight"][:160] + weights[e + "token_type_embeddings.weight"][0]).numpy()
    np.savez(
        out / "embeddings.npz",
        rows=rows,
        scale=scale[:, 0],
        places=places.astype(np.float32),
        gain=weights[e + "LayerNorm.weight"].numpy(),
        shift=weights[e + "LayerNorm.bias"].numpy(),
    )
    return rows.astype(np.float32) * scale


def model(trained: Any, tags: Sequence[str], intents: Sequence[str], out: Path) -> None:
    """Write the layers and the heads."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "layers.onnx"
        onnx.save(_graph(trained.encoder), str(plain))
        quantize_dynamic(
            str(plain),
            str(out / "layers.onnx"),
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
    attach(out / "layers.onnx", trained)
    np.savez(
        out / "heads.npz",
        **{
            f"{name}_{part}": getattr(getattr(trained, name), part).detach().numpy().astype(np.float16)
            for name in ("intents",)
            for part in ("weight", "bias")
        },
    )
    (out / "labels.json").write_text(json.dumps({"tags": list(tags), "intents": list(intents)}), encoding="utf-8")


def attach(path: Path, trained: Any) -> None:
    """Add the heads of the words to the quantised graph, in full precision."""
    graph = onnx.load(str(path))
    hidden = graph.graph.output[0].name
    for name in ("tags", "begins"):
        head = getattr(trained, name)
        for part, array in (("weight", head.weight.detach().numpy().T), ("bias", head.bias.detach().numpy())):
            graph.graph.initializer.append(
                numpy_helper.from_array(np.ascontiguousarray(array.astype(np.float32)), f"{name}_{part}")
            )
        graph.graph.node.append(helper.make_node("MatMul", [hidden, f"{name}_weight"], [f"{name}_product"]))
        graph.graph.node.append(helper.make_node("Add", [f"{name}_product", f"{name}_bias"], [name]))
        shape = ["batch", "tokens", head.weight.shape[0]]
        graph.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    onnx.save(graph, str(path))


def _graph(layers: encoder.Encoder) -> onnx.ModelProto:
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, tensor: torch.Tensor) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(tensor.detach().numpy().astype(np.float32)), name))
        return name

    def node(op: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [output], domain=domain, **attributes))
        return output

    x, ms = "embedded", "com.microsoft"
    for i, layer in enumerate(layers.layers):
        a = node(
            "Attention",
            [x, constant(f"qkv{i}", layer.qkv.weight.T), constant(f"qkvb{i}", layer.qkv.bias)],
            f"att{i}",
            ms,
            num_heads=encoder.HEADS,
        )
        o = node("MatMul", [a, constant(f"ow{i}", layer.out.weight.T)], f"out{i}")
        h = node(
            "SkipLayerNormalization",
            [
                o,
                x,
                constant(f"g1{i}", layer.norm1.weight),
                constant(f"b1{i}", layer.norm1.bias),
                constant(f"ob{i}", layer.out.bias),
            ],
            f"h{i}",
            ms,
            epsilon=encoder.EPSILON,
        )
        u = node("MatMul", [h, constant(f"uw{i}", layer.up.weight.T)], f"up{i}")
        g = node("BiasGelu", [u, constant(f"ub{i}", layer.up.bias)], f"gelu{i}", ms)
        d = node("MatMul", [g, constant(f"dw{i}", layer.down.weight.T)], f"down{i}")
        x = node(
            "SkipLayerNormalization",
            [
                d,
                h,
                constant(f"g2{i}", layer.norm2.weight),
                constant(f"b2{i}", layer.norm2.bias),
                constant(f"db{i}", layer.down.bias),
            ],
            f"x{i + 1}",
            ms,
            epsilon=encoder.EPSILON,
        )
    shape = ["batch", "tokens", encoder.WIDTH]
    graph = helper.make_graph(
        nodes,
        "parser",
        [helper.make_tensor_value_info("embedded", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, shape)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ms, 1)], ir_version=8)
