"""In a folder of the root a path on the command line is what the shell completes it to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import Ambiguous
from lsfs_syscalls.calls.table import CALLS
from lsfs_syscalls.cli.here import meant


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a root, in which the test is."""
    (tmp_path / "root/.lsfs").mkdir(parents=True)
    (tmp_path / "root/.lsfs/format").write_text("lsfs 1\n")
    folder = tmp_path / "root/docs"
    (folder / "inner").mkdir(parents=True)
    for name in ("docs/here", "docs/both", "both", "top", "docs/inner/deep"):
        (tmp_path / "root" / name).write_text(name)
    monkeypatch.chdir(folder)
    return folder


def at(
    syscall: str, environ: dict[str, str] | None = None, *, given: dict[str, Any] | None = None, **args: Any
) -> dict[str, Any]:
    """Return the arguments that a call has in the end, but for those with their default."""
    call = CALLS[syscall].from_json(args)
    return dict(meant(call, argparse.Namespace(**(given or {})), environ or {}).to_json())


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("here", "docs/here"),
        ("inner/deep", "docs/inner/deep"),
        ("top", "top"),
        ("docs/here", "docs/here"),  # as an answer names it
        ("docs/both", "docs/both"),
        ("new", "docs/new"),
        ("inner/new", "docs/inner/new"),
        ("docs/new", "docs/new"),
        ("./both", "docs/both"),
        ("../both", "both"),
        ("../docs/inner/../here", "docs/here"),
        ("..", "."),
        (".", "docs"),
        ("../../elsewhere", "../elsewhere"),  # which is refused where it is looked for
    ],
)
def test_a_path_is_from_the_folder_one_is_in_unless_it_is_only_at_the_top(docs: Path, typed: str, path: str) -> None:
    assert at("read", path=typed)["path"] == path


@pytest.mark.usefixtures("docs")
def test_a_path_that_is_there_in_both_ways_is_asked_about() -> None:
    with pytest.raises(Ambiguous, match=r"both is in this folder and at the top of the root; write \./both or \.\./both") as e:
        at("delete", path="both")
    assert e.value.candidates == ["docs/both", "both"]


def test_absolute_paths_and_results_of_steps_are_left_alone(docs: Path) -> None:
    assert at("read", path=str(docs / "both"))["path"] == str(docs / "both")
    assert at("group_by", files="$1", key="size")["files"] == "$1"


@pytest.mark.usefixtures("docs")
def test_every_path_of_a_call_is_meant_so() -> None:
    args = at("move", files=["here", "top"], to="inner")
    assert (args["files"], args["to"]) == (["docs/here", "top"], "docs/inner")
    assert at("move", path="here", to="new")["to"] == "docs/new"


@pytest.mark.usefixtures("docs")
def test_a_listing_without_a_folder_is_of_the_one_that_one_is_in() -> None:
    assert at("list")["under"] == "docs"
    assert not at("list", given={"json": True}).get("under")


@pytest.mark.usefixtures("docs")
@pytest.mark.parametrize(("typed", "path"), [("both", "both"), ("here", "here"), ("./both", "docs/both"), ("../both", "both")])
def test_in_a_programs_call_only_a_path_with_a_dot_is_from_there(typed: str, path: str) -> None:
    assert at("read", given={"json": True}, path=typed)["path"] == path


@pytest.mark.parametrize(("given", "environ"), [({"root": "x"}, {}), ({"state": "x"}, {}), ({}, {"LSFS_ROOT": "x"})])
@pytest.mark.usefixtures("docs")
def test_where_the_root_is_named_paths_are_from_its_top(given: dict[str, Any], environ: dict[str, str]) -> None:
    assert at("read", environ, given=given, path="./both")["path"] == "./both"
    assert at("read", environ, given=given, path="here")["path"] == "here"


def test_at_the_top_and_outside_of_any_root_nothing_is_changed(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (docs.parent, docs.parent.parent):
        monkeypatch.chdir(folder)
        assert at("read", path="./here")["path"] == "./here"


@pytest.mark.usefixtures("docs")
@pytest.mark.parametrize(("typed", "path"), [("/a/b", "/a/b"), ("~/b", "~/b"), ("here", "docs/here"), ("../../out", "../out")])
def test_what_is_taken_in_may_be_anywhere(typed: str, path: str) -> None:
    assert at("create", path="new", source=typed)["source"] == path
