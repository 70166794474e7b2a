"""`lsfs read` into a pipe is the file itself; on a terminal it is what a person can read, and cannot steer the terminal."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import zipfile

import pytest

from tests.syscalls.endtoend.conftest import Served

PROGRAM = (sys.executable, "-m", "lsfs_syscalls.cli.main")
CONTENTS = {
    "text": b"one\ntwo\n",
    "no line end": b"one\ntwo",
    "carriage returns": b"one\r\ntwo\r\n",
    "empty": b"",
    "binary": bytes(range(256)) * 3,
    "latin-1": "Käse".encode("latin-1"),
    "escape codes": b"A text about boats.\n\x1b]0;owned\x07\x1b[2JIt ends with walruses, which steer the terminal.\n",
}


def odt(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml",
            '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
            'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>'
            f"<text:p>{text}</text:p></office:text></office:body></office:document-content>",
        )
    return out.getvalue()


def on_a_terminal(served: Served, *words: str) -> str:
    """Return what the command writes to a terminal."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen([*PROGRAM, *words], cwd=served.root, env=served.environ, stdout=theirs, stderr=theirs)
        os.close(theirs)
        out = b""
        while True:
            try:
                piece = os.read(ours, 10_000)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            out += piece
        assert process.wait(timeout=60) == 0
    finally:
        os.close(ours)
    return out.decode()


@pytest.mark.parametrize("name", CONTENTS)
def test_a_pipe_gets_exactly_the_bytes(served: Served, name: str) -> None:
    (served.root / "exact").mkdir(exist_ok=True)
    (served.root / "exact" / name).write_bytes(CONTENTS[name])
    served.settle()
    done = subprocess.run(
        [*PROGRAM, "read", f"exact/{name}"], cwd=served.root, env=served.environ, capture_output=True, timeout=60, check=True
    )
    assert done.stdout == CONTENTS[name]


def test_a_terminal_gets_the_text_in_a_document(served: Served) -> None:
    (served.root / "letter.odt").write_bytes(odt("Two boats and a crew of six."))
    served.settle()
    assert "Two boats and a crew of six." in on_a_terminal(served, "read", "letter.odt")
    assert served.lsfs("read", "letter.odt", "--text").stdout.strip() == "Two boats and a crew of six."
    assert served.lsfs("read", "letter.odt", "--lines", "1").stdout.strip() == "Two boats and a crew of six."


def test_a_terminal_is_not_steered_by_what_is_in_a_file(served: Served) -> None:
    (served.root / "evil.txt").write_bytes(CONTENTS["escape codes"])
    served.settle()
    for words in (("read", "evil.txt"), ("retrieve", "walruses", "--mode", "keyword"), ("summarize", "evil.txt")):
        shown = on_a_terminal(served, *words)
        assert "walruses" in shown
        assert "\x1b]" not in shown
        assert "\x07" not in shown
        assert "\x1b[2J" not in shown


def test_a_file_without_text_says_so_when_its_text_is_asked_for(served: Served) -> None:
    (served.root / "noise.bin").write_bytes(bytes(range(256)))
    served.settle()
    done = served.lsfs("read", "noise.bin", "--text")
    assert done.returncode == 2
    assert "has no text" in done.stderr


def test_a_difference_and_a_joined_table_go_exactly_into_a_pipe(served: Served) -> None:
    (served.root / "crlf.csv").write_bytes(b"id,name\r\n1,a\x1b[1mb\r\n")
    (served.root / "other.csv").write_bytes(b"id,name\n1,x\n")
    (served.root / "old.txt").write_bytes(b"one\r\ntwo \x1b[1m\r\n")
    (served.root / "new.txt").write_bytes(b"one\r\nthree \x1b[1m\r\n")
    served.settle()

    def output(*words: str) -> bytes:
        command = [*PROGRAM, *words]
        return subprocess.run(command, cwd=served.root, env=served.environ, capture_output=True, timeout=60, check=True).stdout

    assert b"1,x,a\x1b[1mb\n" in output("join", "other.csv", "crlf.csv", "--on", "id", "--table")
    assert b"-two \x1b[1m" in output("diff", "old.txt", "--other", "new.txt")
    assert "two \x1b[1m" not in on_a_terminal(served, "diff", "old.txt", "--other", "new.txt")
