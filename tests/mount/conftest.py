"""Where the rules are tried: a plain directory, a mount with passthrough, and one without. All three must agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mount.rig import Rig, mounted

PLACES = ("plain", "passthrough", "ordinary")
_numbers = itertools.count()


@pytest.fixture(scope="session")
def passthrough(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with mounted(tmp_path_factory.mktemp("passthrough")) as rig:
        yield rig


@pytest.fixture(scope="session")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with mounted(tmp_path_factory.mktemp("ordinary"), "--no-passthrough") as rig:
        yield rig


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty folder in each of the places."""
    if request.param == "plain":
        return tmp_path
    rig: Rig = request.getfixturevalue(request.param)
    folder = rig.point / f"test-{next(_numbers)}"
    folder.mkdir()
    return folder


@pytest.fixture(params=PLACES[1:])
def shared(request: pytest.FixtureRequest) -> Rig:
    """A running mount, shared between tests: use names of your own."""
    rig: Rig = request.getfixturevalue(request.param)
    return rig


@pytest.fixture
def fresh() -> str:
    """A name that no other test has."""
    return f"fresh-{next(_numbers)}"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A mount of one's own."""
    with mounted(tmp_path) as r:
        yield r
