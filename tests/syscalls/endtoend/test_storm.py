"""A storm of saves, renames and links through the mount while the engine looks: no content that was closed is lost."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from blake3 import blake3

from tests.syscalls.endtoend.mounted import Mounted, driver, fresh
from tests.syscalls.endtoend.test_mounted_saves import moved_to_a_backup, moved_to_a_backup_for_a_moment, renamed_over

pytestmark = pytest.mark.fuse
__all__ = ["driver", "fresh"]
NAMES = ["a", "b", "c.txt", "d/a", "d/b"]
SIZES = [1, 10, 100, 5000]


class Writer:
    """A program that saves in every way there is; `closed` has each content that one of its closes left.

    It works in a folder of its own, so that nobody else writes between a close and what is noted of it.
    """

    def __init__(self, top: Path, seed: int) -> None:
        self._top, self._rng, self._count = top, random.Random(seed), 0
        self.closed: list[str] = []
        (top / "d").mkdir(parents=True)

    def run(self, until: float) -> None:
        ways: list[Callable[[Path, Path], None]] = [
            self.save(lambda path, text: path.write_text(text)),
            self.save(renamed_over),
            self.save(moved_to_a_backup),
            self.save(moved_to_a_backup_for_a_moment),
            self.append,
            self.write_in_place,
            self.rename,
            lambda path, _: path.unlink(),
            os.link,
            self.move_folder,
        ]
        while time.monotonic() < until:
            path, other = (self._top / self._rng.choice(NAMES) for _ in range(2))
            with suppress(FileNotFoundError, FileExistsError):
                self._rng.choice(ways)(path, other)
            if self._rng.random() < 0.2:
                time.sleep(self._rng.random() * 0.02)

    def text(self) -> str:
        self._count += 1
        return f"{self._top.name} {self._count} " + "x" * self._rng.choice(SIZES)

    def save(self, way: Callable[[Path, str], object]) -> Callable[[Path, Path], None]:
        def act(path: Path, _: Path) -> None:
            text = self.text()
            path.parent.mkdir(exist_ok=True)
            if way in (moved_to_a_backup, moved_to_a_backup_for_a_moment) and not path.exists():
                path.write_text(text)
            else:
                way(path, text)
            self.closed.append(text)

        return act

    def append(self, path: Path, _: Path) -> None:
        if path.exists():
            with path.open("a") as f:
                f.write("+" + self.text())
            self.closed.append(path.read_text())

    def write_in_place(self, path: Path, _: Path) -> None:
        with path.open("r+") as f:
            text = self.text()
            f.write(text)
            f.truncate()
        self.closed.append(text)

    def rename(self, path: Path, other: Path) -> None:
        path.replace(other)

    def move_folder(self, *_: Path) -> None:
        (self._top / "d").rename(self._top / "e")
        (self._top / "e").rename(self._top / "d")


def storm(m: Mounted, seconds: float) -> None:
    writers = [Writer(m.mount / f"w{n}", n) for n in range(3)]
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=w.run, args=(until,)) for w in writers]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        m.served.client.status()
        time.sleep(0.003)
    for t in threads:
        t.join()
    m.served.settle()
    stored = digests(m.served.root / ".lsfs/catalogue.db")
    closed = [text for w in writers for text in w.closed]
    assert len(closed) > 50
    assert [text[:40] for text in closed if blake3(text.encode()).digest() not in stored] == []
    assert m.served.client.status()["missed_count"] <= len(closed) // 200
    checked = m.served.lsfs("check")
    assert checked.returncode == 0, checked.stdout


def digests(catalogue: Path) -> set[bytes]:
    """Return the digest of every content that some version of some file has."""
    con = sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)
    try:
        return {row[0] for row in con.execute("SELECT digest FROM version WHERE state='stored' AND digest IS NOT NULL")}
    finally:
        con.close()


def test_no_content_that_was_closed_in_a_storm_is_lost(fresh: Mounted) -> None:
    storm(fresh, 2.0)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("driver", ["native", "mfusepy", "fusepy"])
def test_no_content_that_was_closed_in_a_long_storm_is_lost(fresh: Mounted) -> None:
    storm(fresh, 60.0)
