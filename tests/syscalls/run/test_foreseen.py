"""What is shown of a change before anybody agrees: every file that it will touch, and no approval of what then fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import BadRequest, Conflict, LsfsError, NotFound
from lsfs_syscalls.guard import preview, still_agreed
from lsfs_syscalls.plan import Plan
from tests.syscalls.run.rig import EngineRig, running


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    with running(tmp_path_factory.mktemp("foreseen")) as r:
        yield r


@pytest.fixture
def rig(engine: EngineRig, request: pytest.FixtureRequest) -> EngineRig:
    """The engine, with a folder for this test alone."""
    engine.folder = request.node.name.split("[")[0]
    engine.write({f"{engine.folder}/{name}.txt": f"{name} as it was\n" for name in "abc"})
    return engine


def at(rig: EngineRig, name: str) -> str:
    return f"{rig.folder}/{name}"


def shown(rig: EngineRig, *steps: tuple[str, dict[str, Any]], prompt: str = "") -> dict[str, Any]:
    plan = Plan.from_json({"prompt": prompt, "steps": [{"syscall": s, "args": args} for s, args in steps]})
    return preview(rig.engine, plan, now=datetime.now(UTC), actor="user")


def files(found: dict[str, Any], step: int = -1) -> dict[str, str]:
    """Return what the preview says of each path, by its first words."""
    return {f["path"]: f["what"].split(":")[0].split(" (")[0] for f in found["steps"][step]["files"]}


def now() -> str:
    return datetime.now(UTC).isoformat()


def change_some(rig: EngineRig) -> None:
    """Change a, delete b, move c to d, and make e without telling lsfs."""
    rig.call("write", path=at(rig, "a.txt"), content="other")
    rig.call("delete", path=at(rig, "b.txt"))
    rig.call("move", path=at(rig, "c.txt"), to=at(rig, "d.txt"))
    (rig.root / rig.folder / "e.txt").write_text("made by a program")


def expected(rig: EngineRig) -> dict[str, str]:
    what = {"a": "put back", "b": "brought back", "c": "put back", "d": f"moved back to {at(rig, 'c.txt')}", "e": "deleted"}
    return {at(rig, f"{name}.txt"): words for name, words in what.items()}


# Rollback


def test_a_rollback_of_a_folder_shows_each_file_that_it_puts_back_or_deletes(rig: EngineRig) -> None:
    before = now()
    change_some(rig)
    args = {"path": rig.folder, "time": before}
    found = shown(rig, ("rollback", args))
    assert files(found) == expected(rig)
    assert sorted(rig.call("rollback", **args)["changed"]) == sorted(expected(rig).keys())
    assert sorted(p.name for p in (rig.root / rig.folder).iterdir()) == ["a.txt", "b.txt", "c.txt"]
    assert files(shown(rig, ("rollback", args))) == {}


@pytest.mark.parametrize("whole", [{}, {"path": "."}])
def test_a_rollback_of_the_root_to_a_snapshot_shows_its_files(rig: EngineRig, whole: dict[str, str]) -> None:
    name = f"before-{len(whole)}"
    rig.call("snapshot", name=name)
    change_some(rig)
    args = {**whole, "snapshot": name}
    assert files(shown(rig, ("rollback", args))) == expected(rig)
    rig.call("rollback", **args)


def test_consent_to_a_rollback_is_for_the_files_that_were_shown(rig: EngineRig) -> None:
    step = ("rollback", {"path": rig.folder, "time": now()})
    rig.call("create", path=at(rig, "new.txt"))
    agreed = shown(rig, step)
    still_agreed(agreed, shown(rig, step))
    (rig.root / rig.folder / "later.txt").write_text("nobody has agreed to delete this")
    with pytest.raises(Conflict) as error:
        still_agreed(agreed, shown(rig, step))
    assert error.value.paths == [at(rig, "later.txt")]


def test_a_rollback_names_as_changed_what_it_changed_and_not_what_was_so_already(rig: EngineRig) -> None:
    before = now()
    for name in "abc":
        rig.call("write", path=at(rig, f"{name}.txt"), content="other")
    args = {"path": rig.folder, "time": before}
    assert len(rig.call("rollback", **args)["changed"]) == 3
    rig.call("write", path=at(rig, "a.txt"), content="another")
    assert files(shown(rig, ("rollback", args))) == {at(rig, "a.txt"): "put back"}
    answer = rig.call("rollback", **args)
    assert answer["changed"] == [at(rig, "a.txt")]
    assert rig.call("log")["transactions"][0]["count"] == 1


def test_a_rollback_of_one_file_shows_it_and_says_where_it_is_now(rig: EngineRig) -> None:
    rig.call("write", path=at(rig, "a.txt"), content="other")
    assert files(shown(rig, ("rollback", {"path": at(rig, "a.txt")}))) == {at(rig, "a.txt"): "put back"}


@pytest.mark.parametrize("args", [{}, {"steps": 1}, {"time": "2030-01-01"}, {"path": "."}])
def test_the_whole_root_is_rolled_back_only_where_that_is_said(rig: EngineRig, args: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=r"^roll .*"):
        rig.call("rollback", **args)
    found = shown(rig, ("rollback", args))
    assert found["problems"] and not files(found)


def test_a_prompt_that_names_a_time_for_everything_means_the_root(rig: EngineRig) -> None:
    before = now()
    rig.call("create", path=at(rig, "new.txt"))
    found = shown(rig, ("rollback", {"time": before}), prompt="put everything back to how it was")
    assert files(found) == {at(rig, "new.txt"): "deleted"}


def test_a_rollback_takes_away_nothing_that_was_there_before_lsfs(tmp_path: Path) -> None:
    before = now()
    with running(tmp_path, {"old.txt": "old", "d/deep.txt": "deep"}) as rig:
        rig.call("create", path="new.txt")
        for args in ({"path": ".", "time": before}, {"path": ".", "time": "2001-01-01"}):
            assert "nothing is known of that time" in shown(rig, ("rollback", args))["problems"][0]
            with pytest.raises(NotFound):
                rig.call("rollback", **args)
        assert (rig.root / "old.txt").exists()


# What is in the way


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("copy", {"path": "a.txt", "to": "b.txt"}, "b.txt is there already"),
    ("move", {"path": "a.txt", "to": "b.txt"}, "b.txt is there already"),
    ("move", {"path": "nosuch.txt", "to": "x.txt"}, "there is no"),
    ("move", {"path": "a.txt", "to": "a.txt/x"}, "into itself"),
    ("copy", {"path": "a.txt", "to": "b.txt/x"}, "b.txt is a file and no folder"),
    ("copy", {"files": ["a.txt", "sub/a.txt"], "to": "new"}, "2 of these would be"),
    ("tag", {"path": "nosuch.txt", "tags": ["x"]}, "there is no"),
    ("lock", {"path": "nosuch.txt"}, "there is no"),
    ("unlock", {"path": "a.txt"}, "is not locked"),
    ("link", {"path": "nosuch.txt"}, "there is no"),
    ("unlink", {"path": "a.txt"}, "there is no link"),
    ("write", {"path": "a.txt"}, "`content` or `source`"),
    ("write", {"path": "a.txt", "source": "nosuch.txt"}, "there is no"),
    ("create", {"path": "a.txt"}, "is there already"),
    ("concat", {"files": ["a.txt", "c.txt"], "to": "b.txt"}, "b.txt is there already"),
    ("concat", {"files": ["a.txt", "nosuch.txt"], "to": "d.txt"}, "there is no"),
    ("delete", {"path": "nosuch.txt"}, "there is no"),
    ("forget", {"path": "nosuch.txt"}, "there is no"),
    ("undo", {"transaction": 99999}, "no transaction 99999"),
    ("rollback", {"path": "a.txt", "time": "2001-01-01"}, "was not there at that time"),
    ("rollback", {"path": "", "time": "2001-01-01"}, "was not there at that time"),
]


@pytest.mark.parametrize(("syscall", "args", "said"), REFUSED)
def test_what_would_fail_is_named_before_anybody_agrees(rig: EngineRig, syscall: str, args: dict[str, Any], said: str) -> None:
    if not (rig.root / rig.folder / "sub").exists():
        rig.write({at(rig, "sub/a.txt"): "another"})
    placed = {k: at(rig, v).rstrip("/") if k in ("path", "to", "source") else v for k, v in args.items()}
    if "files" in args:
        placed["files"] = [at(rig, f) for f in args["files"]]
    found = shown(rig, (syscall, placed))
    assert said in " ".join(found["problems"])
    assert found["impossible"]
    with pytest.raises(LsfsError):
        rig.call(syscall, **placed)


def test_a_locked_file_is_named_before_its_folder_is_deleted_moved_or_rolled_back(rig: EngineRig) -> None:
    before = now()
    rig.call("write", path=at(rig, "a.txt"), content="other")
    rig.call("lock", path=at(rig, "a.txt"))
    steps: list[tuple[str, dict[str, Any]]] = [
        ("delete", {"path": rig.folder}),
        ("move", {"path": rig.folder, "to": "elsewhere"}),
        ("write", {"path": at(rig, "a.txt"), "content": "x"}),
        ("rollback", {"path": rig.folder, "time": before}),
    ]
    for step in steps:
        found = shown(rig, step)
        assert "is locked (by user" in found["problems"][0], step
        assert found["impossible"]
        assert at(rig, "a.txt") in files(found) or step[0] == "move"
    unlocking = ("unlock", {"path": at(rig, "a.txt")})
    assert not shown(rig, unlocking, ("delete", {"path": rig.folder}))["problems"]


def test_a_later_step_is_judged_by_what_the_earlier_ones_leave(rig: EngineRig) -> None:
    a, b, d = at(rig, "a.txt"), at(rig, "b.txt"), at(rig, "d.txt")
    assert not shown(rig, ("delete", {"path": b}), ("move", {"path": a, "to": b}))["problems"]
    assert not shown(rig, ("move", {"path": a, "to": d}), ("tag", {"path": d, "tags": ["x"]}))["problems"]
    assert shown(rig, ("delete", {"path": a}), ("copy", {"path": a, "to": d}))["impossible"]
    assert shown(rig, ("copy", {"path": a, "to": d}), ("copy", {"path": b, "to": d}))["impossible"]
    later = shown(rig, ("create", {"path": d, "content": "x"}), ("read", {"path": d}))
    assert later["problems"] and "impossible" not in later
