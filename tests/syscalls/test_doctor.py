"""What doctor looks at for real."""

from __future__ import annotations

from pathlib import Path

from lsfs_syscalls.doctor import _model


def test_a_model_that_cannot_be_loaded_is_named_with_what_to_do(tmp_path: Path) -> None:
    assert _model().ok
    (tmp_path / "model.onnx").write_bytes(b"no model")
    found = _model(tmp_path)
    assert not found.ok
    assert found.needed
    assert "make models" in found.advice
