"""A semantic tree whose engine is slow or stopped: the past is whole or an error, questions are still folders."""

from __future__ import annotations

import errno
import os
import subprocess
import time

import pytest

from lsfs.wire.tree import is_question
from tests.mount.rig import Rig, eventually
from tests.mount.semantics import Engine

pytestmark = pytest.mark.fuse


@pytest.mark.parametrize("folder", ["at/now/docs", "history"])
def test_a_listing_of_the_past_that_is_not_answered_is_an_error(rig: Rig, engine: Engine, folder: str) -> None:
    path = rig.point / ".lsfs" / folder
    held = os.open(path, os.O_RDONLY)
    whole = sorted(os.listdir(path))
    engine.release.clear()
    with pytest.raises(BlockingIOError):
        os.listdir(held)
    os.close(held)
    engine.release.set()
    eventually(lambda: sorted(os.listdir(path)) == whole)


def test_a_readme_of_the_past_is_not_replaced_by_one_of_ours(rig: Rig) -> None:
    with pytest.raises(BlockingIOError):
        (rig.point / ".lsfs" / "at" / "now" / "docs" / "README.md").stat()


def test_a_slow_listing_of_the_past_is_waited_for(rig: Rig, engine: Engine) -> None:
    engine.release.clear()
    slow = subprocess.Popen(["ls", rig.point / ".lsfs" / "at" / "now" / "docs"], stdout=subprocess.PIPE, text=True)
    eventually(lambda: ("list", b"at/now/docs") in engine.asked)
    time.sleep(0.5)  # longer than a search is waited for
    engine.release.set()
    assert slow.communicate(timeout=10)[0] == "README.md\na.txt\n"


def test_the_folder_of_times_and_those_of_questions_say_what_is_wrong(rig: Rig) -> None:
    for folder in ("at", "search/q", "ask/p", "search/a/and/b", "search", "group"):
        assert os.listdir(rig.point / ".lsfs" / folder) == ["README.md"], folder
        assert "does not answer" in (rig.point / ".lsfs" / folder / "README.md").read_text()


def test_a_question_is_a_folder_at_once_while_the_engine_is_stopped(rig: Rig, engine: Engine) -> None:
    engine.awake.clear()
    begin = time.monotonic()
    for i in range(20):
        assert (rig.point / ".lsfs" / "search" / f"some words {i}" / "and" / "more").is_dir()
        assert (rig.point / ".lsfs" / "ask" / f"some words {i}").is_dir()
    assert time.monotonic() - begin < 1.0
    assert engine.asked == []


def test_an_attribute_that_cannot_be_set_now_says_so(rig: Rig) -> None:
    (rig.point / "f").write_text("x")
    with pytest.raises(OSError) as e:
        os.setxattr(rig.point / "f", "user.lsfs.tags", b"red")
    assert e.value.errno == errno.EBUSY


def test_what_is_a_question_by_its_form_alone() -> None:
    assert all(map(is_question, (b"search/a", b"search/a/and", b"search/a/and/b", b"ask/what is new")))
    others = (
        b"search",
        b"search/.x",
        b"search/README.md",
        b"search/and",
        b"search/a/01 x",
        b"ask/p/01 x",
        b"search/a/and/b/c",
        b"at/now",
    )
    assert not any(map(is_question, others))
