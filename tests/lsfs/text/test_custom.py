"""Extractors that users install: which files they see, and that a bad one costs nothing but its own attributes."""

from __future__ import annotations

import io
import logging
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from lsfs.text.custom import GROUP, installed
from lsfs.text.extract import Extractor
from lsfs.text.extracted import Extracted
from lsfs.text.pool import WorkerPool

MODULE = """
import time

def vendor(name, content):
    first = content.decode("utf-8", "replace").splitlines()[0]
    return {"vendor": [first.split(":")[-1]], "seen_name": [name]}

def breaks(name, content):
    raise ValueError("no such thing")

def eats(name, content):
    return {"never": [str(len(bytearray(8 << 30)))]}

def hangs(name, content):
    time.sleep(3600)

def dies(name, content):
    import os
    os._exit(3)

def nonsense(name, content):
    return ["no", "mapping"]

def everything(name, content):
    return {"bytes": [str(len(content))]}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on the import path of this process and of the workers."""
    (tmp_path / "brought_by_user.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def install(package: Path, **points: str) -> None:
    info = package / "brought-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    lines = [f"{name.replace('__', '.')} = brought_by_user:{function}" for name, function in points.items()]
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n" + "\n".join(lines) + "\n")


def read(name: bytes, data: bytes, *, timeout_s: float = 30.0) -> Extracted:
    pool = WorkerPool(timeout_s=timeout_s)
    try:
        return Extractor(pool, None, installed()).extract(name, io.BytesIO(data), len(data))
    finally:
        pool.close()


def test_an_extractor_sees_the_files_with_its_extensions_and_no_others(package: Path) -> None:
    install(package, vendor__bill__txt="vendor")
    found = read(b"inbox/a.bill", b"vendor:Contoso\nrest\n")
    assert found.attributes["vendor"] == ["Contoso"]
    assert found.attributes["seen_name"] == ["a.bill"]
    assert found.text.startswith("vendor:Contoso")
    assert read(b"b.txt", b"vendor:Contoso\n").attributes["vendor"] == ["Contoso"]
    assert "seen_name" not in read(b"c.md", b"vendor:Contoso\n").attributes


def test_one_without_extensions_sees_what_the_worker_reads(package: Path) -> None:
    install(package, everything="everything")
    html = b"<html><body><p>Two boats</p></body></html>"
    assert read(b"a.html", html).attributes["bytes"] == [str(len(html))]
    assert "bytes" not in read(b"a.txt", b"Two boats").attributes


def test_a_file_without_text_can_have_attributes(package: Path) -> None:
    install(package, everything__blob="everything")
    found = read(b"a.blob", bytes(range(256)))
    assert (found.text, found.attributes) == ("", {"bytes": ["256"]})


@pytest.mark.parametrize("function", ["breaks", "nonsense", "missing", "dies", "eats"])
def test_an_extractor_that_fails_costs_its_own_attributes_and_is_named_in_the_log(
    package: Path, caplog: pytest.LogCaptureFixture, function: str
) -> None:
    install(package, bad__txt=function, good__txt="everything")
    with caplog.at_level(logging.WARNING):
        found = read(b"a.txt", b"Two boats\n")
    assert found.text == "Two boats\n"
    assert found.reason is None
    assert "a.txt" in caplog.text
    if function not in ("dies",):
        assert found.attributes["bytes"] == ["10"]
        assert "bad.txt" in caplog.text


def test_an_extractor_that_hangs_is_ended(package: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(package, bad__txt="hangs")
    with caplog.at_level(logging.WARNING):
        assert read(b"a.txt", b"Two boats\n", timeout_s=3.0).text == "Two boats\n"
    assert "time limit" in caplog.text


def test_the_signature_changes_with_what_is_installed() -> None:
    one = EntryPoint("a.txt", "m:f", GROUP)
    two = EntryPoint("b", "m:g", GROUP)
    assert installed([]).signature == ""
    assert len({installed(points).signature for points in ([], [one], [two], [one, two])}) == 4
    assert installed([one, two]) == installed([two, one])
    assert installed([one]).extensions == {"txt"}
    assert installed([two]).documents
