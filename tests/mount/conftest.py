"""Where the rules are tried: a plain directory, mounts with and without passthrough, and the portable driver.

All must agree, but for the declared differences of the portable driver.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mount.differences import holds
from tests.mount.rig import Rig, mounted
from tests.mount.semantics import Engine, served

PLACES = ("plain", "passthrough", "ordinary", "mfusepy", "fusepy")
DRIVERS = ("native", "mfusepy", "fusepy")
_numbers = itertools.count()


@pytest.fixture(scope="session")
def passthrough(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with mounted(tmp_path_factory.mktemp("passthrough")) as rig:
        yield rig


@pytest.fixture(scope="session")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with mounted(tmp_path_factory.mktemp("ordinary"), "--no-passthrough") as rig:
        yield rig


@pytest.fixture(scope="session")
def mfusepy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with mounted(tmp_path_factory.mktemp("mfusepy"), "--driver", "mfusepy") as rig:
        yield rig


@pytest.fixture(scope="session")
def fusepy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with mounted(tmp_path_factory.mktemp("fusepy"), "--driver", "fusepy") as rig:
        yield rig


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a rule in every place where it holds."""
    if "place" in metafunc.fixturenames:
        metafunc.parametrize("place", [p for p in PLACES if holds(metafunc.function.__name__, p)], indirect=True)


@pytest.fixture
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


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The option that chooses a driver."""
    return "--driver", request.param


@pytest.fixture
def rig(tmp_path: Path, driver: tuple[str, str]) -> Iterator[Rig]:
    """A mount of one's own, by each driver."""
    with mounted(tmp_path, *driver) as r:
        yield r


@pytest.fixture
def engine(rig: Rig) -> Iterator[Engine]:
    (rig.plain / "docs").mkdir()
    (rig.plain / "docs" / "a.txt").write_text("the result")
    engine = Engine()
    server = served(rig, engine)
    yield engine
    engine.release.set()
    engine.awake.set()
    server.shutdown()
    server.server_close()
