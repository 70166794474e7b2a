"""A machine that gives no more watches: the tree is compared instead, and it is said.

The limits are those of a user namespace of its own, so that nobody else's watches are touched.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys, threading, time
from pathlib import Path
from lsfs.watch import watcher

Path("/proc/sys/user/max_inotify_instances").write_text(sys.argv[2])
Path("/proc/sys/user/max_inotify_watches").write_text(sys.argv[3])
watcher.BLIND_COMPARE_S = 0.2
compares = threading.Semaphore(0)
one = watcher.Watcher(Path(sys.argv[1]), lambda hints: [compares.release() for h in hints if h == watcher.Hint(b"", True)],
                      skip=lambda path: False)
one.start()
for _ in range(3):
    assert compares.acquire(timeout=20.0), "the tree is not compared"
until = time.monotonic() + 20.0
while sys.argv[4] not in str(one.degraded()) and time.monotonic() < until:
    time.sleep(0.01)
said = {str(one.degraded())}
for _ in range(4):
    while not compares.acquire(blocking=False):
        said.add(str(one.degraded()))
        time.sleep(0.0005)
assert len(said) == 1, f"while it is asked again, something else is said: {said}"
print(*said)
one.stop()
"""


@pytest.mark.parametrize(
    ("instances", "watches", "said"),
    [(0, 1000, "nothing is watched"), (1, 0, "nothing is watched"), (1, 3, "3 folders, such as d")],
)
def test_what_cannot_be_watched_is_compared_and_said(tmp_path: Path, instances: int, watches: int, said: str) -> None:
    for number in range(5):
        (tmp_path / f"d{number}").mkdir()
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        sys.executable,
        "-c",
        SCRIPT,
        str(tmp_path),
        str(instances),
        str(watches),
        said,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert "max_user_watches" in done.stdout
