"""Which parser reads a prompt: the offline one, with its trained model, or the one that asks a configured endpoint."""

from __future__ import annotations

from typing import cast

from lsfs.config import Config
from lsfs_syscalls.llm import Endpoint, Mode, ModelParser, PlanParser, Wire
from lsfs_syscalls.parse.model import load
from lsfs_syscalls.parse.parser import Parser


def make_parser(config: Config) -> PlanParser:
    """Return the parser that the configuration asks for; the offline one where there is no endpoint."""
    offline = Parser(load())
    llm = config.llm
    if llm.mode == "offline" or not llm.base_url:
        return offline
    endpoint = Endpoint(
        base_url=llm.base_url,
        model=llm.model or "default",
        api_key=llm.api_key or "none",
        wire=cast(Wire, llm.wire),
        timeout_s=llm.timeout_s,
    )
    return ModelParser(endpoint, offline, cast(Mode, llm.mode))
