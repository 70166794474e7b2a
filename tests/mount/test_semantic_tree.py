"""The folder `.lsfs` in the mount: what the engine says becomes files, folders and links, and no program waits long for it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.mount.rig import Rig, eventually, mounted
from tests.mount.semantics import README, Engine

pytestmark = pytest.mark.fuse


def test_it_is_reachable_by_name_and_not_listed(rig: Rig, engine: Engine) -> None:
    (rig.point / "f").touch()
    assert sorted(os.listdir(rig.point)) == ["docs", "f"]
    assert "search" in os.listdir(rig.point / ".lsfs")
    found = subprocess.run(["find", str(rig.point)], capture_output=True, text=True, check=True).stdout
    assert ".lsfs" not in found


def test_a_result_is_a_link_that_leads_to_the_file_inside_the_mount(rig: Rig, engine: Engine) -> None:
    folder = rig.point / ".lsfs" / "search" / "some query"
    assert sorted(os.listdir(folder)) == ["01 a.txt", "README.md"]
    assert (folder / "01 a.txt").read_text() == "the result"
    assert (folder / "01 a.txt").resolve() == (rig.point / "docs" / "a.txt").resolve()
    assert (folder / "01 a.txt").lstat().st_mtime_ns == 5_000_000_007
    assert (folder / "README.md").read_bytes() == README


def test_results_can_be_packed_and_edited_like_any_file(rig: Rig, engine: Engine, tmp_path: Path) -> None:
    folder = rig.point / ".lsfs" / "search" / "q"
    subprocess.run(["tar", "-chf", str(tmp_path / "t.tar"), "-C", str(folder), "."], check=True)
    listed = subprocess.run(["tar", "-tvf", str(tmp_path / "t.tar")], capture_output=True, text=True, check=True).stdout
    assert "10 " in listed
    with (folder / "01 a.txt").open("a") as f:
        f.write(", edited")
    assert (rig.plain / "docs" / "a.txt").read_text() == "the result, edited"


def test_looking_a_query_up_does_not_list_it(rig: Rig, engine: Engine) -> None:
    assert (rig.point / ".lsfs" / "search" / "only looked up").is_dir()
    assert not (rig.point / ".lsfs" / "search" / ".hidden").exists()
    assert [op for op, _ in engine.asked if op == "list"] == []


def test_reading_a_folder_with_attributes_asks_one_question(rig: Rig, engine: Engine) -> None:
    with os.scandir(rig.point / ".lsfs" / "search" / "q") as it:
        assert sum(e.stat(follow_symlinks=False).st_size for e in it) == len(README) + 19
    assert engine.asked[0] == ("list", b"search/q")


def test_a_file_of_the_past_is_read_whole_and_cannot_be_written(rig: Rig, engine: Engine) -> None:
    path = rig.point / ".lsfs" / "history" / "0001"
    assert path.read_bytes() == b"old content " * 25_000
    for attempt in (lambda: path.open("w"), path.unlink, lambda: path.rename(rig.point / "x"), lambda: path.chmod(0o777)):
        with pytest.raises(OSError) as e:
            attempt()
        assert e.value.errno in (errno.EROFS, errno.EXDEV, errno.EPERM, errno.EACCES)
    with pytest.raises(OSError):
        os.link(path, rig.point / "linked")


def test_what_the_engine_makes_anew_is_read_anew(rig: Rig, engine: Engine) -> None:
    path = rig.point / ".lsfs" / "status"
    assert path.read_bytes() == b"{}\n"
    engine.status = b'{"longer": true}\n'
    assert path.read_bytes() == engine.status
    engine.status = b""
    assert path.read_bytes() == b""


def test_mkdir_saves_a_search_and_rmdir_removes_it(rig: Rig, engine: Engine) -> None:
    (rig.point / ".lsfs" / "saved" / "flash papers").mkdir()
    assert os.listdir(rig.point / ".lsfs" / "saved") == ["flash papers"]
    (rig.point / ".lsfs" / "saved" / "flash papers").rmdir()
    assert os.listdir(rig.point / ".lsfs" / "saved") == []
    with pytest.raises(PermissionError):
        (rig.point / ".lsfs" / "search" / "q" / "new").mkdir()


def test_tags_are_an_extended_attribute_that_the_engine_keeps(rig: Rig, engine: Engine) -> None:
    path = rig.point / "docs" / "a.txt"
    with pytest.raises(OSError) as e:
        os.getxattr(path, "user.lsfs.tags")
    assert e.value.errno == errno.ENODATA
    os.setxattr(path, "user.lsfs.tags", b"red,green")
    assert os.getxattr(path, "user.lsfs.tags") == b"red,green"
    assert os.listxattr(path) == []
    assert os.listxattr(rig.plain / "docs" / "a.txt") == []
    with pytest.raises(OSError) as e:
        os.setxattr(path, "user.lsfs.version", b"3")
    assert e.value.errno == errno.EINVAL
    os.removexattr(path, "user.lsfs.tags")
    assert engine.tags == {}


def test_a_slow_listing_says_so_in_time_and_is_there_a_moment_later(rig: Rig, engine: Engine) -> None:
    folder = rig.point / ".lsfs" / "search" / "slow"
    engine.release.clear()
    begin = time.monotonic()
    assert os.listdir(folder) == ["README.md"]
    assert time.monotonic() - begin < 1.5
    assert "still searching" in (folder / "README.md").read_text()
    (rig.point / "written meanwhile").write_text("file I/O goes on")
    engine.release.set()
    eventually(lambda: "01 a.txt" in os.listdir(folder))
    eventually(lambda: (folder / "README.md").read_bytes() == README)


def test_a_program_killed_while_it_waits_for_the_engine_goes_and_the_mount_goes_on(rig: Rig, engine: Engine) -> None:
    engine.release.clear()
    reader = subprocess.Popen(["ls", str(rig.point / ".lsfs" / "search" / "killed")], stdout=subprocess.DEVNULL)
    eventually(lambda: ("list", b"search/killed") in engine.asked)
    reader.kill()
    assert reader.wait(5) in (-9, 0)  # it may have been answered first
    (rig.point / "written meanwhile").write_text("goes on")
    engine.release.set()
    eventually(lambda: "01 a.txt" in os.listdir(rig.point / ".lsfs" / "search" / "killed"))


def test_two_readers_of_a_slow_folder_ask_once(rig: Rig, engine: Engine) -> None:
    engine.release.clear()
    folder = rig.point / ".lsfs" / "search" / "shared"
    readers = [threading.Thread(target=os.listdir, args=(folder,)) for _ in range(4)]
    for r in readers:
        r.start()
    for r in readers:
        r.join()
    assert engine.asked.count(("list", b"search/shared")) == 1
    engine.release.set()


def test_without_an_engine_the_root_is_still_told_and_file_io_goes_on(rig: Rig) -> None:
    assert (rig.point / ".lsfs" / "root").read_text().splitlines() == [str(rig.plain), "00112233445566ff", str(rig.state)]
    assert "search" in os.listdir(rig.point / ".lsfs")
    assert "does not answer" in (rig.point / ".lsfs" / "README.md").read_text()
    assert os.listdir(rig.point / ".lsfs" / "search" / "q") == ["README.md"]
    assert "does not answer" in (rig.point / ".lsfs" / "search" / "q" / "README.md").read_text()
    (rig.point / "f").write_text("goes on")
    assert (rig.plain / "f").read_text() == "goes on"


def test_the_state_in_the_root_is_hidden_and_cannot_be_touched(tmp_path: Path) -> None:
    (tmp_path / "plain" / ".lsfs").mkdir(parents=True)
    (tmp_path / "plain" / ".lsfs" / "catalogue.db").write_text("ours")
    with mounted(tmp_path) as rig:
        assert os.listdir(rig.point) == []
        assert not (rig.point / ".lsfs" / "catalogue.db").exists()
        attempts: list[Any] = [
            (rig.point / ".lsfs").rmdir,
            lambda: (rig.point / ".lsfs").rename(rig.point / "x"),
            lambda: (rig.point / ".lsfs" / "new").write_text(""),
        ]
        (rig.point / "d").mkdir()
        attempts.append(lambda: (rig.point / "d").rename(rig.point / ".lsfs"))
        for attempt in attempts:
            with pytest.raises(OSError):
                attempt()
        assert json.dumps(os.listdir(rig.plain / ".lsfs")) == '["catalogue.db"]'
