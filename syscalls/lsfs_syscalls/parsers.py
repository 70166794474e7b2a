"""Which parser reads a prompt: the offline one, with its trained model."""

from __future__ import annotations

from lsfs.config import Config
from lsfs_syscalls.parse.parser import Parser


def make_parser(_: Config) -> Parser:
    """Return the parser that the configuration asks for."""
    return Parser()
