"""What one user of a mount may see of another's files through what lsfs tells about them: nothing that the modes forbid."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mount.rig import Rig, mounted
from tests.mount.semantics import Engine

pytestmark = pytest.mark.fuse
OWNER, OTHER = 12345, 65534


def run_as(user: int, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the system as a user who is in no other group."""
    return subprocess.run(
        [str(w) for w in words], user=user, group=user, extra_groups=[], capture_output=True, text=True, check=False
    )


@pytest.fixture
def rig(tmp_path: Path, driver: tuple[str, str]) -> Iterator[Rig]:
    """A mount whose root folder belongs to a user, reachable by everybody."""
    (tmp_path / "plain").mkdir()
    os.chown(tmp_path / "plain", OWNER, OWNER)
    for above in (tmp_path, *tmp_path.parents):
        if not above.stat().st_mode & 0o001:
            above.chmod(stat.S_IMODE(above.stat().st_mode) | 0o011)
    with mounted(tmp_path, *driver) as r:
        yield r


SEEN = ("root", "status", "history/0001", "search/q/README.md")
LISTED = ("", "search", "search/q", "history", "saved")


def test_the_semantic_tree_is_for_the_owner_of_the_root_only(rig: Rig, engine: Engine) -> None:
    top = rig.point / ".lsfs"
    assert run_as(OTHER, "stat", top).returncode == 0
    for path in SEEN:
        assert run_as(OWNER, "cat", top / path).stdout, path
        refused = run_as(OTHER, "cat", top / path)
        assert (refused.stdout, "Permission denied" in refused.stderr) == ("", True), path
    for path in LISTED:
        assert run_as(OWNER, "ls", top / path).returncode == 0, path
        assert run_as(OTHER, "ls", top / path).stdout == "", path
    modes = {path: stat.S_IMODE((top / path).stat().st_mode) for path in (*SEEN, *LISTED)}
    assert modes == {path: 0o400 if path in SEEN else 0o700 if path == "saved" else 0o500 for path in modes}
    assert run_as(OWNER, "mkdir", top / "saved" / "mine").returncode == 0
    assert run_as(OTHER, "mkdir", top / "saved" / "theirs").returncode != 0


def test_what_is_said_of_a_file_is_for_those_who_may_read_it(rig: Rig, engine: Engine) -> None:
    path = rig.point / "docs" / "a.txt"
    engine.tags[b"docs/a.txt"] = b"private matters"
    get = ("getfattr", "--only-values", "-n", "user.lsfs.tags", path)
    assert run_as(OTHER, *get).stdout == "private matters"
    path.chmod(0o600)
    refused = run_as(OTHER, *get)
    assert (refused.stdout, "Permission denied" in refused.stderr) == ("", True)
    assert run_as(OTHER, "setfattr", "-n", "user.lsfs.tags", "-v", "x", path).returncode != 0
    (rig.point / "docs").chmod(0o700)
    assert "Permission denied" in run_as(OTHER, *get).stderr
    assert engine.tags == {b"docs/a.txt": b"private matters"}
