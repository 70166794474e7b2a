"""kill -9 of the mount and of the engine while programs write (a writer of our own, `fio --verify`, `tar -x`).

No content that was closed is lost, none is mixed up.
"""

from __future__ import annotations

import base64
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lsfs.engine.places import is_mounted
from lsfs.errors import LsfsError, NotFound
from lsfs_syscalls.connect import Client
from lsfs_syscalls.lifecycle import down, up
from tests.mount.loads import WORK, Fio, Load, Tar
from tests.mount.rig import eventually

pytestmark = pytest.mark.fuse
FILES = 4
PAGE = 4096


class Writer:
    """Writes whole contents, one write a close, and remembers which closes succeeded.

    Attributes:
        closed: (file, content) of every close that succeeded.
        tried: contents that were begun.
    """

    def __init__(self, point: Path) -> None:
        self._point = point
        self._end = threading.Event()
        self.closed: list[tuple[str, str]] = []
        self.tried: set[str] = {""}
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def wrote(self, content: str) -> bool:
        """Tell whether a content was in a file at some time: a reader may see the first pages of a write under way."""
        return content in self.tried or (len(content) % PAGE == 0 and any(t.startswith(content) for t in self.tried))

    def _run(self) -> None:
        for i in range(10**9):
            if self._end.wait(0.002):
                return
            name = f"f{i % FILES}.txt"
            content = f"{name} {i:07d} " * (1 + i % 500) + "end"
            self.tried.add(content)
            try:
                if not self._point.is_mount():
                    continue
                self._write(self._point / WORK / name, content, over=i % 3 == 0)
            except OSError:
                continue
            self.closed.append((name, content))

    def _write(self, path: Path, content: str, *, over: bool) -> None:
        """Write in place, or as editors do: a temporary file renamed over."""
        target = path.with_suffix(".new") if over else path
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.write(fd, content.encode())
        finally:
            os.close(fd)
        if over:
            os.replace(target, path)


@pytest.fixture
def driver() -> str:
    """How to mount; a test may say otherwise."""
    return "native"


@pytest.fixture
def served(tmp_path: Path, driver: str) -> Iterator[tuple[Path, Path, dict[str, str]]]:
    root, point = tmp_path / "root", tmp_path / "point"
    (root / WORK).mkdir(parents=True)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("LSFS_")} | {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    environ["LSFS_MOUNT_DRIVER"] = driver
    up(str(root), str(point), state=None, environ=environ)
    yield root, point, environ
    with suppress(LsfsError):
        down(Client.find(root=str(root), state=None, environ=environ))
    while is_mounted(point):
        subprocess.run(["umount", "-l", str(point)], check=True)


def kill(client: Client, which: str) -> None:
    status = client.status()
    pid = int(status["pid"]) if which == "engine" else int(status["mounts"][0]["pid"])
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text())


def recorded(client: Client, names: Iterable[str]) -> dict[str, list[bytes]]:
    """Return the contents that each name had in any of the histories, the newest last.

    A kill leaves the comparison of disk and tables alone with inode numbers, and a number that was given to another file
    meanwhile makes one history of two: what was in a file is looked for under its name, in whichever history that is. What the
    history of a name has from the moment in which it was `.new` is the name's as well.
    """
    found: dict[str, dict[tuple[str, int], bytes]] = {}
    for name in names:
        for v in _versions(client, name):
            with suppress(NotFound):  # removed, or known to have been and said to be missed: an honest gap
                read = client.call("read", {"path": name, "version": v["version"]})
                content = str(read["content"])
                data = base64.b64decode(content) if read["encoding"] == "base64" else content.encode()
                path = name if v["path"] == str(Path(name).with_suffix(".new")) else v["path"]
                found.setdefault(path, {})[v["time"], int(v["version"])] = data
    return {path: [contents[k] for k in sorted(contents)] for path, contents in found.items()}


def _versions(client: Client, name: str) -> list[dict[str, Any]]:
    try:
        return list(client.call("history", {"path": name})["versions"])
    except NotFound:
        return []


def survives(served: tuple[Path, Path, dict[str, str]], kills: int, seed: int) -> None:
    root, point, environ = served
    client = Client.find(root=str(root), state=None, environ=environ)
    rng, writer = random.Random(seed), Writer(point)
    loads: list[Load] = [Fio(point, root), Tar(point, root.parent / "tree.tar")]
    writer.start()
    for load in loads:
        load.start()
    try:
        for _ in range(kills):
            time.sleep(rng.uniform(0.05, 0.4))  # the moment of the kill is what is random here
            kill(client, rng.choice(["engine", "mount"]))
            up(str(root), str(point), state=None, environ=environ)
        eventually(lambda: all(load.complete for load in loads), 60.0)
    finally:
        writer.stop()
        for load in loads:
            load.stop()
    assert client.wait(120.0, vectors=False)
    assert len(writer.closed) > 10 * kills
    names = [f"{WORK}/f{i}.txt" for i in range(FILES)]
    contents = recorded(client, [*names, *(name for load in loads for name in load.names())])
    assert [(load.said, load.wrong(contents)) for load in loads] == [([], [])] * 2
    have = {f"f{i}.txt": {c.decode() for c in contents.get(f"{WORK}/f{i}.txt", [])} for i in range(FILES)}
    lost = [(name, content[:20]) for name, content in writer.closed if content not in have[name]]
    mixed = [
        (name, content[:60])
        for name, versions in have.items()
        for content in versions
        if not writer.wrote(content) or not content.startswith(name[: len(content)])
    ]
    assert (lost, mixed) == ([], [])


@pytest.mark.timeout(300)
def test_ten_kills_lose_and_mix_nothing(served: tuple[Path, Path, dict[str, str]]) -> None:
    survives(served, 10, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_kills_lose_and_mix_nothing(served: tuple[Path, Path, dict[str, str]]) -> None:
    survives(served, 100, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("driver", ["mfusepy", "fusepy"])
def test_ten_kills_lose_and_mix_nothing_on_the_portable_driver(served: tuple[Path, Path, dict[str, str]]) -> None:
    survives(served, 10, seed=3)
