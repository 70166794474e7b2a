"""An engine whose start fails can be ended like any other, and the reason of the failure is what is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsfs.config import Config
from lsfs.embed.onnx import OnnxEmbedder
from lsfs.engine.engine import Engine
from lsfs.engine.home import make_home


def make(directory: Path) -> Engine:
    root = directory / "root"
    root.mkdir(exist_ok=True)
    return Engine(make_home(root, None, {**os.environ, "XDG_RUNTIME_DIR": str(directory)}), Config(), OnnxEmbedder(threads=1))


def test_an_engine_that_did_not_start_is_stopped_and_the_next_one_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device")

    engine = make(tmp_path)
    monkeypatch.setattr(engine.changes, "recover", fail)
    with pytest.raises(OSError, match="No space left"):
        engine.start()
    assert engine.stop(unmount=True) == []
    again = make(tmp_path)
    again.start()
    assert again.stop(unmount=True) == []


def test_a_part_that_cannot_be_ended_does_not_keep_the_others_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("a part that does not end")

    engine = make(tmp_path)
    engine.start()
    monkeypatch.setattr(engine.links, "stop", fail)
    with pytest.raises(RuntimeError, match="does not end"):
        engine.stop(unmount=True)
    again = make(tmp_path)
    again.start()
    again.stop(unmount=True)
