"""The table of syscalls/README.md: every call and test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lsfs_syscalls.calls.table import CALLS

ROOT = Path(__file__).parents[2]
README = (ROOT / "syscalls" / "README.md").read_text(encoding="utf-8")
TESTS = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", README))))
def test_a_test_that_the_readme_names_is_there(name: str) -> None:
    assert f"def {name}(" in TESTS


@pytest.mark.parametrize("call", sorted(CALLS))
def test_every_call_is_named_in_the_readme(call: str) -> None:
    assert re.search(rf"`{call}\b|`lsfs {call}\b|[ ,]`{call}`", README)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:lsfs|tests|prompts|run|calls)[\w/]*/[\w/]+(?:\.\w+)?)/?`", README)))
)
def test_a_path_that_the_readme_names_is_there(path: str) -> None:
    assert any((base / path).exists() for base in (ROOT, ROOT / "syscalls", ROOT / "syscalls" / "lsfs_syscalls"))
