"""The main job on a real engine: found, changed, undone, told honestly."""

from __future__ import annotations

import json
import os

import pytest

from lsfs.errors import BadRequest, Conflict, Denied, Exists, NotFound, OutsideRoot
from tests.syscalls.endtoend.conftest import Served


def paths(answer: dict[str, object]) -> list[str]:
    files = answer["files"]
    assert isinstance(files, list)
    return [f["path"] for f in files]


def test_a_file_is_found_by_a_word_and_by_its_meaning(served: Served) -> None:
    served.write("found/ssd.md", "Flash caches keep hot objects on solid-state drives.")
    served.write("found/bread.md", "Sourdough needs a starter and a hot oven.")
    served.settle(vectors=True)
    assert paths(served.call("retrieve", query="sourdough", under="found", k=1)) == ["found/bread.md"]
    assert paths(served.call("retrieve", query="storage tier for popular data", under="found", k=1)) == ["found/ssd.md"]


def test_nothing_matches_is_said_and_is_exit_status_one(served: Served) -> None:
    served.write("nothing/a.txt", "alpha")
    served.settle()
    done = served.lsfs("retrieve", "--keywords", "zyzzyva", "--under", "nothing")
    assert done.returncode == 1
    assert "nothing matches" in done.stdout


def test_the_first_change_of_a_file_that_was_there_can_be_taken_back(served: Served) -> None:
    """Weak point 1 of the published code: the original was gone after the first overwrite."""
    served.write("first/a.txt", "original")
    served.settle()
    served.call("write", path="first/a.txt", content="overwritten")
    assert (served.root / "first/a.txt").read_text() == "overwritten"
    served.call("rollback", path="first/a.txt", steps=1)
    assert (served.root / "first/a.txt").read_text() == "original"


def test_every_write_behind_our_back_that_lives_a_moment_is_a_version(served: Served) -> None:
    for number in range(4):
        served.write("versions/a.txt", f"text {number}")
        served.settle()
    found = served.call("history", path="versions/a.txt")["versions"]
    assert [v["version"] for v in found] == [4, 3, 2, 1]
    assert served.call("read", path="versions/a.txt", version=2)["content"] == "text 1"


def test_a_deleted_file_comes_back_with_undo_and_its_history_goes_on(served: Served) -> None:
    served.write("deleted/a.txt", "precious")
    served.settle()
    gone = served.call("delete", path="deleted/a.txt")
    assert gone["changed"] == ["deleted/a.txt"]
    assert not (served.root / "deleted/a.txt").exists()
    assert served.call("undo", transaction=gone["transaction"])["undone"] == [gone["transaction"]]
    assert (served.root / "deleted/a.txt").read_text() == "precious"
    states = [v["deleted"] for v in served.call("history", path="deleted/a.txt")["versions"]]
    assert states == [False, True, False]


def test_undo_refuses_with_the_paths_that_changed_since(served: Served) -> None:
    served.write("since/a.txt", "one")
    served.settle()
    done = served.call("write", path="since/a.txt", content="two")
    served.write("since/a.txt", "three, by somebody else")
    served.settle()
    with pytest.raises(Conflict) as caught:
        served.call("undo", transaction=done["transaction"])
    assert caught.value.paths == ["since/a.txt"]
    assert (served.root / "since/a.txt").read_text() == "three, by somebody else"


def test_a_plan_happens_as_a_whole_or_not_at_all(served: Served) -> None:
    served.write("whole/a.txt", "a")
    served.write("whole/b.txt", "b")
    served.settle()
    steps = [
        {"syscall": "move", "args": {"path": "whole/a.txt", "to": "whole/c.txt"}},
        {"syscall": "create", "args": {"path": "whole/b.txt", "content": "new"}},
    ]
    with pytest.raises(Exists):
        served.client.plan({"prompt": "two steps", "steps": steps}, consent=True)
    assert sorted(os.listdir(served.root / "whole")) == ["a.txt", "b.txt"]
    assert (served.root / "whole/b.txt").read_text() == "b"


def test_without_consent_nothing_is_changed(served: Served) -> None:
    served.write("consent/a.txt", "a")
    served.settle()
    with pytest.raises(Denied, match="nobody has agreed"):
        served.client.call("delete", {"path": "consent/a.txt"})
    done = served.lsfs("delete", "consent/a.txt")
    assert done.returncode == 2
    assert "nothing was changed" in done.stderr
    assert (served.root / "consent/a.txt").exists()


def test_a_dry_run_names_every_file_and_changes_none(served: Served) -> None:
    served.write("dry/d/a.txt", "a")
    served.settle()
    done = served.lsfs("delete", "dry/d", "--dry-run")
    assert done.returncode == 0
    assert "dry/d/a.txt" in done.stderr
    assert (served.root / "dry/d/a.txt").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["delete", "nosuch.txt"], "there is no nosuch.txt"),
        (["delete", "."], "this is the root itself"),
        (["delete", "../m"], "../m"),
        (["delete"], "say which files"),
        (["undo", "99999"], "there is no transaction 99999"),
        (["forget", "nosuch.txt"], "there is no nosuch.txt"),
        (["rollback"], "roll back what?"),
    ],
)
def test_the_reason_why_nothing_was_changed_is_said_whatever_form_was_asked_for(
    served: Served, words: list[str], reason: str
) -> None:
    for options in (["--yes"], ["--yes", "--json"], ["--dry-run"]):
        done = served.lsfs(*words, *options)
        assert done.returncode == 2, options
        assert reason in done.stderr, options
    dry = served.lsfs(*words, "--dry-run", "--json")
    assert dry.returncode == 2
    assert reason in json.loads(dry.stdout)["preview"]["problems"][0]


