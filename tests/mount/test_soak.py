"""git, SQLite, an editor, a compiler and rsync at once on one mount; `python -m tests.bench.soak` goes on for ten minutes."""

from __future__ import annotations

import filecmp
import os
from pathlib import Path

import pytest

from tests.mount.rig import Rig, eventually
from tests.mount.soaking import soak

pytestmark = pytest.mark.fuse
SECONDS = {"native": 60.0}  # the driver that people get; the portable ones get less
OTHERS = 12.0


def files(top: Path) -> set[str]:
    return {os.path.relpath(os.path.join(d, name), top) for d, _, names in os.walk(top) for name in names}


@pytest.mark.timeout(300)
def test_programs_at_once_find_nothing_wrong_and_leave_nothing_open(rig: Rig, driver: tuple[str, str]) -> None:
    rounds = soak(rig.point, SECONDS.get(driver[1], OTHERS))
    assert min(rounds.values()) > 0, rounds
    names = files(rig.plain)
    assert files(rig.point) == names
    assert filecmp.cmpfiles(rig.plain, rig.point, names, shallow=False)[1:] == ([], [])
    eventually(lambda: rig.control.hello()["handles"] == 0)
