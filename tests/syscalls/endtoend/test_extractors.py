"""An extractor that a user installs, from the entry point to groups, joins and search; and away again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lsfs.errors import LsfsError
from lsfs_syscalls.lifecycle import down
from tests.syscalls.endtoend.conftest import Served, serve

README = Path(__file__).parents[3] / "lsfs" / "README.md"
BILLS = {
    "a.bill": "ACME\n12 anchors\n",
    "b.bill": "Nautilus\n1 compass\n",
    "c.bill": "ACME\n3 ropes\n",
    "notes.txt": "ACME is late\n",
}


def example() -> str:
    """Return the function of the README."""
    return textwrap.dedent(README.read_text().split("<!-- extractor -->")[1].split("```python\n")[1].split("```")[0])


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """What `pip install` of a package with the README's extractor leaves behind."""
    place = tmp_path / "site"
    info = place / "my_bills-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "my_bills.py").write_text(example())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-bills\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lsfs.extractors]\nbill.bill = my_bills:bill\n")
    return place


@pytest.fixture
def served(tmp_path: Path, package: Path) -> Iterator[Served]:
    root = tmp_path / "root"
    root.mkdir()
    for name, text in BILLS.items():
        (root / name).write_text(text)
    one = serve(root, PYTHONPATH=str(package))
    one.settle()
    yield one
    with suppress(LsfsError):
        down(one.client)


def groups(served: Served) -> dict[str, list[str]]:
    answer = served.json("group_by", "vendor")
    return {g["label"]: sorted(g["files"]) for g in answer["groups"]}


def test_its_attributes_are_shown_grouped_and_joined_and_go_with_it(served: Served, tmp_path: Path) -> None:
    assert served.json("stat", "a.bill")["file"]["attributes"]["vendor"] == ["ACME"]
    assert groups(served) == {"ACME": ["a.bill", "c.bill"], "Nautilus": ["b.bill"], "(none)": ["notes.txt"]}
    pairs = served.call("join", left="a.bill", right=".", on="vendor")["pairs"]
    assert [p["right"] for p in pairs] == ["c.bill"]
    down(served.client)
    without = serve(tmp_path / "root")
    without.settle()
    assert groups(without) == {"(none)": sorted(BILLS)}
    down(without.client)
    again = serve(tmp_path / "root", PYTHONPATH=served.environ["PYTHONPATH"])
    again.settle()
    assert groups(again)["ACME"] == ["a.bill", "c.bill"]
    assert len(again.json("history", "a.bill")["versions"]) == 1
