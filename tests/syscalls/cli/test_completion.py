"""`lsfs completion` in the real shells."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LINES = {
    "lsfs hist": "history",
    "lsfs --root . hist": "history",
    "lsfs --ro": "--root",
    "lsfs retrieve --und": "--under",
    "lsfs retrieve --mode key": "keyword",
    "lsfs completion f": "fish",
    "lsfs read no": "notes/",
}


def script(shell: str) -> str:
    done = subprocess.run([sys.executable, "-m", "lsfs_syscalls.cli.main", "completion", shell], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_bash(folder: Path, line: str) -> str:
    ask = 'COMP_WORDS=($LINE); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _lsfs; printf "%s\\n" "${COMPREPLY[@]}"'
    return run(["bash", "-c", f"{script('bash')}\n{ask}"], folder, LINE=line)


def in_fish(folder: Path, line: str) -> str:
    return run(["fish", "-c", f'{script("fish")}\ncomplete -C "$LINE"'], folder, LINE=line)


def run(command: list[str], folder: Path, **variables: str) -> str:
    environ = {**os.environ, "HOME": str(folder), **variables}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


def in_zsh(folder: Path, line: str) -> str:
    """Only the line editor of zsh completes, and only on a terminal."""
    (folder / ".zshrc").write_text(f"PS1='ready> '\nautoload -Uz compinit; compinit -u -D\n{script('zsh')}\n")
    environ = {**os.environ, "ZDOTDIR": str(folder), "TERM": "xterm"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["zsh", "-i"], cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = ""
    try:
        seen = read(ours, lambda s: "ready>" in s)
        os.write(ours, f"{line}\t\x01echo \x05 done\r".encode())  # what stands there then is echoed: the whole word
        seen = read(ours, lambda s: re.search(r"\nlsfs .*done", plain(s)) is not None)
    finally:
        process.kill()
        process.wait(timeout=20)
        os.close(ours)
    return plain(seen)


def read(fd: int, enough: Callable[[str], bool]) -> str:
    out = b""
    while not enough(out.decode(errors="replace")):
        piece = os.read(fd, 10_000)
        assert piece, out
        out += piece
    return out.decode(errors="replace")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


SHELLS = [
    pytest.param(in_bash, id="bash"),
    pytest.param(in_zsh, id="zsh", marks=pytest.mark.slow),
    pytest.param(in_fish, id="fish", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("complete", SHELLS)
@pytest.mark.parametrize("line", LINES)
def test_a_line_is_completed_to_the_one_word_that_fits(tmp_path: Path, complete: Callable[[Path, str], str], line: str) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "other.txt").touch()
    found = complete(tmp_path, line).split()
    assert LINES[line].rstrip("/") in [word.rstrip("/") for word in found]
    assert "other.txt" not in found


def test_a_name_with_a_blank_stays_one_word_in_bash(tmp_path: Path) -> None:
    (tmp_path / "tram 28.jpg").touch()
    assert in_bash(tmp_path, "lsfs read tr") == "tram 28.jpg\n"
