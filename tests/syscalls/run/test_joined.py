"""Joined tables: the rows that SQL would give, with every column under a name of its own."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.render.answer import render
from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.run import joined
from lsfs_syscalls.run.joined import Side, csv_text, join_rows, stacked
from lsfs_syscalls.run.tables import Table
from tests.syscalls.run.rig import EngineRig, running

KEYS = st.sampled_from(["", "a", "A", " b", "c", "ß", "1"])
ROWS = st.lists(st.tuples(KEYS, st.text(max_size=3)), max_size=12)


@given(ROWS, ROWS)
def test_the_rows_are_those_of_an_inner_join(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> None:
    found = join_rows(
        Side(Table(("k", "x"), tuple(left)), "l"), Side(Table(("y", "K"), tuple((y, k) for k, y in right)), "r"), "k"
    )
    with sqlite3.connect(":memory:") as con:
        con.create_function("folded", 1, lambda text: text.strip().casefold(), deterministic=True)
        con.execute("CREATE TABLE l(k, x)")
        con.execute("CREATE TABLE r(k, y)")
        con.executemany("INSERT INTO l VALUES(?,?)", left)
        con.executemany("INSERT INTO r VALUES(?,?)", right)
        sql = "SELECT l.k, x, y FROM l JOIN r ON folded(l.k)=folded(r.k) WHERE folded(l.k)<>'' ORDER BY l.rowid, r.rowid"
        assert list(found.rows) == con.execute(sql).fetchall()
    con.close()
    assert (found.columns, found.total) == (("k", "x", "y"), len(found.rows))


def test_columns_of_both_keep_apart_and_more_rows_than_told_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "MOST_ROWS", 3)
    a = Table(("id", "name"), (("1", "x"), ("2", "y")))
    b = Table(("Name", "ID"), (("p", "1"), ("q", "1"), ("r", "2"), ("s", "2")))
    found = join_rows(Side(a, "left"), Side(b, "orders"), "id")
    assert found.columns == ("id", "name", "Name (orders)")
    assert found.rows == (("1", "x", "p"), ("1", "x", "q"), ("2", "y", "r"))
    assert found.total == 4


def test_several_joins_are_one_table_with_the_files_named() -> None:
    one = join_rows(Side(Table(("id", "a"), (("1", "x"),)), "l"), Side(Table(("id", "b"), (("1", "y"),)), "r"), "id")
    two = join_rows(Side(Table(("id", "a"), (("1", "x"),)), "l"), Side(Table(("id", "c"), (("1", "z"),)), "s"), "id")
    whole = stacked([("l.csv", "r.csv", one), ("l.csv", "s.csv", two)])
    assert whole.columns == ("left file", "right file", "id", "a", "b", "c")
    assert whole.rows == (("l.csv", "r.csv", "1", "x", "y", ""), ("l.csv", "s.csv", "1", "x", "", "z"))


def test_what_is_printed_reads_back_as_it_was() -> None:
    rows = [["a,b", 'say "x"'], ["two\nlines", ""]]
    assert list(csv.reader(io.StringIO(csv_text(["k", "v"], rows)))) == [["k", "v"], *rows]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    files = {
        "customers.csv": "customer_id,name\nC-1,Contoso\nC-2,Fjordmedia\n",
        "orders.csv": "order;Customer ID;eur\nO-1;C-1;5\nO-2;C-1;7\nO-3;C-9;1\n",
        "plans.json": '[{"customer_id": "c-2", "plan": "team"}]',
    }
    with running(tmp_path_factory.mktemp("joined"), files) as r:
        yield r


def test_tables_of_any_form_are_joined_by_their_rows(rig: EngineRig) -> None:
    answer = rig.call("join", left="customers.csv", right="orders.csv", on="customer_id", table=True)
    assert render(answer, Paint()) == "customer_id,name,order,eur\nC-1,Contoso,O-1,5\nC-1,Contoso,O-2,7"
    assert [p["right"] for p in answer["pairs"]] == ["orders.csv"]
    plans = rig.call("join", left="customers.csv", right="plans.json", on="customer id", table=True)["table"]
    assert plans == {"columns": ["customer_id", "name", "plan"], "rows": [["C-2", "Fjordmedia", "team"]]}


def test_pairs_without_tables_are_a_table_of_pairs(rig: EngineRig) -> None:
    table = rig.call("join", left="customers.csv", right="orders.csv", on="name", table=True)["table"]
    assert table == {"columns": ["left", "right", "score", "why"], "rows": []}