def test_a_prompt_that_moves_and_then_reads_tells_of_both(served: Served) -> None:
    for n in range(3):
        served.write(f"lisbon/{n}.txt", f"Lisbon, the capital of Portugal, has seven hills; this is note {n}.")
    served.settle(vectors=True)
    prompt = "find all files about lisbon and move them to trips/portugal, then summarize them"
    done = served.lsfs("--yes", prompt)
    assert done.returncode == 0, done.stderr
    assert "summary of trips/portugal/" in done.stdout
    assert "not there any more" not in done.stderr
    assert "done: 5 changed (transaction" in done.stdout  # with the two folders
    served.lsfs("undo", "--yes")
    told = served.json("--yes", prompt)
    assert len(told["changed"]) == 5
    assert told["summary"] and told["transaction"]
    served.lsfs("undo", "--yes")


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "a/../../x"])
def test_a_path_out_of_the_root_is_refused(served: Served, path: str) -> None:
    """Weak point 10 of the published code: absolute and ../ paths were written outside its root."""
    with pytest.raises(OutsideRoot):
        served.call("write", path=path, content="x")


def test_a_link_in_the_root_is_no_way_out(served: Served) -> None:
    (served.root / "way").mkdir(exist_ok=True)
    (served.root / "way" / "out").symlink_to(served.root.parent)
    served.settle()
    with pytest.raises(OutsideRoot):
        served.call("write", path="way/out/x.txt", content="x")
    assert not (served.root.parent / "x.txt").exists()


def test_the_state_cannot_be_changed_by_a_call(served: Served) -> None:
    with pytest.raises(Denied):
        served.call("delete", path=".lsfs")


def test_a_missing_file_is_answered_with_what_could_be_meant(served: Served) -> None:
    served.write("meant/quarterly-report.md", "x")
    served.settle()
    with pytest.raises(NotFound, match=r"did you mean .*quarterly-report\.md"):
        served.call("read", path="meant/quarterly-reprt.md")


def test_a_moved_file_keeps_its_history_and_is_found_under_its_new_name(served: Served) -> None:
    """Weak point 4 of the published code: a renamed file stayed in the index under its old name."""
    served.write("moved/old.txt", "unmistakable quokka text")
    served.settle()
    os.rename(served.root / "moved/old.txt", served.root / "moved/new.txt")
    served.settle()
    assert paths(served.call("retrieve", keywords=["quokka"], under="moved")) == ["moved/new.txt"]
    first = served.call("history", path="moved/new.txt")["versions"][-1]
    assert first["path"] == "moved/old.txt"


def test_a_deleted_file_is_not_found_any_more_but_at_its_time_it_is(served: Served) -> None:
    file = served.write("ghost/a.txt", "unmistakable axolotl text")
    served.settle()
    at = served.call("history", path="ghost/a.txt")["versions"][0]["time"]
    file.unlink()
    served.settle()
    assert paths(served.call("retrieve", keywords=["axolotl"], under="ghost")) == []
    assert paths(served.call("retrieve", keywords=["axolotl"], under="ghost", at=at)) == ["ghost/a.txt"]
    assert paths(served.call("list", under="ghost", at=at)) == ["ghost/a.txt"]


@pytest.mark.parametrize("name", [b"\xff\xfe.txt", b"new\nline.txt", "ünï.txt".encode()])
def test_a_file_of_any_name_is_recorded_and_listed(served: Served, name: bytes) -> None:
    folder = os.fsencode(served.root / "names")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as f:
        f.write("x")
    served.settle()
    files = served.call("list", under="names")["files"]
    assert any(("path_b64" in f) or f["path"] == "names/ünï.txt" for f in files)


def test_groups_hold_every_file_once(served: Served) -> None:
    for name in ("a.md", "b.md", "c.py"):
        served.write(f"groups/{name}", "text")
    served.settle()
    groups = served.call("group_by", key="type", under="groups")["groups"]
    assert sorted(f for g in groups for f in g["files"]) == ["groups/a.md", "groups/b.md", "groups/c.py"]


def test_an_empty_or_unknown_call_is_a_clear_error(served: Served) -> None:
    with pytest.raises(BadRequest, match="no call `fly`"):
        served.client.call("fly", {})
    with pytest.raises(BadRequest, match="needs `path`"):
        served.client.call("history", {})


def test_the_log_tells_who_did_what(served: Served) -> None:
    served.call("write", path="log/a.txt", content="x")
    newest = served.call("log")["transactions"][0]
    assert newest["actor"] == "user"
    assert newest["paths"] == ["log/a.txt"] or "log/a.txt" in newest["paths"]


def test_status_has_the_keys_of_the_contract(served: Served) -> None:
    status = served.json("status")
    assert {
        "pid", "indexed", "pending", "vectors_pending", "baseline_pending", "versions", "store_bytes", "degraded", "mounts"
    } <= set(status)  # fmt: skip


def test_a_prompt_that_reads_runs_and_one_that_changes_asks(served: Served) -> None:
    served.write("prompt/walrus.md", "walruses like clams")
    served.settle(vectors=True)
    found = served.lsfs("find files about walruses")
    assert found.returncode == 0
    assert "prompt/walrus.md" in found.stdout
    asked = served.lsfs("delete prompt/walrus.md")
    assert asked.returncode == 2
    assert "deleted" in asked.stderr
    assert (served.root / "prompt/walrus.md").exists()
    assert served.lsfs("delete prompt/walrus.md", "--yes").returncode == 0
    assert not (served.root / "prompt/walrus.md").exists()
