"""Files whose names and content are made to deceive: every name is reached exactly, and no terminal is steered by one."""

from __future__ import annotations

import base64
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs_syscalls.lifecycle import down
from tests.syscalls.endtoend.conftest import Served, serve

NAMES = (
    *(b"\x1b[31mred\x1b[0m.txt", b"line\nbreak.txt", "bidi\u202egnp.txt".encode(), b"latin\xe9.txt", b"x" * 251 + b".txt"),
    *(b"-rf", b"--", b"  leading", b"trailing ", b"%s%n", b"$(touch pwned)", b"`id`", "c1\x9b31m.txt".encode()),
    *(b"\x1b]0;title\x07.txt", b"back\\slash", b"quote'\"", b"*", b"?", b"$1", b"\x7fdel", b"a\rb", b"<b>.html", b"caf\\xe9"),
)
TEXT = b"walrus \x1b[2J\x1b]0;pwned\x07 \xe2\x80\xae reversed \xc2\x9b31m\x07\rover\n\x1b[Hwalrus\n"
OURS = re.compile(r"\x1b\[(?:0|1|2|31|32|36)m|\r\x1b\[K|\r\n")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("hostile") / "root"
    root.mkdir()
    for name in NAMES:
        (root / os.fsdecode(name)).write_bytes(TEXT)
    one = serve(root)
    one.settle()
    yield one
    down(one.client)


def on_a_terminal(served: Served, *words: str) -> str:
    """Run the command line on a terminal of its own, whose user answers nothing; return what the terminal got."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lsfs_syscalls.cli.main", *words]
    environ = {**served.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        command, cwd=served.root, env=environ, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    ) as child:
        os.close(theirs)
        data = b""
        try:
            while piece := os.read(ours, 65536):
                data += piece
        except OSError:  # how a terminal says that nobody writes any more
            pass
        os.close(ours)
        child.wait(60)
    return data.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["ls"],
        ["ls", "--json"],
        ["retrieve", "walrus", "--explain"],
        ["retrieve", "walrus", "--json"],
        ["find the files about the walrus"],
        ["group-by", "type"],
        ["duplicates"],
        ["log", "--json"],
        ["read", os.fsdecode(NAMES[0])],
        ["history", os.fsdecode(NAMES[1])],
        ["stat", os.fsdecode(NAMES[3])],
        ["summarize", os.fsdecode(NAMES[0])],
        ["--dry-run", "delete", os.fsdecode(NAMES[1])],
        ["--dry-run", "move", os.fsdecode(NAMES[0]), "to\x1b[31m"],
        ["--yes", "tag", os.fsdecode(NAMES[3]), "x\x1b[31m"],
        ["read", "nothing\x1b[31m\udcff"],
        ["retrieve", "--bogus\x1b[31m"],
        ["--root", "/nothing\x1b[31m", "status"],
        ["delete the file \x1b[31mred.txt"],
    ],
    ids=lambda words: " ".join(words[:2]).encode("unicode_escape").decode(),
)
def test_a_terminal_gets_no_control_character_of_a_name_or_content(hostile: Served, words: list[str]) -> None:
    shown = OURS.sub("", on_a_terminal(hostile, *words))
    assert shown.strip()
    assert "Traceback" not in shown
    assert {c for c in shown if not c.isprintable()} <= {"\t", "\n"}


def test_json_names_every_file_exactly_and_by_it_every_file_is_read(hostile: Served) -> None:
    found = {}
    for f in hostile.json("ls")["files"]:
        name = base64.b64decode(f["path_b64"]) if "path_b64" in f else f["path"].encode()
        found[name] = f["path"]
    assert found.keys() == set(NAMES)
    for name in NAMES:
        exactly = hostile.client.call("stat", {"path": os.fsdecode(name)})["file"]
        assert exactly["path"] == found[name]
        assert exactly.get("path_b64", "") == ("" if found[name].encode() == name else base64.b64encode(name).decode())


def test_a_name_can_be_typed_as_it_was_shown(hostile: Served) -> None:
    for f in hostile.json("ls")["files"]:
        assert hostile.client.call("stat", {"path": f["path"]})["file"]["path"] == f["path"]


def test_every_name_is_deleted_and_comes_back(hostile: Served) -> None:
    paths = [os.fsdecode(n) for n in NAMES if n != b"$1"]
    hostile.call("delete", files=paths)
    assert set(os.listdir(hostile.root)) == {".lsfs", "$1"}
    hostile.call("undo")
    assert {os.fsencode(n) for n in os.listdir(hostile.root)} == {*NAMES, b".lsfs"}
    assert not Path(hostile.root, "pwned").exists()


def test_content_is_passed_on_to_a_pipe_byte_for_byte(hostile: Served) -> None:
    odd = b"no end of line, \xff\x00 no text"
    (hostile.root / "odd.bin").write_bytes(odd)
    command = [sys.executable, "-m", "lsfs_syscalls.cli.main", "read", "odd.bin"]
    done = subprocess.run(command, cwd=hostile.root, env=hostile.environ, capture_output=True, check=True)
    assert done.stdout == odd
    (hostile.root / "odd.bin").unlink()
    hostile.settle()
