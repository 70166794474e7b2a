"""The changing calls: done as a whole or not at all, conflicts named, histories kept."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import BadRequest, Conflict, Denied, Exists, NotFound, OutsideRoot
from lsfs_syscalls.guard import preview
from lsfs_syscalls.plan import Plan
from tests.syscalls.run.changing import at, engine, put, rig, text
from tests.syscalls.run.rig import EngineRig, running

__all__ = ["engine", "rig"]


# create, write, touch, concat


def test_create_makes_folders_and_never_overwrites(rig: EngineRig) -> None:
    answer = rig.call("create", path=at(rig, "deep/er/new.txt"), content="hello")
    assert answer["changed"][-1] == at(rig, "deep/er/new.txt") or at(rig, "deep/er/new.txt") in answer["changed"]
    assert text(rig, "deep/er/new.txt") == "hello"
    with pytest.raises(Exists):
        rig.call("create", path=at(rig, "deep/er/new.txt"), content="again")
    assert text(rig, "deep/er/new.txt") == "hello"


def test_text_is_appended_and_prepended(rig: EngineRig) -> None:
    rig.call("write", path=at(rig, "a.txt"), content="middle\n")
    rig.call("write", path=at(rig, "a.txt"), content="last\n", mode="append")
    rig.call("write", path=at(rig, "a.txt"), content="first\n", mode="prepend")
    assert text(rig, "a.txt") == "first\nmiddle\nlast\n"


def test_a_folder_is_imported_with_its_names_and_without_links(rig: EngineRig, tmp_path: Path) -> None:
    (tmp_path / "docs/in").mkdir(parents=True)
    (tmp_path / "docs/a.txt").write_text("a")
    (tmp_path / "docs/in/b.txt").write_text("b")
    (tmp_path / "docs/leak").symlink_to("/etc/passwd")
    rig.call("create", path=rig.folder, source=str(tmp_path / "docs"))
    assert sorted(p.name for p in (rig.root / rig.folder / "docs").rglob("*")) == ["a.txt", "b.txt", "in"]


def test_an_agent_imports_nothing_from_outside_of_the_root(rig: EngineRig, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the user's own key")
    (rig.root / rig.folder / "way").symlink_to(tmp_path)
    put(rig, mine_txt="of the root")
    for source in (str(tmp_path / "key"), str(tmp_path), "../" * 20 + "etc/passwd", at(rig, "way/key"), "/"):
        with pytest.raises(OutsideRoot, match="outside of the root"):
            rig.plan(("create", {"path": at(rig, "got"), "source": source}), actor="agent:mcp")
    rig.plan(("create", {"path": at(rig, "copy.txt"), "source": at(rig, "mine.txt")}), actor="agent:mcp")
    assert text(rig, "copy.txt") == "of the root"


def test_an_import_shows_its_files_first_and_says_what_it_leaves_out(rig: EngineRig, tmp_path: Path) -> None:
    source = tmp_path / "outside"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "a.txt").write_text("a")
    (source / "away").symlink_to("/")
    os.mkfifo(source / "pipe")
    plan = Plan.from_json({"steps": [{"syscall": "create", "args": {"path": at(rig, "brought"), "source": str(source)}}]})
    shown = preview(rig.engine, plan, now=datetime.now(UTC), actor="user")
    assert shown["steps"] == [
        {"syscall": "create", "files": [{"path": at(rig, "brought/sub/a.txt"), "what": "imported"}], "more": 0}
    ]
    answer = rig.call("create", path=at(rig, "brought"), source=str(source))
    assert text(rig, "brought/sub/a.txt") == "a"
    assert any("2 left out" in n and "away" in n and "pipe" in n for n in answer["notices"])


def test_an_import_names_every_conflict_and_then_copies_nothing(rig: EngineRig, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / "docs" / name).write_text("theirs")
    rig.write({at(rig, "docs/a.txt"): "mine", at(rig, "docs/c.txt"): "mine"})
    with pytest.raises(Exists, match=r"a\.txt.*c\.txt"):
        rig.call("create", path=rig.folder, source=str(tmp_path / "docs"))
    assert not (rig.root / rig.folder / "docs/b.txt").exists()
    assert text(rig, "docs/a.txt") == "mine"


def test_the_state_directory_is_not_imported(rig: EngineRig) -> None:
    with pytest.raises(BadRequest, match="state"):
        rig.call("create", path=rig.folder, source=str(rig.root))


def test_concat_keeps_the_parts_or_appends_and_deletes(rig: EngineRig) -> None:
    put(rig, a_txt="one", b_txt="two\n")
    rig.call("concat", files=[at(rig, "a.txt"), at(rig, "b.txt")], to=at(rig, "both.txt"))
    assert text(rig, "both.txt") == "one\ntwo\n"
    assert text(rig, "a.txt") == "one"
    with pytest.raises(Exists):
        rig.call("concat", files=[at(rig, "a.txt"), at(rig, "b.txt")], to=at(rig, "both.txt"))
    rig.call("concat", files=[at(rig, "a.txt"), at(rig, "b.txt")], to=at(rig, "a.txt"), keep=False)
    assert text(rig, "a.txt").replace("\n", " ").split() == ["one", "two"]
    assert not (rig.root / rig.folder / "b.txt").exists()


def test_touch_sets_the_time_and_the_content_stays(rig: EngineRig) -> None:
    put(rig, a_txt="one")
    rig.call("touch", path=at(rig, "a.txt"), time="2024-02-29T12:00:00")
    assert time.gmtime((rig.root / rig.folder / "a.txt").stat().st_mtime)[:3] == (2024, 2, 29)
    assert text(rig, "a.txt") == "one"


def test_touch_takes_the_first_instant_of_a_time_that_is_said_roughly(rig: EngineRig) -> None:
    put(rig, a_txt="one")
    for words, clock in (("2026-11-01", "00:00:00"), ("2026-11-01T10:00", "10:00:00")):
        rig.call("touch", path=at(rig, "a.txt"), time=words)
        st = (rig.root / rig.folder / "a.txt").stat()
        assert st.st_mtime_ns % 10**9 == 0
        assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(st.st_mtime)) == f"2026-11-01 {clock}"


# one plan, one transaction


def test_a_plan_that_fails_in_its_second_step_has_done_nothing(rig: EngineRig) -> None:
    put(rig, a_txt="one")
    with pytest.raises(NotFound):
        rig.plan(
            ("write", {"path": at(rig, "a.txt"), "content": "changed"}),
            ("move", {"path": at(rig, "missing.txt"), "to": at(rig, "x.txt")}),
        )
    assert text(rig, "a.txt") == "one"


def test_nothing_changes_without_consent(rig: EngineRig) -> None:
    put(rig, a_txt="one")
    with pytest.raises(Denied):
        rig.plan(("delete", {"path": at(rig, "a.txt")}), consent=False)
    assert text(rig, "a.txt") == "one"


def test_several_files_are_moved_into_a_folder_and_back_by_undo(rig: EngineRig) -> None:
    put(rig, a_txt="zebra stripes", b_txt="zebra stripes too")
    done = rig.plan(
        ("retrieve", {"keywords": ["zebra"], "under": rig.folder, "k": 0}),
        ("move", {"files": ["$1"], "to": at(rig, "zebras/")}),
    )[-1]
    assert sorted(os.listdir(rig.root / rig.folder / "zebras")) == ["a.txt", "b.txt"]
    rig.call("undo", transaction=done.body["transaction"])
    assert text(rig, "a.txt") == "zebra stripes"
    assert not (rig.root / rig.folder / "zebras/a.txt").exists()


# diff, history, summaries of changes


def test_a_table_is_compared_by_its_key(rig: EngineRig) -> None:
    put(rig, prices_csv="plan,eur\nteam,290\nscale,1900\n")
    put(rig, prices_csv="plan,eur\nscale,1900\nteam,310\ngiant,9000\n")
    answer = rig.call("diff", path=at(rig, "prices.csv"))
    assert answer["diff"].splitlines() == ["+ plan=giant, eur=9000", "~ team: eur: 290 -> 310"]
    assert answer["summary"] == "1 row added, 1 row changed (team: eur: 290 -> 310)"
    assert answer["tables"][""]["counts"]["unchanged"] == 1


def test_a_text_is_compared_line_by_line_between_any_versions(rig: EngineRig) -> None:
    for content in ("a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\nd\n"):
        put(rig, n_txt=content)
    answer = rig.call("diff", path=at(rig, "n.txt"), **{"from": "1", "to": "3"})
    assert answer["summary"] == "2 lines added, 1 removed"
    assert {"+B", "+d", "-b"} <= set(answer["diff"].splitlines())
    (same,) = rig.plan(("diff", {"path": at(rig, "n.txt"), "from": "2", "to": "2"}))
    assert (same.body["summary"], same.found) == ("the same", False)


def test_folders_are_compared_and_have_a_history(rig: EngineRig) -> None:
    rig.write({at(rig, "x/a.txt"): "1\n", at(rig, "x/b.txt"): "2\n", at(rig, "y/a.txt"): "1\n", at(rig, "y/c.txt"): "3\n"})
    answer = rig.call("diff", path=at(rig, "x"), other=at(rig, "y"))
    assert answer["diff"] == "b.txt: only in the first\nc.txt: only in the second\n"
    rig.write({at(rig, "x/a.txt"): "one\n"})
    versions = rig.call("history", path=at(rig, "x"))["versions"]
    assert versions[0]["path"] == at(rig, "x/a.txt")
    assert {v["path"] for v in versions} >= {at(rig, "x/a.txt"), at(rig, "x/b.txt")}


def test_what_was_moved_made_deleted_and_put_in_place_is_told_between_any_two_times(rig: EngineRig) -> None:
    rig.write({at(rig, n): f"the text of {n}\n" for n in ("moves.txt", "goes.txt", "stays.txt", "saved.txt")})
    (rig.root / at(rig, "inner")).mkdir()
    (rig.root / at(rig, "inner/out.txt")).write_text("leaves its folder\n")
    rig.settle()
    before = datetime.now(UTC).isoformat()
    rig.call("move", path=at(rig, "moves.txt"), to=at(rig, "moved.txt"))
    rig.call("move", path=at(rig, "inner/out.txt"), to=at(rig, "out.txt"))
    rig.call("delete", path=at(rig, "goes.txt"))
    rig.call("write", path=at(rig, "new.txt"), content="new\n")
    for n in range(3):
        rig.call("write", path=at(rig, "saved.txt"), content=f"the text, saved {n} times\n")
    between = datetime.now(UTC).isoformat()
    rig.call("delete", path=at(rig, "new.txt"))

    def told(**args: Any) -> dict[str, str]:
        return {s["path"].rpartition("/")[2]: s["what"] for s in rig.call("summarize_changes", **args)["sources"]}

    expected = {
        "moved.txt": f"moved from {at(rig, 'moves.txt')}",
        "out.txt": f"moved from {at(rig, 'inner/out.txt')}",
        "goes.txt": "deleted",
        "new.txt": "new, 4 bytes",
        "saved.txt": "1 line added, 1 removed",
    }
    assert told(under=rig.folder, since=before, until=between) == expected
    del expected["new.txt"]
    assert told(under=rig.folder, since=before) == expected
    assert told(files=[rig.folder], since=before) == expected
    assert told(under=at(rig, "inner"), since=before) == {"out.txt": expected["out.txt"]}
    assert told(files=[at(rig, "moves.txt"), at(rig, "stays.txt")], since=before) == {"moved.txt": expected["moved.txt"]}
    assert told(path=at(rig, "goes.txt"), since=before) == {"goes.txt": "deleted"}


def test_a_file_that_was_there_before_is_not_called_new(tmp_path: Path) -> None:
    with running(tmp_path, {"old.txt": "one\n", "gone.txt": "two\n"}) as fresh:
        fresh.call("write", path="old.txt", content="one\nand more\n")
        fresh.call("delete", path="gone.txt")
        for since in ("2000-01-01", None):
            found = fresh.call("summarize_changes", since=since) if since else fresh.call("summarize_changes")
            assert {s["path"]: s["what"] for s in found["sources"]} == {
                "old.txt": "1 line added, 0 removed",
                "gone.txt": "deleted",
            }


def test_changes_are_told_per_file_with_the_differences_behind_them(rig: EngineRig) -> None:
    put(rig, a_txt="one\n", b_txt="stay\n", c_txt="go\n")
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    while time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) <= since:
        time.sleep(0.05)
    put(rig, a_txt="one\ntwo\n", d_txt="new\n")
    (rig.root / rig.folder / "c.txt").unlink()
    rig.settle()
    answer = rig.call("summarize_changes", under=rig.folder, since=since)
    told = {s["path"].rpartition("/")[2]: s for s in answer["sources"]}
    assert told.keys() == {"a.txt", "c.txt", "d.txt"}
    assert told["a.txt"]["what"] == "1 line added, 0 removed"
    assert "+two" in told["a.txt"]["diff"]
    assert told["c.txt"]["what"] == "deleted"
    assert told["d.txt"]["what"] == "new, 4 bytes"
    assert answer["kind"] == "extractive"


# tags, locks


def test_tags_stay_with_a_file_when_it_is_moved(rig: EngineRig) -> None:
    put(rig, a_txt="one")
    rig.call("tag", path=at(rig, "a.txt"), tags=["Urgent", "tax 2026"])
    rig.call("move", path=at(rig, "a.txt"), to=at(rig, "b.txt"))
    assert rig.call("stat", path=at(rig, "b.txt"))["file"]["tags"] == ["tax 2026", "urgent"]
    rig.call("untag", path=at(rig, "b.txt"), tags=["urgent"])
    assert rig.call("stat", path=at(rig, "b.txt"))["file"]["tags"] == ["tax 2026"]


def test_a_locked_file_is_not_changed_and_the_error_says_who_locked_it(rig: EngineRig) -> None:
    rig.write({at(rig, "d/a.txt"): "one"})
    rig.call("lock", path=at(rig, "d"))
    locked = rig.call("stat", path=at(rig, "d/a.txt"))["file"]["locked"]
    assert (locked["path"], locked["by"]) == (at(rig, "d"), "user")
    assert locked["since"]
    for syscall, args in (("write", {"content": "x"}), ("delete", {}), ("move", {"to": at(rig, "b.txt")})):
        with pytest.raises(Denied, match=r"locked \(by user since 20"):
            rig.call(syscall, path=at(rig, "d/a.txt"), **args)
    rig.call("unlock", path=at(rig, "d"))
    rig.call("write", path=at(rig, "d/a.txt"), content="two")
    assert text(rig, "d/a.txt") == "two"


def test_a_file_that_a_program_has_open_for_writing_is_a_conflict(rig: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    put(rig, a_txt="one")
    monkeypatch.setattr(rig.engine.changes.guard, "_writers", lambda paths: [p for p in paths if p.endswith(b"a.txt")])
    with pytest.raises(Conflict, match="open for writing"):
        rig.call("write", path=at(rig, "a.txt"), content="two")


# link, watch


# Paths


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/passwd", "a/../../b", ".lsfs/catalogue.db"])
def test_no_call_leaves_the_root_or_touches_the_state(engine: EngineRig, path: str) -> None:
    for syscall, args in (
        ("read", {}),
        ("write", {"content": "x"}),
        ("delete", {}),
        ("copy", {"to": "copy.txt"}),
        ("link", {}),
        ("tag", {"tags": ["x"]}),
        ("lock", {}),
        ("touch", {}),
        ("history", {}),
        ("watch", {}),
    ):
        with pytest.raises((OutsideRoot, Denied)):
            engine.call(syscall, path=path, **args)


def test_what_is_written_is_stored_once_and_not_again_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        content = "".join(f"{n} {hash(n) ** 3:x} unlike any other line\n" for n in range(20_000))
        rig.call("write", path="long.txt", content=content)
        [entry] = [t for t in rig.engine.changes.log() if t.plan]
        assert "... (" in str(entry.plan) and len(str(entry.plan)) < 6000
        assert rig.engine.packs.stats().bytes < len(content)


# What later steps find of earlier ones


def test_the_result_of_a_step_follows_its_files_to_where_they_are_moved(rig: EngineRig) -> None:
    names = ["lisbon_one.txt", "lisbon_two.txt", "sub/lisbon_three.txt"]
    rig.write({at(rig, n): f"Lisbon is a city of seven hills, says {n}.\n" for n in names})
    answers = rig.plan(
        ("retrieve", {"keywords": ["lisbon"], "under": rig.folder}),
        ("move", {"files": "$1", "to": at(rig, "trips/portugal/")}),
        ("summarize", {"files": "$1"}),
        ("list", {"under": at(rig, "trips/portugal")}),
        ("tag", {"files": "$1", "tags": ["seen"]}),
    )
    moved = sorted(at(rig, "trips/portugal/" + n.rpartition("/")[2]) for n in names)
    summed: Any = answers[2].body
    listed: Any = answers[3].body
    assert sorted(s["path"] for s in summed["sources"]) == moved
    assert not any("not there" in n for n in summed.get("notices", ()))
    assert sorted(f["path"] for f in listed["files"]) == moved
    rig.settle()
    assert sorted(f["path"] for f in rig.call("retrieve", tags=["seen"], under=rig.folder)["files"]) == moved
    rig.call("undo")
    assert (rig.root / rig.folder / "sub/lisbon_three.txt").exists()
    assert not (rig.root / rig.folder / "trips").exists()


def test_a_plan_that_fails_behind_a_reading_step_is_taken_back_whole(rig: EngineRig) -> None:
    put(rig, a_txt="a")
    with pytest.raises(NotFound):
        rig.plan(
            ("move", {"path": at(rig, "a.txt"), "to": at(rig, "new/b.txt")}),
            ("read", {"path": at(rig, "new/b.txt")}),
            ("delete", {"path": at(rig, "nosuch.txt")}),
        )
    assert text(rig, "a.txt") == "a"
    assert not (rig.root / rig.folder / "new").exists()


def test_what_is_in_a_folder_follows_it(rig: EngineRig) -> None:
    rig.write({at(rig, "old/deep/a.txt"): "a"})
    answers = rig.plan(
        ("list", {"under": at(rig, "old"), "recursive": True}),
        ("move", {"path": at(rig, "old"), "to": at(rig, "new")}),
        ("touch", {"path": at(rig, "other.txt")}),
    )
    assert at(rig, "new/deep/a.txt").encode() in answers[0].files


def test_the_log_names_the_files_that_were_labelled_or_locked(rig: EngineRig) -> None:
    put(rig, a_txt="text")
    path = at(rig, "a.txt")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("tag", {"tags": ["x"]}),
        ("untag", {"tags": ["x"]}),
        ("lock", {}),
        ("unlock", {}),
    ]
    for syscall, args in calls:
        done = rig.call(syscall, path=path, **args)
        assert done["changed"] == [path]
        line = rig.call("log")["transactions"][0]
        assert line["transaction"] == done["transaction"]
        assert (line["count"], line["paths"]) == (1, [path]), syscall
