"""`lsfs shell` as a user has it: in a pipe, in a dumb terminal and in one that can do everything."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.syscalls.endtoend.conftest import Served

PROGRAM = [sys.executable, "-m", "lsfs_syscalls.cli.main"]
PROMPT = "lsfs>"


class Terminal:
    """A shell on a terminal: what is typed, and what was shown since."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def until(self, wanted: str) -> str:
        """Return what is shown up to `wanted`; the test's own time-out ends a wait in vain."""
        out = ""
        while wanted not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out):
            piece = os.read(self._fd, 10_000).decode(errors="replace")
            if "\x1b[6n" in piece:  # where is the cursor?
                os.write(self._fd, b"\x1b[1;1R")
            out += piece
        return out

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def say(self, line: str, wanted: str) -> str:
        self.type(line + "\r")
        return self.until(wanted)


@contextmanager
def shell(served: Served, tmp_path: Path, term: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (40, 120))
    environ = {**served.environ, "TERM": term, "XDG_STATE_HOME": str(tmp_path)}
    command = [*PROGRAM, "shell"]
    process = subprocess.Popen(command, cwd=served.root, env=environ, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        yield Terminal(ours)
    finally:
        process.kill()
        process.wait(timeout=20)
        os.close(ours)


def test_it_means_the_last_answer_also_behind_the_name_of_a_call(served: Served) -> None:
    served.write("spoken/boats.md", "The boats are green.\n")
    served.settle()
    lines = "stat spoken/boats.md\nhistory it\nstatus\ntag it red --yes\nstat that\nquit\n"
    out = served.lsfs("shell", stdin=lines)
    assert "baseline" in out.stdout or "program" in out.stdout
    assert "no file it" not in out.stderr
    assert "history  path=spoken/boats.md" in out.stderr
    assert "stat  path=spoken/boats.md" in out.stderr


def test_a_summary_is_an_answer_about_its_file(served: Served) -> None:
    served.write("summed/lamps.md", "Lamps get warmer towards bedtime. They are dimmed at ten.\n")
    served.settle()
    out = served.lsfs("shell", stdin="summarize summed/lamps.md\ndelete it\nquit\n")
    assert "delete  path=summed/lamps.md" in out.stderr
    assert "nobody is here to agree" in out.stderr
    assert (served.root / "summed/lamps.md").exists()


def test_a_dumb_terminal_gets_a_prompt_and_no_escape_codes(served: Served, tmp_path: Path) -> None:
    served.write("dumb/boats.md", "The dumb boats are green.\n")
    served.settle()
    with shell(served, tmp_path, "dumb") as t:
        seen = t.until(PROMPT)
        seen += t.say("stat dumb/boats.md", PROMPT)
        seen += t.say("delete it", "[N]o: ")
        seen += t.say("n", PROMPT)
    assert "\x1b" not in seen
    assert "nothing was changed" in seen


def test_a_terminal_has_colours_completion_and_undo_on_one_key(served: Served, tmp_path: Path) -> None:
    file = served.write("undone/two words.txt", "first\n")
    served.settle()
    with shell(served, tmp_path, "xterm-256color") as t:
        t.until(PROMPT)
        t.type("write undone/two\t")
        t.until('"undone/two words.txt"')
        t.say(" second", "[N]o: ")
        t.say("y", PROMPT)
        assert file.read_text() == "second"
        t.type("\x1a")
        shown = t.until("[N]o: ")
        assert "\x1b[2m1  undo" in shown
        assert "undone/two words.txt" in shown
        t.say("y", PROMPT)
        assert file.read_text() == "first\n"
        t.type('write "un')
        t.until('done/two words.txt" second')  # the rest of what was said before is offered
    assert (tmp_path / "lsfs/history").stat().st_mode & 0o077 == 0


def test_yes_for_the_session_is_asked_once(served: Served, tmp_path: Path) -> None:
    served.write("once/a.txt", "a")
    served.settle()
    with shell(served, tmp_path, "dumb") as t:
        t.until(PROMPT)
        t.say("tag once/a.txt red", "[N]o: ")
        t.say("s", PROMPT)
        assert "[N]o" not in t.say("untag once/a.txt red", PROMPT)


def test_what_cannot_be_done_at_all_is_not_asked_for(served: Served) -> None:
    done = served.lsfs("delete nowhere/none.txt")
    assert done.returncode == 2
    assert "there is no nowhere/none.txt" in done.stderr
    assert "agree" not in done.stderr


def test_a_preview_says_of_each_file_what_happens_to_it(served: Served) -> None:
    served.write("said/a.txt", "a")
    served.settle()
    for words, said in (
        (("tag", "said/a.txt", "red"), "said/a.txt  tagged red"),
        (("lock", "said/a.txt"), "said/a.txt  locked: changes are refused until it is unlocked"),
        (("link", "said/a.txt", "--expires", "7d"), "said/a.txt  shared by a link (7d): who has the link can read it"),
        (("touch", "said/a.txt"), "said/a.txt  its time of change becomes now"),
        (("watch", "said/a.txt"), "said/a.txt  watched: you are told of its changes"),
    ):
        assert said in served.lsfs(*words, "--dry-run").stderr


def test_of_an_unlock_it_is_not_said_that_undo_takes_it_back(served: Served) -> None:
    served.write("locked/a.txt", "a")
    served.settle()
    assert "`lsfs undo` takes it back" in served.lsfs("--yes", "lock", "locked/a.txt").stdout
    assert "nothing that `lsfs undo` could take back" in served.lsfs("--yes", "unlock", "locked/a.txt").stdout


def test_what_came_after_somebody_looked_is_not_deleted_with_the_rest(served: Served, tmp_path: Path) -> None:
    served.write("agreed/seen.txt", "a")
    served.settle()
    with shell(served, tmp_path, "dumb") as t:
        t.until(PROMPT)
        assert "agreed/seen.txt" in t.say("delete agreed", "[N]o: ")
        new = served.write("agreed/unseen.txt", "b")
        served.settle()
        said = t.say("y", PROMPT)
        assert "came or went since this was agreed to" in said
        assert "agreed/unseen.txt" in said
        assert new.exists()
        t.say("delete agreed", "[N]o: ")
        assert "done: 3 changed" in t.say("y", PROMPT)
