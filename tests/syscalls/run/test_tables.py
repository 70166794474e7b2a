"""Tables read for people, and what differs between two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.run.table_diff import diff_tables, table_json, table_summary, table_text
from lsfs_syscalls.run.tables import Table, delimited, records, sheets

OLD = "id,name,price\n1,starter,49\n2,team,290\n3,scale,1900\n"
NEW = "id,name,price\n1,starter,49\n2,team,310\n4,giant,9000\n"


def table(text: str) -> Table:
    found = delimited(text)
    assert found is not None
    return found


def test_rows_are_added_removed_and_changed_by_their_key() -> None:
    found = diff_tables(table(OLD), table(NEW))
    assert found.key == "id"
    assert found.added == (("4", "giant", "9000"),)
    assert found.removed == (("3", "scale", "1900"),)
    assert [(c.key, c.cells) for c in found.changed] == [("2", {"price": ("290", "310")})]
    assert found.unchanged == 1
    assert table_summary(found) == "1 row added, 1 row removed, 1 row changed (2: price: 290 -> 310)"
    assert table_text(found, table(OLD), table(NEW)).splitlines() == [
        "- id=3, name=scale, price=1900",
        "+ id=4, name=giant, price=9000",
        "~ 2: price: 290 -> 310",
    ]
    assert table_json(found)["counts"] == {"added": 1, "removed": 1, "changed": 1, "unchanged": 1}


def test_the_order_of_rows_and_columns_is_no_difference() -> None:
    again = "price,id,name\n1900,3,scale\n49,1,starter\n290,2,team\n"
    assert diff_tables(table(OLD), table(again)).same


def test_a_new_column_is_named() -> None:
    found = diff_tables(table("id,name\n1,a\n2,b\n"), table("id,name,seats\n1,a,3\n2,b,4\n"))
    assert found.columns_added == ("seats",)
    assert not found.changed
    assert table_summary(found) == "columns added: seats"


def test_rows_without_a_key_are_compared_whole() -> None:
    found = diff_tables(table("a,b\nx,1\nx,1\ny,2\n"), table("a,b\nx,1\ny,2\ny,2\n"))
    assert (found.key, found.added, found.removed) == ("", (("y", "2"),), (("x", "1"),))


def test_broken_rows_are_counted_and_do_not_stop_the_reading() -> None:
    found = table("id,name\n1,a\n2\n3,c,d\n4,d\n")
    assert (len(found.rows), found.broken) == (2, 2)


def test_columns_are_found_whatever_their_case_and_separators() -> None:
    found = table("Customer ID,Total\nC-1,5\n")
    assert found.column("customer_id") == ["C-1"]
    assert found.column("customer-id") == ["C-1"]
    assert found.column("client") is None


def test_a_json_list_of_records_is_a_table() -> None:
    found = records('{"currency": "EUR", "plans": [{"plan": "team", "monthly": 290}, {"plan": "scale", "yearly": true}]}')
    assert found is not None
    assert found.columns == ("plan", "monthly", "yearly")
    assert found.rows == (("team", "290", ""), ("scale", "", "true"))
    assert records("[1, 2]") is None
    assert records("no json") is None


def test_a_spreadsheet_has_a_table_a_sheet() -> None:
    found = sheets([("Plan", "Item\tCost\nRent\t5\n"), ("Empty", ""), ("Notes", "Remark\tBy\nfine\tAda\n")])
    assert [(t.name, t.columns, len(t.rows)) for t in found] == [("Plan", ("Item", "Cost"), 1), ("Notes", ("Remark", "By"), 1)]


@given(st.text(max_size=300))
def test_any_text_is_read_as_a_table_or_as_none(text: str) -> None:
    found = delimited(text)
    assert found is None or all(len(r) == len(found.columns) for r in found.rows)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=20))
def test_a_table_does_not_differ_from_itself(rows: list[tuple[int, int]]) -> None:
    one = Table(("k", "v"), tuple((str(a), str(b)) for a, b in rows))
    assert diff_tables(one, one).same
