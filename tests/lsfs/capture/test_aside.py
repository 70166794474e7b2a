"""Files that lsfs removed are kept for a while: exactly as they were, never for long, never where room is short."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.capture import aside as module
from lsfs.capture.aside import Aside, appear


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.005)
    return true()


class Place:
    """A folder of the user's, and what is kept of it."""

    def __init__(self, top: Path) -> None:
        self.folder = top / "folder"
        self.folder.mkdir()
        self.kept = top / "aside"
        self.fd = os.open(self.folder, os.O_RDONLY)
        self.aside = Aside()
        self.aside.open(os.fsencode(self.kept), top.stat().st_dev)

    def make(self, name: str, content: bytes = b"content") -> os.stat_result:
        (self.folder / name).write_bytes(content)
        return (self.folder / name).stat()

    def keep(self, name: str, vid: int, content: bytes = b"content") -> os.stat_result:
        made = self.make(name, content)
        assert self.aside.keep(self.fd, name.encode(), vid, made, name.encode())
        return made

    def take(self, vid: int, name: str) -> bool:
        found = self.aside.take(vid)
        if found is not None:
            appear(found.folder, found.name, self.fd, name.encode())
        return found is not None


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.aside.close()
    os.close(made.fd)


def test_a_kept_file_comes_back_as_the_same_inode(place: Place) -> None:
    was = place.keep("a", 7)
    assert os.listdir(place.folder) == []
    assert place.take(7, "b")
    now = (place.folder / "b").stat()
    assert (now.st_ino, now.st_mtime_ns) == (was.st_ino, was.st_mtime_ns)
    assert (place.folder / "b").read_bytes() == b"content"
    assert not place.take(7, "c"), "it is given once"


def test_a_file_that_a_program_wrote_into_meanwhile_is_not_given_back(place: Place) -> None:
    made = place.make("a")
    with (place.folder / "a").open("r+b") as held:
        assert place.aside.keep(place.fd, b"a", 7, made, b"a")
        held.write(b"other")
    assert not place.take(7, "a")
    assert os.listdir(place.kept) == []


def test_a_file_that_is_not_what_was_looked_at_stays_where_it_is(place: Place) -> None:
    before = place.make("a")
    place.make("new", b"somebody has saved this just now")
    os.rename(place.folder / "new", place.folder / "a")
    with pytest.raises(FileExistsError):
        place.aside.keep(place.fd, b"a", 7, before, b"a")
    assert (place.folder / "a").read_bytes() == b"somebody has saved this just now"
    assert not place.take(7, "b")


def test_the_oldest_go_when_the_room_is_used_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 3 * 4096)
    for n in range(5):
        place.keep(f"f{n}", n)
    assert [n for n in range(5) if place.take(n, f"f{n}")] == [2, 3, 4]


def test_nothing_is_kept_where_room_is_short(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARE_OF_FREE", 1 << 60)
    made = place.make("a")
    assert not place.aside.keep(place.fd, b"a", 7, made, b"a")
    assert (place.folder / "a").exists(), "its caller removes it"


def test_nothing_is_kept_on_another_file_system(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    folder = os.open(tmp_path, os.O_RDONLY)
    other = Aside()
    try:
        other.open(os.fsencode(tmp_path / "aside"), device=-1)
        assert not other.keep(folder, b"a", 7, (tmp_path / "a").stat(), b"a")
    finally:
        other.close()
        os.close(folder)


def test_what_is_kept_goes_by_itself_and_so_does_the_thread(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_S", 0.1)
    others = set(threading.enumerate())
    for n in range(3):
        place.keep(f"f{n}", n)
    assert eventually(lambda: os.listdir(place.kept) == [])
    assert eventually(lambda: not any(t.name == "aside" for t in set(threading.enumerate()) - others))


def test_what_a_killed_process_kept_is_gone_at_the_next_start(place: Place) -> None:
    place.keep("a", 7)
    later = Aside()
    later.open(os.fsencode(place.kept), place.kept.stat().st_dev)
    (left,) = later.left()
    assert (left.purpose, left.was_kept) == (b"a", True)
    later.remove_left()
    assert later.left() == []
    assert os.listdir(place.kept) == []
    later.close()
    assert not place.take(7, "a")
