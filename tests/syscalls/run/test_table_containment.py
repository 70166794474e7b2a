"""Tables contained in tables: by columns, bounds and rows."""

from __future__ import annotations

import csv
import io
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.run.table_containment import Contained, contained
from lsfs_syscalls.run.table_scan import Scan, scan

FULL = b"id,name,town\n1,Ada,Bonn\n2,Bo,Ulm\n3,Cy,Kiel\n"


def scans(*tables: bytes) -> list[Scan]:
    found = [scan(t) for t in tables]
    assert all(found)
    return [s for s in found if s is not None]


def test_rows_in_another_order_and_columns_in_another_order_are_the_same_rows() -> None:
    part = b"name;town;id\nCy;Kiel;3\nAda;Bonn;1\n"
    assert contained(scans(FULL, part)) == [Contained(1, 0, 2, 3)]


def test_a_table_with_fewer_columns_is_contained_if_its_rows_are() -> None:
    assert contained(scans(FULL, b"town,id\nUlm,2\n")) == [Contained(1, 0, 1, 2)]


def test_one_foreign_row_or_column_makes_it_not_contained() -> None:
    assert contained(scans(FULL, b"id,name,town\n1,Ada,Bonn\n2,Bo,Jena\n")) == []
    assert contained(scans(FULL, b"id,name,street\n1,Ada,Bonn\n")) == []


def test_values_of_one_row_are_not_taken_from_two() -> None:
    assert contained(scans(FULL, b"id,town\n1,Ulm\n")) == []


def test_equal_tables_contain_each_other() -> None:
    assert {(c.inner, c.outer) for c in contained(scans(FULL, FULL))} == {(0, 1), (1, 0)}


def test_quotes_belong_to_the_form_and_delimiters_in_them_to_the_cell() -> None:
    quoted = b'id,name,town\r\n"1","Ada","Bonn"\r\n'
    assert contained(scans(FULL, quoted)) == [Contained(1, 0, 1, 3)]
    tricky = scan(b'id,note\n1,"a, b\nand c"\n2,plain\n')
    assert tricky is not None
    assert (tricky.rows, tricky.broken) == (2, 0)


def test_broken_rows_are_left_out_and_counted() -> None:
    found = scan(b"id,name,town\n1,Ada,Bonn\n2,Bo\nx\n\n3,Cy,Kiel,extra\n2,Bo,Ulm\n")
    assert found is not None
    assert (found.rows, found.broken) == (2, 3)


def test_a_table_without_rows_is_contained_in_nothing() -> None:
    assert contained(scans(FULL, b"id,name\n")) == []


def test_a_text_is_no_table() -> None:
    assert scan(b"just a line of prose\nand another\n") is None
    assert scan(b"") is None


def test_a_first_line_with_numbers_is_a_row() -> None:
    found = scan(b"1,2\n3,4\n")
    assert found is not None
    assert (found.columns, found.rows) == (("column 1", "column 2"), 2)


def test_a_table_of_several_blocks_has_every_row() -> None:
    rng = random.Random(3)
    rows = [f'{i},{rng.random()},"quoted, {i}"' for i in range(90_000)]
    whole = "\n".join(["id,value,note", *rows]).encode()
    assert len(whole) > 2 << 20
    part = "\n".join(["id,value,note", *rng.sample(rows, 500)]).encode()
    full, inner = scans(whole, part)
    assert (full.rows, full.broken) == (90_000, 0)
    assert contained([full, inner]) == [Contained(1, 0, 500, 3)]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12), st.data())
def test_any_selection_of_rows_written_by_a_csv_writer_is_contained(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=12))

    def written(body: list[tuple[str, str]]) -> bytes:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("left", "right"), *body])
        return out.getvalue().encode()

    outer, inner = scans(written(rows), written(chosen))
    assert inner.rows == len(chosen)
    assert Contained(1, 0, len(chosen), 2) in contained([outer, inner])


def test_the_bounds_are_the_first_and_last_values() -> None:
    found = scan(b"a,b\nm,1\nc,9\nz,5\n")
    assert found is not None
    assert found.low[0] == np.uint64(int.from_bytes(b"c".ljust(8, b"\0"), "big"))
    assert found.high[0] == np.uint64(int.from_bytes(b"z".ljust(8, b"\0"), "big"))
