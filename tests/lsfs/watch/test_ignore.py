"""Ignore files keep paths out of the index as git would."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsfs.watch.ignore import IgnoreRules


@pytest.fixture
def rules(tmp_path: Path) -> IgnoreRules:
    (tmp_path / "src").mkdir()
    (tmp_path / ".gitignore").write_text("*.log\n/build/\n!keep.log\n")
    (tmp_path / "src" / ".lsfsignore").write_text("!wanted.log\nsecret*\n")
    return IgnoreRules(tmp_path, [".gitignore", ".ignore", ".lsfsignore"])


@pytest.mark.parametrize(
    "path", [b"a.log", b"deep/er/b.log", b"build/x.c", b"src/secret.txt", b".git/config", b"x/node_modules/y.js"]
)
def test_an_ignored_path_comes_with_its_reason(rules: IgnoreRules, path: bytes) -> None:
    assert rules.reason(path)


@pytest.mark.parametrize(
    "path", [b"a.txt", b"keep.log", b"src/wanted.log", b"src/build/x.c", b"\xff.txt", b".gitignore", b"git"]
)
def test_every_other_path_is_indexed(rules: IgnoreRules, path: bytes) -> None:
    assert rules.reason(path) is None


def test_a_changed_ignore_file_holds_at_once(rules: IgnoreRules, tmp_path: Path) -> None:
    assert rules.reason(b"a.txt") is None
    (tmp_path / ".ignore").write_text("*.txt\n")
    assert rules.reason(b"a.txt")
