"""What the published LSFS and AIOS code gets wrong in its calls, each as a test that passes here. Numbers as in the survey."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lsfs.errors import BadRequest, Denied, NotFound
from lsfs.model import RelPath
from tests.syscalls.run.rig import EngineRig, running

LONG = "\n".join(f"Entry {n}: the weather was fine and the harbour was quiet on day {n}." for n in range(200))


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    files: dict[str, str | bytes] = {
        "old.txt": "was here before\n",
        "log.txt": LONG + "\nAt the very end a walrus visited the pier.\n",
        "one/report.txt": "the first report of that name, on tides\n",
        "two/report.txt": "the second report of that name, on volcanoes\n",
        "people.txt": "Written at Oxford and Stanford by several authors\n",
        "choice.txt": "tea or coffee\n",
    }
    with running(tmp_path_factory.mktemp("faults"), files) as r:
        yield r


def found(rig: EngineRig, **args: Any) -> set[str]:
    return {f["path"] for f in rig.call("retrieve", k=0, **args)["files"]}


def test_01_the_first_edit_of_a_file_that_was_there_before_can_be_undone(rig: EngineRig) -> None:
    rig.write({"first.txt": "as it was\n"})
    rig.call("write", path="first.txt", content="edited\n")
    rig.call("rollback", path="first.txt", steps=1)
    assert rig.call("read", path="first.txt")["content"] == "as it was\n"


def test_02_rollback_counts_contents_and_can_be_said_again(rig: EngineRig) -> None:
    for n in range(6):
        rig.call("write", path="count.txt", content=f"{n}\n")
    for expected in ("4\n", "3\n", "2\n"):
        rig.call("rollback", path="count.txt", steps=1)
        assert rig.call("read", path="count.txt")["content"] == expected
    assert [v["size"] for v in rig.call("history", path="count.txt")["versions"]].count(0) == 0


def test_04_a_deleted_or_renamed_file_is_no_ghost_in_the_answers(rig: EngineRig) -> None:
    rig.write({"ghost.txt": "a poltergeist in the attic\n"})
    assert found(rig, keywords=["poltergeist"]) == {"ghost.txt"}
    rig.call("move", path="ghost.txt", to="spirit.txt")
    assert found(rig, keywords=["poltergeist"]) == {"spirit.txt"}
    rig.call("delete", path="spirit.txt")
    assert found(rig, keywords=["poltergeist"]) == set()


def test_05_the_state_is_no_document(rig: EngineRig) -> None:
    assert not any(p.startswith(".lsfs") for p in found(rig))


def test_07_a_relative_path_is_below_the_root_in_every_call(rig: EngineRig) -> None:
    rig.call("create", path="aios.txt", content="")
    rig.call("write", path="aios.txt", content="this is AIOS")
    rig.call("write", path="aios.txt", content="this is not AIOS")
    rig.call("rollback", path="aios.txt", steps=1)
    assert rig.call("read", path="./aios.txt")["content"] == "this is AIOS"
    assert rig.call("link", path="aios.txt")["url"].startswith("http://127.0.0.1:")


def test_07_as_many_files_are_answered_as_were_asked_for(rig: EngineRig) -> None:
    assert [len(rig.call("retrieve", query="report", k=k)["files"]) for k in (1, 2)] == [1, 2]


def test_09_keywords_are_exact_and_not_a_hint(rig: EngineRig) -> None:
    assert found(rig, keywords=["report", "tides"]) == {"one/report.txt"}
    assert found(rig, any_keywords=["tides", "volcanoes"]) == {"one/report.txt", "two/report.txt"}
    assert found(rig, keywords=["report"], exclude=["tides"]) == {"two/report.txt"}


def test_11_a_time_means_the_state_then_and_not_the_nearest_one(rig: EngineRig) -> None:
    rig.call("write", path="timed.txt", content="early\n")
    early = datetime.now(UTC)
    while datetime.now(UTC) < early + timedelta(seconds=2.1):
        time.sleep(0.02)
    rig.call("write", path="timed.txt", content="late\n")
    for words in ((early + timedelta(seconds=1)).isoformat(), (early + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")):
        assert rig.call("read", path="timed.txt", at=words)["content"] == "early\n"
    with pytest.raises(NotFound):
        rig.call("rollback", path="timed.txt", time="1999-01-01")
    assert rig.call("read", path="timed.txt")["content"] == "late\n"


def test_11_an_unknown_file_is_a_named_error(rig: EngineRig) -> None:
    for syscall, args in (("rollback", {"steps": 1}), ("history", {}), ("link", {}), ("read", {})):
        with pytest.raises(NotFound, match=r"nowhere\.txt"):
            rig.call(syscall, path="nowhere.txt", **args)


def test_13_missing_folders_are_made_and_every_advertised_call_exists(rig: EngineRig) -> None:
    rig.call("write", path="a/b/c/d.txt", content="deep")
    assert rig.call("read", path="a/b/c/d.txt")["content"] == "deep"
    rig.call("delete", path="a/b/c/d.txt")
    rig.call("delete", path="a")
    with pytest.raises(NotFound):
        rig.call("read", path="a/b/c/d.txt")


def test_14_the_end_of_a_long_file_is_searchable(rig: EngineRig) -> None:
    (hit,) = rig.call("retrieve", keywords=["walrus"])["files"]
    assert (hit["path"], hit["line"]) == ("log.txt", 201)
    entry = rig.engine.versions.live(RelPath(b"log.txt"))
    assert entry is not None
    assert len(rig.engine.texts.vectors(entry.fid)) == len(rig.engine.texts.passages(entry.fid)) > 5


def test_16_what_is_said_to_be_done_is_done(rig: EngineRig) -> None:
    answer = rig.call("create", path="example.txt", content="x")
    assert answer["changed"] == ["example.txt"]
    assert (rig.root / "example.txt").read_text() == "x"


def test_18_or_is_a_word_and_not_a_part_of_oxford(rig: EngineRig) -> None:
    assert found(rig, keywords=["or"]) == {"choice.txt"}


def test_20_a_file_is_not_written_before_somebody_has_agreed(rig: EngineRig) -> None:
    rig.call("write", path="asked.txt", content="one")
    rig.call("write", path="asked.txt", content="two")
    with pytest.raises(Denied):
        rig.plan(("rollback", {"path": "asked.txt", "steps": 1}), consent=False)
    assert rig.call("read", path="asked.txt")["content"] == "two"


def test_21_compound_durations_in_months_and_years_are_understood(rig: EngineRig) -> None:
    for words, days in (("3 years 5 months", 1240), ("3 months", 88), ("5 days 3 hours", 5)):
        made = rig.call("link", path="old.txt", expires=words)
        ends = datetime.fromisoformat(made["expires"])
        assert timedelta(days=days - 1) < ends - datetime.now(UTC) < timedelta(days=days + 20)


def test_22_files_of_the_same_name_do_not_overwrite_each_other(rig: EngineRig) -> None:
    assert found(rig, name="report.txt") == {"one/report.txt", "two/report.txt"}
    assert rig.call("read", path="two/report.txt")["content"].startswith("the second")


def test_file_join_as_in_the_paper(rig: EngineRig) -> None:
    rig.write({"j/f1.txt": "f1\n", "j/f2.txt": "f2\n"})
    rig.call("concat", files=["j/f1.txt", "j/f2.txt"], to="j/f1_f2.txt")
    assert rig.call("read", path="j/f1_f2.txt")["content"] == "f1\nf2\n"
    rig.call("concat", files=["j/f1.txt", "j/f2.txt"], to="j/f1.txt", keep=False)
    assert rig.call("read", path="j/f1.txt")["content"] == "f1\nf2\n"
    with pytest.raises(NotFound):
        rig.call("read", path="j/f2.txt")


def test_group_keywords_and_integrated_retrieve_as_in_the_paper(rig: EngineRig) -> None:
    rig.plan(
        ("retrieve", {"keywords": ["report"], "k": 0}),
        ("retrieve", {"files": ["$1"], "query": "eruptions of a volcano", "k": 1}),
        ("copy", {"files": ["$2"], "to": "chosen/"}),
    )
    assert [f["path"] for f in rig.call("list", under="chosen")["files"]] == ["chosen/report.txt"]
    assert "volcanoes" in rig.call("read", path="chosen/report.txt")["content"]
    rig.call("delete", path="chosen")


def test_files_that_contain_a_text_are_deleted_as_in_the_paper_and_come_back(rig: EngineRig) -> None:
    rig.write({"del/a.txt": "obsolete memo\n", "del/b.txt": "current memo\n"})
    done = rig.plan(("retrieve", {"keywords": ["obsolete"], "under": "del", "k": 0}), ("delete", {"files": ["$1"]}))[-1]
    assert [f["path"] for f in rig.call("list", under="del")["files"]] == ["del/b.txt"]
    rig.call("undo", transaction=done.body["transaction"])
    assert len(rig.call("list", under="del")["files"]) == 2
    with pytest.raises(BadRequest):
        rig.call("delete")
