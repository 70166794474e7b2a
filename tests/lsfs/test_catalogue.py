"""The catalogue: one writer, transactions that leave nothing behind, a clock that never repeats."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.catalogue import Catalogue, is_full
from lsfs.errors import LsfsError, Unavailable


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


def full(con: sqlite3.Connection) -> None:
    """Let the file grow no more."""
    pages = con.execute("PRAGMA page_count").fetchone()[0]
    con.execute(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_is_said_in_words_in_and_at_the_end_of_a_transaction(catalogue: Catalogue) -> None:
    with catalogue.write() as con:
        con.execute("CREATE TABLE large(a)")
        full(con)
    for many in (False, True):
        with pytest.raises(Unavailable, match="free space on its disk") as caught, catalogue.write() as con:
            if many:
                con.executemany("INSERT INTO large VALUES(?)", [(b"x" * 1_000_000,)])
            con.execute("INSERT INTO large VALUES(zeroblob(1000000))")
        assert is_full(caught.value.__cause__)
    with pytest.raises(Unavailable):
        catalogue.set_meta("key", "x" * 1_000_000)
    assert catalogue.read().execute("SELECT count(*) FROM large").fetchone() == (0,)


def test_a_disk_that_cannot_be_read_is_said_in_words_and_not_taken_for_a_damaged_catalogue(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    catalogue = Catalogue(tmp_path / "state/catalogue.db")
    (tmp_path / "state").rename(tmp_path / "elsewhere")
    said: list[Exception] = []

    def read() -> None:
        try:
            catalogue.read()
        except LsfsError as e:
            said.append(e)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join(10)
    (tmp_path / "elsewhere").rename(tmp_path / "state")
    catalogue.close()
    assert [type(e) for e in said] == [Unavailable]
    assert "check the disk" in str(said[0])


def test_other_errors_of_a_statement_pass_and_rows_are_read_in_every_way(catalogue: Catalogue) -> None:
    with catalogue.write() as con:
        con.execute("CREATE TABLE t(a)")
        con.executemany("INSERT INTO t VALUES(?)", ((n,) for n in range(3)))
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            con.execute("SELECT * FROM missing")
    read = catalogue.read().execute
    assert [row[0] for row in read("SELECT a FROM t")] == [0, 1, 2]
    assert read("SELECT a FROM t").fetchall() == [(0,), (1,), (2,)]
    assert next(iter(read("SELECT a FROM t"))) == (0,)
