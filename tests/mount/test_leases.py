"""A program that holds a lease of a file in the root (as Samba does) keeps its openers waiting, and nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mount.rig import Rig

pytestmark = pytest.mark.fuse
HOLDER = """
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def leased(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Let a program hold a lease of a file until its standard input is closed."""
    words = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        assert holder.stdin is not None
        holder.stdin.close()


ACTS = {
    "assert open(p).read() == 'content'": "content",
    "open(p, 'a').write(', more')": "content, more",
    "open(p, 'w').write('new')": "new",
    "os.truncate(p, 3)": "con",
}
"""What a program does to the file `p`, and its content after that."""


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("act", ACTS)
def test_a_leased_file_keeps_its_opener_waiting_and_nobody_else(shared: Rig, fresh: str, act: str, *, known: bool) -> None:
    folder = shared.point / fresh
    folder.mkdir()
    (folder / "f").write_text("content")
    held = os.open(folder / "f", os.O_PATH) if known else -1
    if known:
        os.chmod(folder / "f", 0o600)  # the mount holds a descriptor of it now
    with leased(shared.plain / fresh / "f") as holder:
        opener = subprocess.Popen([sys.executable, "-c", f"import os, sys; p = sys.argv[1]; {act}", str(folder / "f")])
        begin = time.monotonic()
        for i in range(20):
            (folder / f"other {i}").write_text("goes on")
            assert (folder / f"other {i}").read_text() == "goes on"
        with pytest.raises(subprocess.TimeoutExpired):
            opener.wait(0.3)
        assert (folder / "f").stat().st_size == 7
        assert time.monotonic() - begin < 5
        assert holder.stdin is not None
        holder.stdin.close()
        assert opener.wait(10) == 0
    if known:
        os.close(held)
    assert (folder / "f").read_text() == ACTS[act]


def test_who_does_not_want_to_wait_is_told_so(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("content")
    with leased(shared.plain / fresh), pytest.raises(BlockingIOError):
        os.open(shared.point / fresh, os.O_RDONLY | os.O_NONBLOCK)
