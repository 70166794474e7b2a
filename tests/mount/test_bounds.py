"""However many files are walked, what the mount holds of them is bounded: nodes, descriptors, memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mount.rig import Rig, eventually, mounted

pytestmark = pytest.mark.fuse
IN_A_FOLDER = 1000
MIB = 1 << 20


@dataclass(slots=True)
class Most:
    """The most that was seen."""

    nodes: int = 0
    descriptors: int = 0
    memory: int = 0

    def look(self, rig: Rig) -> None:
        pid = rig.process.pid
        self.nodes = max(self.nodes, rig.control.hello()["nodes"])
        self.descriptors = max(self.descriptors, len(os.listdir(f"/proc/{pid}/fd")))
        self.memory = max(self.memory, resident(pid))


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory: a million empty files in it are made and gone in seconds."""
    plain = tmp_path / "plain"
    plain.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=1100000", "tmpfs", str(plain)], check=True)
    yield plain
    subprocess.run(["umount", "-l", str(plain)], check=True)


def walk(rig: Rig) -> tuple[int, Most]:
    """Walk the mount as `find -ls` does; return how many names were seen, and the most that the mount held meanwhile."""
    most = Most()
    listing = rig.point.parent / "listing"
    with listing.open("wb") as out:
        find = subprocess.Popen(["find", str(rig.point), "-type", "f", "-ls"], stdout=out)
        while find.poll() is None:
            most.look(rig)
    assert find.returncode == 0
    with listing.open("rb") as f:
        return sum(1 for _ in f), most


def fill(plain: Path, folders: int) -> None:
    for i in range(folders):
        folder = plain / f"folder-{i}"
        folder.mkdir()
        for j in range(IN_A_FOLDER):
            os.mknod(f"{folder}/file-{j}")


def is_bounded(tmp_path: Path, plain: Path, folders: int, most_nodes: int, memory: int) -> None:
    fill(plain, folders)
    with mounted(tmp_path, "--most-nodes", str(most_nodes), plain=plain) as rig:
        before = resident(rig.process.pid)
        seen, most = walk(rig)
        assert seen == folders * IN_A_FOLDER
        eventually(lambda: rig.control.hello()["nodes"] <= most_nodes, 30.0)
    assert most.descriptors < 4096 + 200
    assert most.memory - before < memory
    assert most.nodes < 3 * most_nodes


@pytest.mark.timeout(180)
def test_a_walk_over_many_files_holds_few_of_them(tmp_path: Path, light: Path) -> None:
    is_bounded(tmp_path, light, folders=40, most_nodes=10_000, memory=40 * MIB)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_walk_over_a_million_files_takes_constant_memory(tmp_path: Path, light: Path) -> None:
    is_bounded(tmp_path, light, folders=1000, most_nodes=100_000, memory=200 * MIB)
