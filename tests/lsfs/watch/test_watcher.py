"""The watcher: every change leads to a hint for it or for a folder above."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.watch.watcher import Hint, Watcher


class Hints:
    """Collects hints and waits for those that cover a path."""

    def __init__(self) -> None:
        self.all: list[Hint] = []
        self._changed = threading.Condition()

    def __call__(self, batch: list[Hint]) -> None:
        with self._changed:
            self.all += batch
            self._changed.notify_all()

    def covered(self, path: bytes) -> bool:
        return any(h.path == path or (h.subtree and (not h.path or path.startswith(h.path + b"/"))) for h in self.all)

    def wait(self, done: Callable[[], bool], timeout_s: float = 20.0) -> bool:
        with self._changed:
            return self._changed.wait_for(done, timeout_s)

    def forget(self) -> None:
        with self._changed:
            self.all.clear()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / ".lsfs").mkdir(parents=True)
    return tmp_path / "root"


@pytest.fixture
def hints(root: Path) -> Iterator[Hints]:
    collected = Hints()
    watcher = Watcher(root, collected, skip=lambda p: p.split(b"/")[0] == b".lsfs")
    watcher.start()
    assert collected.wait(lambda: collected.covered(b"anything"))
    collected.forget()
    yield collected
    watcher.stop()


def test_it_begins_with_a_compare_of_the_whole_tree(root: Path) -> None:
    collected = Hints()
    watcher = Watcher(root, collected, skip=lambda p: False)
    watcher.start()
    assert collected.wait(lambda: Hint(b"", subtree=True) in collected.all)  # type: ignore[arg-type]
    watcher.stop()


@pytest.mark.parametrize("name", [b"plain.txt", b"with blank", b"new\nline", b"\xff\xfe", "ünï".encode()])
def test_a_new_file_of_any_name_is_hinted_at(root: Path, hints: Hints, name: bytes) -> None:
    with open(os.path.join(os.fsencode(root), name), "w") as f:
        f.write("x")
    assert hints.wait(lambda: hints.covered(name))


def test_a_write_a_truncation_and_a_deletion_are_hinted_at(root: Path, hints: Hints) -> None:
    file = root / "f"
    for change in (lambda: file.write_text("1"), lambda: os.truncate(file, 0), file.unlink):
        change()
        assert hints.wait(lambda: hints.covered(b"f"))
        hints.forget()


def test_a_rename_comes_with_the_old_path(root: Path, hints: Hints) -> None:
    (root / "a").write_text("x")
    assert hints.wait(lambda: hints.covered(b"a"))
    hints.forget()
    os.rename(root / "a", root / "b")
    assert hints.wait(lambda: any(h.path == b"b" and h.old_path == b"a" for h in hints.all))


def test_a_folder_that_is_moved_in_is_looked_at_as_a_whole_and_watched(root: Path, hints: Hints, tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    os.rename(tmp_path / "out", root / "in")
    assert hints.wait(lambda: hints.covered(b"in/deep"))
    hints.forget()
    (root / "in" / "deep" / "f").write_text("x")
    assert hints.wait(lambda: hints.covered(b"in/deep/f"))


def test_a_folder_that_leaves_is_hinted_at(root: Path, hints: Hints, tmp_path: Path) -> None:
    (root / "d").mkdir()
    assert hints.wait(lambda: hints.covered(b"d"))
    hints.forget()
    os.rename(root / "d", tmp_path / "gone")
    assert hints.wait(lambda: hints.covered(b"d"))


def test_files_in_folders_that_have_just_been_made_are_covered(root: Path, hints: Hints) -> None:
    for i in range(50):
        (root / f"d{i}" / "e").mkdir(parents=True)
        (root / f"d{i}" / "e" / "f").write_text("x")
    assert hints.wait(lambda: all(hints.covered(b"d%d/e/f" % i) for i in range(50)))


def test_the_state_directory_gives_no_hints(root: Path, hints: Hints) -> None:
    (root / ".lsfs" / "catalogue.db").write_text("x")
    (root / "marker").write_text("x")
    assert hints.wait(lambda: hints.covered(b"marker"))
    assert not any(h.path.startswith(b".lsfs") for h in hints.all)


def burst(root: Path, hints: Hints, n: int) -> None:
    (root / "burst").mkdir()
    begin = time.monotonic()
    for i in range(n):
        os.close(os.open(root / "burst" / str(i), os.O_CREAT | os.O_WRONLY))
    names = [b"burst/%d" % i for i in range(n)]

    def complete() -> bool:
        single = {h.path for h in hints.all}
        return any(h.subtree and h.path in (b"", b"burst") for h in hints.all[-1:]) or all(p in single for p in names)

    assert hints.wait(complete, 60.0), f"incomplete after {time.monotonic() - begin:.0f} s"


def test_a_burst_of_creates_ends_complete(root: Path, hints: Hints) -> None:
    burst(root, hints, 3_000)


@pytest.mark.slow
def test_a_burst_of_fifty_thousand_creates_ends_complete(root: Path, hints: Hints) -> None:
    burst(root, hints, 50_000)
