"""Programs that people run, all at once on one mount, each with a check that nothing of its own went wrong.

git (commits, gc, fsck), SQLite in WAL mode (two connections), saves as vim does them, a compiler, rsync. `soak` runs them for
some seconds and raises AssertionError where one of them found something wrong.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

Program = Callable[[Path, float], int]
"""Works in a folder until a monotonic time, checks, and returns how many rounds it did."""
_GIT = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
_NAME = ("-c", "user.name=soak", "-c", "user.email=soak@example.org")


def _run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(words, cwd=cwd, env=_GIT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def git(folder: Path, until: float) -> int:
    """Commit again and again, pack now and then; in the end the repository is sound and has every commit."""
    _run("git", "init", "-q", cwd=folder)
    rounds = 0
    while time.monotonic() < until:
        (folder / f"file-{rounds % 20}.txt").write_text(f"line {rounds}\n" * (rounds % 200 + 1))
        _run("git", "add", "-A", cwd=folder)
        _run("git", *_NAME, "commit", "-q", "-m", f"commit {rounds}", cwd=folder)
        rounds += 1
        if rounds % 25 == 0:
            _run("git", "gc", "-q", cwd=folder)
    _run("git", "fsck", "--full", "--strict", cwd=folder)
    assert int(_run("git", "rev-list", "--count", "HEAD", cwd=folder)) == rounds
    assert _run("git", "status", "--porcelain", cwd=folder) == ""
    return rounds


def sqlite(folder: Path, until: float) -> int:
    """Write with one connection, read with another; in the end the database is sound and has every row."""
    path = folder / "soak.db"
    rounds = 0
    with closing(sqlite3.connect(path, timeout=60)) as a, closing(sqlite3.connect(path, timeout=60)) as b:
        a.execute("PRAGMA journal_mode=WAL")
        a.execute("CREATE TABLE t(n INTEGER PRIMARY KEY, text TEXT)")
        while time.monotonic() < until:
            with a:
                a.executemany("INSERT INTO t(text) VALUES(?)", [(f"row {rounds} {i} " * 10,) for i in range(20)])
            rounds += 1
            assert b.execute("SELECT count(*) FROM t").fetchone() == (20 * rounds,)
            if rounds % 50 == 0:
                a.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with closing(sqlite3.connect(path)) as c:
        assert c.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert c.execute("SELECT count(*) FROM t").fetchone() == (20 * rounds,)
    return rounds


def editor(folder: Path, until: float) -> int:
    """Save as vim does: a swap file, the old content renamed away, the new one written whole, the old one removed."""
    path, backup, swap = folder / "text.txt", folder / "text.txt~", folder / ".text.txt.swp"
    path.write_text("save 0\n")
    rounds = 0
    while time.monotonic() < until:
        rounds += 1
        with swap.open("wb") as f:
            f.write(b"b0VIM" + bytes(4091))
            os.fsync(f.fileno())
            path.rename(backup)
            with path.open("w") as new:
                new.write(f"save {rounds}\n" * (rounds % 300 + 1))
                os.fsync(new.fileno())
        assert backup.read_text().startswith(f"save {rounds - 1}\n")
        backup.unlink()
        swap.unlink()
        assert path.read_text() == f"save {rounds}\n" * (rounds % 300 + 1)
    assert sorted(os.listdir(folder)) == ["text.txt"]
    return rounds


def compiler(folder: Path, until: float) -> int:
    """Compile two sources, link them and run the program."""
    rounds = 0
    while time.monotonic() < until:
        rounds += 1
        (folder / "value.c").write_text(f"int value(void) {{ return {rounds}; }}\n")
        (folder / "main.c").write_text('#include <stdio.h>\nint value(void);\nint main(void) { printf("%d\\n", value()); }\n')
        _run("gcc", "-c", "value.c", "main.c", cwd=folder)
        _run("gcc", "-o", "program", "value.o", "main.o", cwd=folder)
        assert _run(folder / "program", cwd=folder) == f"{rounds}\n"
    return rounds


def rsync(folder: Path, until: float) -> int:
    """Mirror a tree that changes from the one place to the other; a comparison by checksums then finds no difference."""
    source, target = folder / "source", folder / "target"
    source.mkdir()
    rounds = 0
    while time.monotonic() < until:
        for i in range(20):
            (source / f"file-{(rounds * 7 + i) % 60}").write_bytes(os.urandom(100 * i + 1))
        (source / f"file-{rounds % 60}").unlink(missing_ok=True)
        _run("rsync", "-a", "--delete", f"{source}/", f"{target}/", cwd=folder)
        assert _run("rsync", "-anci", "--delete", f"{source}/", f"{target}/", cwd=folder) == ""
        rounds += 1
    return rounds


PROGRAMS: tuple[Program, ...] = (git, sqlite, editor, compiler, rsync)


def soak(point: Path, seconds: float) -> dict[str, int]:
    """Run all programs at once on a mount; return how many rounds each did."""
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(len(PROGRAMS)) as pool:
        running = {}
        for program in PROGRAMS:
            folder = point / program.__name__
            folder.mkdir()
            running[program.__name__] = pool.submit(program, folder, until)
        return {name: future.result() for name, future in running.items()}
