"""What programs rely on together, on a plain directory and on mounts of both kinds: they must agree."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.fuse


def test_a_script_runs(place: Path) -> None:
    (place / "s.sh").write_text("#!/bin/sh\necho ran\n")
    (place / "s.sh").chmod(0o755)
    assert subprocess.run([place / "s.sh"], capture_output=True, check=True).stdout == b"ran\n"


def test_a_program_that_runs_cannot_be_written(place: Path) -> None:
    (place / "sleep").write_bytes(Path("/bin/sleep").read_bytes())
    (place / "sleep").chmod(0o755)
    process = subprocess.Popen([place / "sleep", "60"])
    try:
        until = time.monotonic() + 5
        while os.readlink(f"/proc/{process.pid}/exe") == os.path.realpath(sys.executable) and time.monotonic() < until:
            time.sleep(0.005)
        with pytest.raises(OSError) as e:
            (place / "sleep").open("r+b")
        assert e.value.errno == errno.ETXTBSY
    finally:
        process.kill()
        process.wait()


def test_sqlite_works_in_wal_mode_with_two_connections(place: Path) -> None:
    a, b = sqlite3.connect(place / "t.db"), sqlite3.connect(place / "t.db")
    assert a.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    a.execute("CREATE TABLE t(x)")
    a.execute("INSERT INTO t VALUES(1)")
    a.commit()
    assert b.execute("SELECT x FROM t").fetchall() == [(1,)]
    b.execute("INSERT INTO t VALUES(2)")
    b.commit()
    assert a.execute("SELECT count(*) FROM t").fetchone() == (2,)
    a.close()
    b.close()


def test_git_makes_a_sound_repository(place: Path) -> None:
    script = (
        "git init -q g && cd g && echo a>a && git add a && git -c user.name=a -c user.email=b commit -qm x"
        ' && git fsck --strict && test -z "$(git status --porcelain)"'
    )
    assert subprocess.run(["sh", "-c", script], cwd=place, capture_output=True, check=False).returncode == 0


def test_signals_while_reading_and_writing_lose_nothing(place: Path) -> None:
    data = os.urandom(1 << 20) * 8
    caught = []
    before = signal.signal(signal.SIGALRM, lambda *_: caught.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        (place / "f").write_bytes(data)
        while len(caught) < 20:
            assert (place / "f").read_bytes() == data
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_many_files_survive_tar_and_back(place: Path, tmp_path: Path) -> None:
    source = Path(os.__file__).parent / "json"
    script = f"tar -C {source} -cf - . | tar -C {place} -xf - && diff -r {source} {place}"
    assert subprocess.run(["sh", "-c", script], check=False).returncode == 0


def test_thousands_of_opens_of_one_file_are_all_good(place: Path) -> None:
    (place / "f").write_text("same")
    fds = [os.open(place / "f", os.O_RDONLY) for _ in range(900)]
    assert {os.pread(fd, 10, 0) for fd in (fds[0], fds[450], fds[-1])} == {b"same"}
    for fd in fds:
        os.close(fd)


def test_record_locks_exclude_another_process(place: Path) -> None:
    (place / "l").write_text("x")
    code = (
        "import fcntl, sys\n"
        "f = open(sys.argv[1], 'r+')\n"
        "try: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except OSError as e: sys.exit(e.errno)\n"
    )
    with (place / "l").open("r+") as f:
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = subprocess.run([sys.executable, "-c", code, str(place / "l")], check=False)
        assert done.returncode in (errno.EACCES, errno.EAGAIN)


def test_flock_excludes_another_handle(place: Path) -> None:
    with (place / "l").open("w") as a, (place / "l").open() as b:
        fcntl.flock(a, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)
