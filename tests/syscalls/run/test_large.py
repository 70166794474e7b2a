"""Texts too large to be compared as a whole: the difference is the one that a comparison as a whole finds."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.run import large
from lsfs_syscalls.run.comparing import unified
from lsfs_syscalls.run.large import between
from tests.syscalls.run.rig import EngineRig, running

LINES = st.lists(st.sampled_from(["a", "b", "", "same line", "é"]), max_size=40).map(lambda ls: "".join(f"{x}\n" for x in ls))
NAMES = ("old", "new")


@given(LINES, LINES, LINES, LINES, st.booleans(), st.integers(1, 50))
def test_it_is_the_difference_of_the_whole(head: str, old: str, new: str, tail: str, cut: bool, block: int) -> None:
    before, after = head + old + tail, head + new + tail[: -1 if cut else None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "_BLOCK", block)
        found = between(io.BytesIO(before.encode()), io.BytesIO(after.encode()))
    assert found.old is not None and found.new is not None
    assert found.added - found.removed == len(after.encode()) - len(before.encode())
    lines = before.splitlines(keepends=True)
    part = found.old.decode().splitlines(keepends=True)
    assert lines[found.line : found.line + len(part)] == part
    rebuilt = [*lines[: found.line], *found.new.decode().splitlines(keepends=True), *lines[found.line + len(part) :]]
    assert "".join(rebuilt) == after


def test_a_line_at_the_end_of_a_log_is_shown_with_its_number() -> None:
    before = "".join(f"line {n}\n" for n in range(1, 100_001))
    found = between(io.BytesIO(before.encode()), io.BytesIO((before + "one more\n").encode()))
    assert found.old is not None and found.new is not None
    assert found.line == 99_997
    whole = list(difflib.unified_diff(before.splitlines(True), [*before.splitlines(True), "one more\n"], *NAMES))
    assert unified(found.old.decode(), found.new.decode(), NAMES).splitlines(True)[3:] == whole[3:]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    with running(tmp_path_factory.mktemp("large")) as r:
        yield r


def test_too_much_in_between_is_counted() -> None:
    before = b"first\n" + b"a" * 5_000_000 + b"\nend\n"
    found = between(io.BytesIO(before), io.BytesIO(before.replace(b"a", b"b")))
    assert (found.old, found.new, found.line, found.removed, found.added) == (None, None, 1, 5_000_000, 5_000_000)


def test_versions_of_a_large_log_are_compared_and_its_beginning_summarised(rig: EngineRig) -> None:
    before = "The engine started and read its configuration.\n\n"
    before += "".join(f"2026-11-23 line {n} of a large log.\n" for n in range(3, 500_001))
    rig.write({"big.log": before})
    rig.write({"big.log": before + "And one more.\n"})
    answer = rig.call("diff", path="big.log")
    assert answer["summary"] == "1 line added, 0 removed"
    assert "@@ -499998,3 +499998,4 @@" in answer["diff"]
    assert "+And one more.\n" in answer["diff"]
    summary = rig.call("summarize", path="big.log", length="1 sentence")
    assert "of a large log" in summary["summary"]
    assert any("larger than the limit" in n for n in summary["notices"])
    assert any("alone" in n for n in summary["notices"])
