"""The catalogue: one writer, transactions that leave nothing behind, a clock that never repeats."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(tmp_path / "catalogue.db")
    yield catalogue
    catalogue.close()


def test_a_commit_that_fails_leaves_no_transaction_open(catalogue: Catalogue) -> None:
    with catalogue.write() as con:
        con.execute("CREATE TABLE parent(id INTEGER PRIMARY KEY)")
        con.execute("CREATE TABLE child(id INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), catalogue.write() as con:
        con.execute("INSERT INTO child VALUES(7)")
    with catalogue.write() as con:
        con.execute("INSERT INTO parent VALUES(1)")
    assert catalogue.read().execute("SELECT (SELECT count(*) FROM child), (SELECT count(*) FROM parent)").fetchone() == (0, 1)


def test_an_exception_rolls_the_whole_transaction_back_nested_ones_included(catalogue: Catalogue) -> None:
    with pytest.raises(ValueError, match="no"), catalogue.write() as con:
        con.execute("CREATE TABLE a(x)")
        with catalogue.write() as inner:
            inner.execute("CREATE TABLE b(x)")
        raise ValueError("no")
    assert catalogue.read().execute("SELECT count(*) FROM sqlite_master WHERE name IN ('a', 'b')").fetchone() == (0,)


def test_the_clock_never_repeats_a_time_even_after_a_restart(tmp_path: Path) -> None:
    times = []
    for _ in range(2):
        catalogue = Catalogue(tmp_path / "catalogue.db", clock_ns=lambda: 1000)
        times += [catalogue.tick() for _ in range(3)]
        catalogue.close()
    assert times == [1000, 1001, 1002, 1003, 1004, 1005]
