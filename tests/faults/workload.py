"""A scripted run over a store, and the invariants that must hold after it, wherever it was stopped.

The caller played here keeps versions: a table `kept(n, content)` in the catalogue, a record (KEPT, n + content) for each and
(GONE, n) for each it removes. After every acknowledged commit it writes a line into a ledger outside the store.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

from lsfs.catalogue import Catalogue
from lsfs.errors import Unavailable
from lsfs.packs import Content, Packs
from lsfs.packs.diskio import REAL_IO, DiskIO

KEPT, GONE = 1, 2
SEAL_AT = 48 * 1024
VERSIONS = 26
_LATER = 2**62  # a time after everything


def data_of(n: int) -> bytes:
    """Return the bytes of version `n`: small and large, new and repeated, noise and a text that changes by a line."""
    rng = random.Random(n)
    if n % 13 == 4:
        return rng.randbytes(90_000)
    if n % 13 == 7:
        return b""
    if n % 13 == 9:
        return data_of(n - 3)
    if n % 3 == 0:
        lines = [f"{random.Random(i).randbytes(20).hex()} line {i}".encode() for i in range(300)]
        lines.insert(n * 7 % 300, b"version %d" % n)
        return b"\n".join(lines)
    return rng.randbytes(rng.randint(1, 9000))


class Caller:
    """The keeper of versions."""

    def __init__(self, root: Path, io: DiskIO = REAL_IO) -> None:
        self.catalogue = Catalogue(root / "catalogue.db")
        with self.catalogue.write() as con:
            con.execute("CREATE TABLE IF NOT EXISTS kept(n INTEGER PRIMARY KEY, content BLOB NOT NULL)")
        self.packs = Packs(root / "packs", self.catalogue, io, seal_at=SEAL_AT)
        if self.packs.has_orphans():
            orphans = self.packs.orphans
            self.packs.adopt(lambda con: apply_records(con, orphans))
        self._ledger = os.open(root / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def keep(self, numbers: list[int]) -> None:
        """Add versions as one commit."""
        contents = [(n, self.packs.add(data_of(n))) for n in numbers]
        records = [(KEPT, n.to_bytes(4, "big") + content.encode()) for n, content in contents]
        self.packs.commit(records, lambda con: apply_records(con, records))
        self.acknowledge("+", numbers)

    def drop(self, numbers: list[int]) -> None:
        """Remove versions and say so in the packs."""
        self.acknowledge("?", numbers)
        records = [(GONE, n.to_bytes(4, "big")) for n in numbers]
        self.packs.commit(records, lambda con: apply_records(con, records))
        self.acknowledge("-", numbers)

    def kept(self) -> dict[int, Content]:
        rows = self.catalogue.read().execute("SELECT n, content FROM kept ORDER BY n")
        return {n: Content.decode(content) for n, content in rows}

    def live(self) -> set[bytes]:
        return {id_ for content in self.kept().values() for id_ in content.ids()}

    def sweep(self, *, forget: bool = False) -> None:
        gone = {payload for kind, payload in self.packs.records() if kind == GONE}
        self.packs.sweep(
            self.live,
            now_ns=_LATER,
            forget=forget,
            drop_records=lambda kind, payload: kind == KEPT and payload[:4] in gone,
        )

    def repack(self) -> None:
        self.packs.repack([[c for n, c in self.kept().items() if n % 3 == 0]])

    def back_up(self, path: Path) -> None:
        """Copy the catalogue."""
        with contextlib.closing(sqlite3.connect(path)) as target:
            self.catalogue.read().backup(target)

    def acknowledge(self, sign: str, numbers: list[int]) -> None:
        os.write(self._ledger, "".join(f"{sign}{n}\n" for n in numbers).encode())

    def close(self) -> None:
        self.packs.close()
        self.catalogue.close()
        os.close(self._ledger)


def apply_records(con: sqlite3.Connection, records: list[tuple[int, bytes]]) -> None:
    for kind, payload in records:
        n = int.from_bytes(payload[:4], "big")
        if kind == KEPT:
            con.execute("INSERT OR REPLACE INTO kept VALUES(?, ?)", (n, payload[4:]))
        else:
            con.execute("DELETE FROM kept WHERE n=?", (n,))


def script(caller: Caller) -> list[Callable[[], None]]:
    """Return the steps: commits that fill packs, a collection, repacking, forgetting, and commits after them."""
    steps: list[Callable[[], None]] = []

    def keep(*numbers: int) -> None:
        steps.append(lambda: caller.keep(list(numbers)))

    for n in range(0, 12, 2):
        keep(n, n + 1)
    steps.append(lambda: caller.drop([1, 2, 4, 5, 8]))
    steps.append(caller.sweep)
    keep(12, 13, 14)
    keep(15)
    steps.append(caller.repack)
    keep(17, 18)
    steps.append(lambda: caller.drop([0, 6, 17]))
    steps.append(lambda: caller.sweep(forget=True))
    keep(20, 21, 22)
    keep(24, 25)
    return steps


def run(root: Path, io: DiskIO, retry: Callable[[], None] | None = None) -> None:
    """Run the script; with `retry`, a step that the disk refuses is done again after calling it."""
    caller = Caller(root, io)
    for number, step in enumerate(script(caller)):
        caller.back_up(root / f"backup-{number:02d}")
        try:
            step()
        except Unavailable:
            if retry is None:
                raise
            retry()
            step()
    if retry is not None:
        check_contents(caller, root)
    caller.close()


def check(root: Path) -> None:
    """Open the store again and check every invariant."""
    caller = Caller(root)
    try:
        check_contents(caller, root)
        assert caller.packs.verify() == []
    finally:
        caller.close()
    state = _files(root)
    caller = Caller(root)
    try:
        assert not caller.packs.has_orphans()
        assert _files(root) == state, "a second recovery changed something"
        kept = caller.kept()
        caller.keep([100, 101])
        assert caller.packs.read(caller.kept()[100]) == data_of(100)
    finally:
        caller.close()
    _check_rebuild(root, {**kept, 100: None, 101: None})


def check_contents(caller: Caller, root: Path) -> None:
    """Everything acknowledged is there and right, and nothing is there that never was."""
    kept = caller.kept()
    for n in acknowledged(root):
        assert n in kept, f"version {n} was acknowledged and is gone"
    for n, content in kept.items():
        assert caller.packs.read(content) == data_of(n), f"version {n} has other bytes"


def acknowledged(root: Path) -> set[int]:
    """Return the versions that must be there by the ledger."""
    there: set[int] = set()
    for line in (root / "ledger").read_text().split() if (root / "ledger").exists() else []:
        (there.add if line[0] == "+" else there.discard)(int(line[1:]))
    return there


def _files(root: Path) -> dict[str, int]:
    return {p.name: p.stat().st_size for p in (root / "packs").iterdir() if p.suffix == ".pack"}


def _check_rebuild(root: Path, kept: dict[int, Content | None]) -> None:
    """Without its catalogue, the store comes back from the packs alone."""
    for path in root.glob("catalogue.db*"):
        path.unlink()
    caller = Caller(root)
    try:
        assert caller.kept().keys() == kept.keys()
        check_contents(caller, root)
        assert caller.packs.verify() == []
    finally:
        caller.close()
