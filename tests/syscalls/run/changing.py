"""An engine for the tests of a module that change files, each in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.syscalls.run.rig import EngineRig, running


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    with running(tmp_path_factory.mktemp("changing")) as r:
        yield r


@pytest.fixture
def rig(engine: EngineRig, request: pytest.FixtureRequest) -> EngineRig:
    """The engine, with a folder for this test alone."""
    folder = engine.root / request.node.name.split("[")[0]
    folder.mkdir()
    engine.folder = folder.name
    return engine


def text(rig: EngineRig, name: str) -> str:
    return (rig.root / rig.folder / name).read_text()


def at(rig: EngineRig, name: str) -> str:
    return f"{rig.folder}/{name}"


def put(rig: EngineRig, **files: str) -> None:
    rig.write({at(rig, name.replace("_", ".")): content for name, content in files.items()})
