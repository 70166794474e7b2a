"""duplicates: what can go can all go, and what was in it is still there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.syscalls.run.rig import EngineRig, running

ROWS = [f"C-{n},Customer number {n} of the north,City {n % 7}" for n in range(60)]
CUSTOMERS = "id,name,city\n" + "".join(f"{r}\n" for r in ROWS)
NORTH = "id,name,city\n" + "".join(f"{r}\n" for r in ROWS[:50])
MANAGED = "id,name,city,manager\n" + "".join(f"{r},Lena {n}\n" for n, r in enumerate(ROWS))
TEXT = "".join(f"Sentence number {n} of a text about the harbour and its boats.\n" for n in range(40))
FILES = {
    "c/managed.csv": MANAGED,
    "c/customers.csv": CUSTOMERS,
    "c/north.csv": NORTH,
    "c/copy of customers.csv": CUSTOMERS,
    "t/whole.md": TEXT,
    "t/part.md": "".join(TEXT.splitlines(keepends=True)[:20]),
    "t/edited.md": TEXT.replace("number 7", "number seven"),
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    with running(tmp_path_factory.mktemp("duplicates"), FILES) as r:
        yield r


def gone(answer: dict[str, Any]) -> set[str]:
    return {p for d in answer["duplicates"] for p in d["delete"]}


def test_what_can_go_can_all_go_and_its_rows_are_still_there(rig: EngineRig) -> None:
    answer = rig.call("duplicates", under="c", containment=True)
    assert gone(answer) == {"c/customers.csv", "c/north.csv", "c/copy of customers.csv"}
    for d in answer["duplicates"]:
        assert len(d["files"]) > len(d["delete"])
    assert answer["saves"] == sum((rig.root / p).stat().st_size for p in gone(answer))


@pytest.mark.parametrize("containment", [False, True])
def test_a_file_that_is_kept_by_one_group_goes_in_no_other(rig: EngineRig, containment: bool) -> None:
    answer = rig.call("duplicates", containment=containment)
    kept = {d["files"][0] for d in answer["duplicates"] if d["kind"] == "near" and d["delete"]}
    assert kept
    assert not kept & gone(answer)
    assert answer["saves"] == sum((rig.root / p).stat().st_size for p in gone(answer))


def test_of_near_duplicates_the_one_that_has_all_of_the_other_is_kept(rig: EngineRig) -> None:
    rig.write({"n/full.txt": TEXT.upper()})
    rig.write({"n/a-newer.txt": "".join(TEXT.upper().splitlines(keepends=True)[:32])})
    (near,) = rig.call("duplicates", files=["n"])["duplicates"]
    assert (near["kind"], near["delete"]) == ("near", ["n/a-newer.txt"])
    assert near["why"].endswith("the fullest is first")


def test_a_folder_stands_for_its_files(rig: EngineRig) -> None:
    assert gone(rig.call("duplicates", files=["t"])) == gone(rig.call("duplicates", under="t"))
    by_folder = rig.call("group_by", files=["t", "c/north.csv"], key="type")
    assert {g["label"]: len(g["files"]) for g in by_folder["groups"]} == {"md": 3, "csv": 1}
