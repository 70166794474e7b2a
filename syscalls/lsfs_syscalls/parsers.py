"""Which parser reads a prompt: the offline one, with its trained model, or the one that asks a configured language model."""

from __future__ import annotations

from typing import cast

from lsfs.config import Config
from lsfs_syscalls.chat.choose import chat_of
from lsfs_syscalls.llm import Asking, Mode, ModelParser, PlanParser, Wire
from lsfs_syscalls.parse.model import load
from lsfs_syscalls.parse.parser import Parser


def make_parser(config: Config) -> PlanParser:
    """Return the parser that the configuration asks for; the offline one where there is no language model."""
    offline = Parser(load())
    chat = chat_of(config.llm)
    if chat is None:
        return offline
    return ModelParser(chat, offline, cast(Mode, config.llm.mode), Asking(wire=cast(Wire, config.llm.wire)))
