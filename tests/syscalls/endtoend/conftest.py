"""A real engine process on a root of its own, and the command line as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import LsfsError
from lsfs_syscalls.connect import Client
from lsfs_syscalls.lifecycle import down, up


@dataclass(frozen=True, slots=True)
class Served:
    """A root that is served."""

    root: Path
    environ: dict[str, str]

    @property
    def client(self) -> Client:
        return Client.find(root=str(self.root), state=None, environ=self.environ)

    def lsfs(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command line as a user's shell would, without a terminal."""
        command = [sys.executable, "-m", "lsfs_syscalls.cli.main", *words]
        return subprocess.run(
            command, cwd=self.root, env=self.environ, input=stdin, capture_output=True, text=True, timeout=100, check=False
        )

    def json(self, *words: str) -> Any:
        """Run the command line with --json and return what it printed."""
        done = self.lsfs(*words, "--json")
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def call(self, syscall: str, **args: Any) -> dict[str, Any]:
        """Run one call, agreed to."""
        return self.client.call(syscall, args, consent=True)

    def write(self, path: str, text: str) -> Path:
        """Write a file behind our back, as any program does."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def settle(self, *, vectors: bool = False) -> None:
        """Wait until everything is recorded and found by words."""
        assert self.client.wait(60.0, vectors=vectors)


def serve(root: Path, **variables: str) -> Served:
    """Start an engine for a root, with these variables in its environment."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("LSFS_")} | variables
    environ["XDG_CONFIG_HOME"] = str(root.parent / "config")
    up(str(root), None, state=None, environ=environ)
    return Served(root, environ)


def eventually(is_so: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return is_so()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One engine for the tests of a module; each test works in a folder of its own."""
    root = tmp_path_factory.mktemp("served") / "root"
    root.mkdir()
    one = serve(root)
    yield one
    with suppress(LsfsError):
        down(one.client)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """An engine for one test."""
    root = tmp_path / "root"
    root.mkdir()
    one = serve(root)
    yield one
    with suppress(LsfsError):
        down(one.client)
