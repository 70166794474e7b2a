"""Rows that are kept are given only as long as nothing was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture import known as tables
from lsfs.capture.known import Known
from tests.lsfs.store_rig import Rig, p, rig


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        for name in ("a", "b"):
            made.save(name, "one")
        yield made


def number(rows: dict[bytes, Known]) -> dict[bytes, int]:
    return {name: known.number for name, known in rows.items()}


def test_what_is_kept_is_what_the_tables_say(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [p("a"), p("b"), p("none")]
    first = r.recorder.rows.at_paths(names)
    assert first == tables.at_paths(r.catalogue.read(), names)
    monkeypatch.setattr(tables, "at_paths", lambda *_: pytest.fail("read twice"))
    assert r.recorder.rows.at_paths(names[::-1]) == first


@pytest.mark.parametrize("writes", [1, 2])
def test_after_a_write_they_are_read_again(r: Rig, writes: int) -> None:
    assert number(r.recorder.rows.at_paths([p("a"), p("b")])) == {b"a": 1, b"b": 1}
    for n in range(writes):
        r.save("a", "changed" * (n + 1))
    assert number(r.recorder.rows.at_paths([p("a"), p("b")])) == {b"a": 1 + writes, b"b": 1}


def test_a_commit_of_somebody_else_in_between_is_noticed(r: Rig) -> None:
    r.recorder.rows.at_paths([p("a")])
    with r.recorder.rows.unaffected():
        r.catalogue.set_meta("some", "thing")
        r.save("a", "changed")
    assert number(r.recorder.rows.at_paths([p("a")])) == {b"a": 2}


def test_nothing_that_is_not_committed_is_kept(r: Rig) -> None:
    with pytest.raises(ZeroDivisionError), r.catalogue.write() as con:
        con.execute("UPDATE file SET size=999")
        assert {k.size for k in r.recorder.rows.at_paths([p("a")]).values()} == {999}
        raise ZeroDivisionError
    assert {k.size for k in r.recorder.rows.at_paths([p("a")]).values()} == {3}


def test_a_transaction_lets_them_go_at_its_end(r: Rig) -> None:
    with r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"two")
    assert not r.recorder.rows._found
