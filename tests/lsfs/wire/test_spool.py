"""The spool and the set of stored states."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.wire.captured import Captured, key, write_snapshot
from lsfs.wire.spool import Spool


def content(spool: Spool, name: bytes) -> bytes:
    fd = spool.open(name)
    with open(fd, "rb") as f:
        return f.read()


def test_a_linked_inode_keeps_its_content_after_its_last_name_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"old")
    spool = Spool(tmp_path / "spool")
    fd = os.open(file, os.O_PATH)
    name = spool.add_link(fd, os.fstat(fd))
    os.close(fd)
    file.unlink()
    assert content(spool, name) == b"old"


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_a_copy_keeps_the_content_that_is_overwritten(tmp_path: Path, size: int) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x" * size)
    spool = Spool(tmp_path / "spool")
    with file.open("rb+") as f:
        name = spool.add_copy(f.fileno(), os.fstat(f.fileno()))
        f.write(b"new content")
    assert content(spool, name) == b"x" * size


def test_the_same_state_can_be_set_aside_twice(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"old")
    spool = Spool(tmp_path / "spool")
    with file.open("rb") as f:
        names = {spool.add_copy(f.fileno(), os.fstat(f.fileno())) for _ in range(3)}
    assert len(names) == 3


def test_a_file_that_no_record_announces_is_found(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"old")
    spool = Spool(tmp_path / "spool")
    with file.open("rb") as f:
        a, b = (spool.add_copy(f.fileno(), os.fstat(f.fileno())) for _ in range(2))
    assert spool.orphans([a]) == [b]
    spool.drop([a, b, b"gone"])
    assert spool.orphans([]) == []


STATE = st.tuples(*[st.integers(0, 2**63 - 1)] * 4)


@given(st.lists(STATE, max_size=50, unique=True), st.lists(STATE, max_size=20, unique=True))
def test_exactly_the_stored_states_are_known(tmp_path_factory: pytest.TempPathFactory, first: list[tuple[int, int, int, int]],
                                             later: list[tuple[int, int, int, int]]) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("c") / "captured"
    write_snapshot(path, (key(*s) for s in first))
    captured = Captured(path)
    captured.add(key(*s) for s in later)
    assert all(captured.holds(*s) for s in [*first, *later])
    known = set(first) | set(later)
    assert not any(captured.holds(a, b, c, d + 1) for a, b, c, d in known if (a, b, c, d + 1) not in known)


@pytest.mark.parametrize("data", [b"", b"LSFSCAP1", b"garbage" * 9, b"LSFSCAP1" + b"\xff" * 24])
def test_a_missing_or_damaged_snapshot_holds_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "c").write_bytes(data)
    assert len(Captured(tmp_path / "c")) == 0
    assert len(Captured(tmp_path / "none")) == 0
