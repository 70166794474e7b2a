"""The reranker that the configuration names."""

from __future__ import annotations

from pathlib import Path

from lsfs.config import SearchConfig
from lsfs.endpoint import Endpoint
from lsfs.errors import BadRequest
from lsfs.rerank.endpoint import EndpointReranker
from lsfs.rerank.onnx import OnnxReranker
from lsfs.rerank.reranker import Reranker


def make_reranker(config: SearchConfig) -> Reranker | None:
    """Return it, or None where there is none.

    Raises:
        BadRequest: it is neither an address nor a folder.
    """
    if not config.reranker:
        return None
    if config.reranker.startswith(("http://", "https://")):
        return EndpointReranker(Endpoint(config.reranker, api_key=config.api_key, timeout_s=config.timeout_s), config.model)
    folder = Path(config.reranker).expanduser()
    if not folder.is_absolute():
        raise BadRequest(f"[search] reranker is {config.reranker!r}; it takes http://… or a folder's whole path")
    return OnnxReranker(folder, timeout_s=config.timeout_s)
