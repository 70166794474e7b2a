"""A root with an engine and a mount, for the tests of what a user sees in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsfs.errors import LsfsError
from lsfs_syscalls.lifecycle import down, up
from tests.syscalls.endtoend.conftest import Served


@dataclass(frozen=True, slots=True)
class Mounted:
    """A root and its mount."""

    served: Served
    mount: Path

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the mount."""
        return subprocess.run(["sh", "-c", command], cwd=self.mount, capture_output=True, text=True, timeout=60, check=False)


def mounted_at(base: Path, mountpoint: Path, root: Path, driver: str = "auto", **more: str) -> Mounted:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("LSFS_")} | {"XDG_CONFIG_HOME": str(base / "config")}
    environ |= {"LSFS_MOUNT_DRIVER": driver} | more
    up(str(root), str(mountpoint), state=None, environ=environ)
    return Mounted(Served(root, environ), mountpoint)


@pytest.fixture
def driver() -> str:
    """How to mount; a test may say otherwise."""
    return "native"


@pytest.fixture
def fresh(tmp_path: Path, driver: str) -> Iterator[Mounted]:
    """A mount for one test."""
    (tmp_path / "root").mkdir()
    (tmp_path / "mount").mkdir()
    one = mounted_at(tmp_path, tmp_path / "mount", tmp_path / "root", driver)
    yield one
    with suppress(LsfsError):
        down(one.served.client)
    subprocess.run(["umount", "-l", str(one.mount)], capture_output=True, check=False)


@pytest.fixture(scope="module", params=["native", "mfusepy", "fusepy"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    """A mount for the tests of the module; each works in a folder of its own."""
    base = tmp_path_factory.mktemp("mounted")
    (base / "root").mkdir()
    (base / "mount").mkdir()
    one = mounted_at(base, base / "mount", base / "root", request.param)
    yield one
    with suppress(LsfsError):
        down(one.served.client)
    subprocess.run(["umount", "-l", str(one.mount)], capture_output=True, check=False)


def contents(m: Mounted, path: str) -> list[str]:
    """Return the contents of every version of a file that has one, oldest first."""
    found = m.served.call("history", path=path)["versions"]
    kept = [v["version"] for v in reversed(found) if not v["deleted"] and v.get("state") != "missed"]
    return [m.served.call("read", path=path, version=n)["content"] for n in kept]
