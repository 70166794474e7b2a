"""What can be wrong with the files and the words of a call: a clear answer, nothing lost, partial results labelled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from lsfs.errors import BadRequest, LsfsError, NotFound
from tests.syscalls.run.rig import EngineRig, running

HOSTILE = (
    "with blank.txt",
    "-rf",
    "$(reboot).txt",
    "new\nline.txt",
    "tab\there.md",
    "quo\"te's.txt",
    "ünïcödé ☃.txt",
    "a" * 250 + ".txt",
    "%2e%2e%2f.txt",
    "$1",
    "*.txt",
    "‮gpj.exe.txt",
)
READERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("summarize", {}),
    ("group_by", {"key": "type"}),
    ("group_by", {"key": "topic"}),
    ("group_by", {"key": "customer"}),
    ("duplicates", {}),
    ("duplicates", {"containment": True}),
)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    with running(tmp_path_factory.mktemp("bad"), {"a.txt": "some text here\n", "b.txt": "other text there\n"}) as r:
        os.mkdir(r.root / "void")
        yield r


@pytest.mark.parametrize(("syscall", "args"), READERS)
def test_an_empty_set_is_answered_with_nothing_and_no_error(rig: EngineRig, syscall: str, args: dict[str, Any]) -> None:
    answers = rig.plan(("retrieve", {"keywords": ["zeppelin"]}), (syscall, {"files": ["$1"], **args}))
    assert not answers[-1].found
    (answer,) = rig.plan((syscall, {"under": "void", **args}))
    assert not answer.found


@pytest.mark.parametrize("syscall", ["delete", "tag", "copy", "move", "concat"])
def test_a_change_of_an_empty_set_changes_nothing(rig: EngineRig, syscall: str) -> None:
    args: dict[str, Any] = {"tag": {"tags": ["x"]}, "delete": {}}.get(syscall, {"to": "void/target"})
    steps = (("retrieve", {"keywords": ["zeppelin"]}), (syscall, {"files": ["$1"], **args}))
    try:
        assert rig.plan(*steps)[-1].body["changed"] == []
    except BadRequest as e:
        assert "files" in str(e)
    assert os.listdir(rig.root / "void") == []


@pytest.mark.parametrize(("syscall", "args"), READERS)
def test_files_that_vanish_between_steps_are_named_and_the_rest_is_answered(
    rig: EngineRig, syscall: str, args: dict[str, Any]
) -> None:
    (answer,) = rig.plan((syscall, {"files": ["a.txt", "vanished.txt", "b.txt"], **args}))
    notices: Any = answer.body["notices"]
    assert any("vanished.txt" in n and "not there any more" in n for n in notices)


def test_a_changing_step_on_a_file_that_vanished_takes_the_plan_back(rig: EngineRig) -> None:
    with pytest.raises(NotFound, match=r"vanished\.txt"):
        rig.plan(("tag", {"files": ["a.txt", "vanished.txt"], "tags": ["half"]}))
    assert rig.call("stat", path="a.txt")["file"]["tags"] == []


def test_a_file_that_cannot_be_read_does_not_stop_the_others(rig: EngineRig) -> None:
    rig.write({"broken/bad.pdf": b"%PDF-1.7 nothing of a PDF follows", "broken/good.txt": "A good text stands here. " * 5})
    answer = rig.call("summarize", under="broken")
    assert "good.txt" in answer["summary"]
    assert [s["path"] for s in answer["sources"]] == ["broken/good.txt"]
    assert any("bad.pdf" in n for n in answer["notices"])
    assert rig.call("diff", path="broken/good.txt", other="broken/bad.pdf")["summary"].startswith("different")


def test_a_circle_of_links_ends(rig: EngineRig) -> None:
    os.makedirs(rig.root / "ring/inner", exist_ok=True)
    os.symlink("..", rig.root / "ring/inner/up")
    os.symlink("loop", rig.root / "ring/loop")
    rig.write({"ring/file.txt": "in the ring"})
    assert [f["path"] for f in rig.call("list", under="ring", recursive=True)["files"]].count("ring/file.txt") == 1
    rig.call("copy", path="ring", to="ring-copy")
    assert os.readlink(rig.root / "ring-copy/inner/up") == ".."
    with pytest.raises(LsfsError):
        rig.call("read", path="ring/loop")
    rig.call("delete", path="ring-copy")
    rig.call("create", path="ring-import", source=str(rig.root / "ring"))
    assert sorted(os.listdir(rig.root / "ring-import")) == ["file.txt", "inner"]


def test_a_table_with_broken_rows_is_compared_and_joined_with_what_is_whole(rig: EngineRig) -> None:
    rig.write({"t/a.csv": "id,v\n1,x\n2\n3,y,z\n4,w\n", "t/b.csv": "id,v\n1,x\n4,q\n"})
    answer = rig.call("diff", path="t/a.csv", other="t/b.csv")
    assert "2 broken rows were left out" in answer["summary"]
    (pair,) = rig.call("join", left="t/a.csv", right="t/b.csv", on="id")["pairs"]
    assert pair["why"] == "2 of 2 values: 1, 4"


def test_lines_of_a_file_too_large_to_be_answered_are_read(rig: EngineRig) -> None:
    with open(rig.root / "large.log", "wb") as f:
        f.write(b"first\nsecond\n")
        f.truncate(70 << 20)
        f.seek(0, os.SEEK_END)
        f.write(b"\nlast but one\nlast\n")
    with pytest.raises(BadRequest, match="lines"):
        rig.call("read", path="large.log")
    assert rig.call("read", path="large.log", lines="1-2")["content"] == "first\nsecond\n"
    assert rig.call("read", path="large.log", lines="-2")["content"] == "last but one\nlast\n"
    with pytest.raises(BadRequest, match="fewer"):
        rig.call("read", path="large.log", lines="1-")
    rig.call("delete", path="large.log")


@pytest.mark.parametrize("name", HOSTILE, ids=[f"name{n}" for n in range(len(HOSTILE))])
def test_hostile_names_pass_through_every_call_unharmed(rig: EngineRig, name: str) -> None:
    path = f"hostile/{name}"
    rig.call("create", path=path, content="first text\n")
    rig.call("write", path=path, content="second text\n")
    rig.call("tag", path=path, tags=["odd"])
    assert rig.call("read", path=path)["content"] == "second text\n"
    assert len(rig.call("history", path=path)["versions"]) == 2
    assert rig.call("diff", path=path)["summary"] == "1 line added, 1 removed"
    rig.call("rollback", path=path, steps=1)
    assert rig.call("read", path=path)["content"] == "first text\n"
    rig.call("copy", path=path, to=f"hostile-copies/{name}")
    assert os.listdir(rig.root / "hostile-copies") == [name]
    rig.call("summarize", path=path)
    rig.call("delete", path=path)
    rig.call("delete", path="hostile-copies")
    assert not (rig.root / path).exists()


def test_a_name_that_is_no_utf8_comes_back_with_its_bytes(rig: EngineRig) -> None:
    os.makedirs(rig.root / "bytes", exist_ok=True)
    with open(os.fsencode(rig.root) + b"/bytes/caf\xe9.txt", "wb") as f:
        f.write(b"a text with a name in Latin-1\n")
    rig.settle()
    (found,) = rig.call("list", under="bytes")["files"]
    assert found["path"] == "bytes/caf\\xe9.txt"
    assert found["path_b64"] == "Ynl0ZXMvY2Fm6S50eHQ="
    assert rig.call("group_by", under="bytes", key="type")["groups"]


@pytest.mark.parametrize(
    ("syscall", "args"),
    [
        ("read", {"path": "a.txt", "lines": "x-y"}),
        ("read", {"path": "a.txt", "at": "the day of the blue moon"}),
        ("read", {"path": "void"}),
        ("diff", {"path": "void", "from": "1"}),
        ("write", {"path": "a.txt"}),
        ("write", {"path": "a.txt", "content": "x", "source": "b.txt"}),
        ("concat", {"files": ["a.txt"], "to": "a.txt"}),
        ("copy", {"path": "void", "to": "void/inside"}),
        ("move", {"files": ["a.txt", "b.txt"], "to": "a.txt"}),
        ("delete", {"path": ""}),
        ("rollback", {"path": "a.txt", "steps": 1, "version": 1}),
        ("link", {"path": "a.txt", "expires": "whenever"}),
        ("link", {"path": "a.txt", "downloads": 0}),
        ("link", {"path": "void", "version": 1}),
        ("summarize_changes", {"path": "a.txt", "under": "void"}),
        ("read", {"path": "x\0y"}),
        ("create", {"path": "n" * 300}),
        ("tag", {"tags": ["x"]}),
    ],
)
def test_words_that_make_no_sense_are_refused_and_named(rig: EngineRig, syscall: str, args: dict[str, Any]) -> None:
    before = sorted(os.listdir(rig.root))
    with pytest.raises(LsfsError) as caught:
        rig.call(syscall, **args)
    assert str(caught.value)
    assert sorted(os.listdir(rig.root)) == before


def test_tags_are_words_and_a_comma_parts_them(rig: EngineRig) -> None:
    rig.write({"tagged.txt": "x\n"})
    rig.call("tag", path="tagged.txt", tags=["red, green", "  ", "two  words"])
    assert rig.call("stat", path="tagged.txt")["file"]["tags"] == ["green", "red", "two words"]
    for tags in ([""], [" , "]):
        with pytest.raises(BadRequest, match="at least one letter"):
            rig.call("tag", path="tagged.txt", tags=tags)
    rig.call("untag", path="tagged.txt", tags=["red,two words"])
    assert rig.call("stat", path="tagged.txt")["file"]["tags"] == ["green"]


def test_no_topics_and_more_topics_than_files_are_answered(rig: EngineRig) -> None:
    rig.write({"topics/a.txt": "boats on the sea\n", "topics/b.txt": "bread in the oven\n"})
    with pytest.raises(BadRequest, match="no groups"):
        rig.call("group_by", under="topics", key="0 topics")
    many = rig.call("group_by", under="topics", key="500 topics")
    assert sorted(f for g in many["groups"] for f in g["files"]) == ["topics/a.txt", "topics/b.txt"]


def test_a_table_and_a_file_of_one_long_line_have_a_short_summary(rig: EngineRig) -> None:
    rig.write({"s/t.csv": "id,name\n1,a\n2,b\n", "s/line.json": "[" + "1, " * 100_000 + "1]", "s/empty.txt": ""})
    assert rig.call("summarize", path="s/t.csv")["summary"] == "2 rows of id, name"
    assert len(rig.call("summarize", path="s/line.json")["summary"]) < 500
    found = rig.call("diff", path="s/empty.txt", other="s/t.csv")
    assert found["summary"] == "3 lines added, 0 removed"


def test_files_without_text_are_said_to_be_left_out_of_comparisons_by_content(rig: EngineRig) -> None:
    rig.write({"v/a.txt": "boats on the sea\n", "v/b.txt": "ships on the sea\n", "v/c.bin": bytes(range(256))})
    pairs = rig.call("join", left="v", right="v", on="content", threshold=0.1)
    assert any("1 file has no text" in n and "not compared" in n for n in pairs["notices"])
    topics = rig.call("group_by", under="v", key="topic")
    assert any("1 file has no text" in n and "other" in n for n in topics["notices"])


def test_a_folder_is_not_written_to(rig: EngineRig) -> None:
    rig.write({"afolder/x.txt": "x\n"})
    for path in ("afolder", "."):
        with pytest.raises(BadRequest, match="is a folder"):
            rig.call("write", path=path, content="y")
