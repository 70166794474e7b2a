"""The parser with its model, once for the tests of a module, and the plan of a prompt as names and arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from lsfs_syscalls.parse.model import load
from lsfs_syscalls.parse.parser import Parser

NOW = datetime(2026, 11, 23, 12, 0, 0)
Steps = Callable[[str], list[tuple[str, dict[str, Any]]]]


@pytest.fixture(scope="session")
def parser() -> Parser:
    return Parser(load())


@pytest.fixture(scope="session")
def steps(parser: Parser) -> Steps:
    """What gives the steps of a prompt, which must be no question."""

    def read(prompt: str) -> list[tuple[str, dict[str, Any]]]:
        plan = parser.parse(prompt, NOW)
        assert plan.clarify is None, plan.clarify
        return [(type(s).syscall, s.to_json()) for s in plan.steps]

    return read
