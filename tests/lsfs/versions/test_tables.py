"""The tables: the tree in time, history pages, and that they can be made again from the packs alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture import Dirty
from lsfs.capture.kept import Kept
from lsfs.catalogue import Catalogue
from lsfs.changes import Goal
from lsfs.errors import NotFound
from lsfs.packs import Packs
from lsfs.versions import Versions
from lsfs.versions.applying import apply_all
from lsfs.versions.records import decode
from lsfs.versions.schema import SCHEMA
from tests.lsfs.store_rig import Rig, p, rig

TABLES = ("file", "dentry", "version", "tx", "effect", "step", "tag", "snapshot", "lock", "lock_change", "pin", "kept")


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def rows(con: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    # What was only read again (a stat without a change) is not in the packs.
    columns = "fid, kind, vid, number, size, names" if table == "file" else "*"
    return sorted(con.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)


def a_life(r: Rig) -> None:
    for name in ("a", "d/b", "d/c"):
        r.write(name, f"text of {name}")
    r.record()
    os.link(r.root / "a", r.root / "hard")
    os.symlink("a", r.root / "soft")
    r.record()
    os.rename(r.root / "d", r.root / "e")
    r.write("a", "changed")
    r.record(Dirty(p("e"), old_path=p("d")), "a")
    with r.changes.begin(actor="user", prompt="one") as tx:
        tx.write(p("e/b"), b"by lsfs")
        tx.set_tags(p("a"), add=["x", "y"])
        tx.lock(p("soft"))
    with r.changes.begin(actor="user", prompt="two") as tx:
        tx.set_tags(p("a"), remove=["y"])
        tx.delete(p("e"))
    r.changes.undo()
    r.changes.snapshot("now", actor="user")
    for key in (b"one", b"two", b"one"):
        Kept(r.recorder, "test").put(key, b"value of " + key, fid=1)
    Kept(r.recorder, "test").remove([b"two"])
    r.changes.rollback([p("e/b")], Goal(version=1), actor="user")
    r.changes.begin(actor="user", prompt="cut off").write(p("z"), b"half")


def test_tables_made_again_from_the_packs_alone_are_those_that_were_lost(r: Rig, tmp_path: Path) -> None:
    a_life(r)
    before = {t: rows(r.catalogue.read(), t) for t in TABLES}
    catalogue = Catalogue(tmp_path / "again.db")
    packs = Packs(tmp_path / "state" / "packs", catalogue)
    versions = Versions(catalogue, packs)
    after = {t: rows(catalogue.read(), t) for t in TABLES}
    assert versions.imported > 20
    for table in TABLES:
        assert after[table] == before[table], table
    assert not packs.has_orphans()
    assert catalogue.tick() > max(int(str(row[3])) for row in before["version"])
    packs.close()
    catalogue.close()


def test_records_applied_together_give_the_tables_that_they_give_one_by_one_and_twice(r: Rig, tmp_path: Path) -> None:
    a_life(r)
    records = [record for kind, data in r.packs.records() if (record := decode(kind, data)) is not None]
    ways = ([records], [[record] for record in records], [records[:9], records, records[5:]])
    found = []
    for number, way in enumerate(ways):
        catalogue = Catalogue(tmp_path / f"way{number}.db")
        catalogue.register(SCHEMA)
        with catalogue.write() as con:
            for part in way:
                apply_all(con, part)
        found.append({t: rows(catalogue.read(), t) for t in TABLES})
        catalogue.close()
    assert found[0] == found[1]
    assert found[0] == {**found[2], "step": found[0]["step"]}  # steps of a transaction that ended come again with its record


def test_the_tree_as_of_each_moment_is_what_the_disk_held_then(r: Rig) -> None:
    moments: list[tuple[int, set[str]]] = []

    def remember() -> None:
        r.record()
        disk = {str(x.relative_to(r.root)) for x in r.root.rglob("*")}
        moments.append((r.catalogue.tick(), disk))

    r.write("a", "1")
    r.write("d/b", "2")
    remember()
    os.rename(r.root / "d", r.root / "e")
    remember()
    os.unlink(r.root / "a")
    r.write("e/c", "3")
    remember()
    r.write("a", "again")
    os.unlink(r.root / "e/b")
    remember()
    for at_ns, disk in moments:
        assert {os.fsdecode(e.path) for e in r.versions.list(at_ns=at_ns, recursive=True)} == disk
        assert {os.fsdecode(e.path) for e in r.versions.list(at_ns=at_ns)} == {d for d in disk if "/" not in d}
    assert r.versions.list(p("d"), at_ns=moments[0][0])[0].path == b"d/b"
    assert r.versions.list(p("d")) == []


def test_history_comes_in_pages_newest_first(r: Rig) -> None:
    for n in range(1, 8):
        r.save("f", f"text {n}")
    first = r.versions.history(p("f"), limit=3)
    assert [v.number for v in first] == [7, 6, 5]
    assert [v.number for v in r.versions.history(p("f"), limit=3, before=5)] == [4, 3, 2]
    middle = r.versions.version(p("f"), 4)
    since = r.versions.history(p("f"), since_ns=middle.at_ns)
    until = r.versions.history(p("f"), until_ns=middle.at_ns)
    assert ([v.number for v in since], [v.number for v in until]) == ([7, 6, 5, 4], [4, 3, 2, 1])


def test_a_version_that_is_not_there_is_named(r: Rig) -> None:
    r.save("f", "text")
    with pytest.raises(NotFound, match="no version 9"):
        r.versions.version(p("f"), 9)
    with pytest.raises(NotFound, match="no file"):
        r.versions.history(p("nothing"))
    os.unlink(r.root / "f")
    r.record("f")
    with pytest.raises(NotFound, match="end of a deleted file"):
        r.versions.read(r.versions.history(p("f"))[0])


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("docs/flash-caching.md", "docs/flash-caching.md"),
        ("flash-caching.md", "docs/flash-caching.md"),
        ("flash caching", "docs/flash-caching.md"),
        ("Flash-Caching", "docs/flash-caching.md"),
        ("budget", "money/budget_2026.xlsx"),
        ("bugdet_2026", "money/budget_2026.xlsx"),
        ("docs", "docs"),
    ],
)
def test_a_name_as_people_write_it_finds_its_file(r: Rig, text: str, best: str) -> None:
    for name in ("docs/flash-caching.md", "docs/other.md", "money/budget_2026.xlsx", "readme.md"):
        r.write(name, name)
    r.record()
    assert os.fsdecode(r.versions.resolve_name(text)[0].path) == best


def test_deleted_names_are_found_where_asked(r: Rig) -> None:
    r.save("gone.txt", "x")
    os.unlink(r.root / "gone.txt")
    r.record("gone.txt")
    assert r.versions.resolve_name("gone.txt") == []
    (found,) = r.versions.resolve_name("gone.txt", deleted=True)
    assert (found.path, found.deleted) == (b"gone.txt", True)


def test_live_stats_lead_a_compare_with_the_disk_to_what_changed(r: Rig) -> None:
    r.write("a", "1")
    r.write("b", "2")
    r.record()
    with r.catalogue.write() as con:
        con.execute("UPDATE file SET racy=0")
    r.write("b", "another length")
    known: dict[bytes, list[int]] = {path: rest for path, *rest in r.versions.live_stats()}
    disk = {os.fsencode(x.name): x.stat() for x in r.root.iterdir()}
    changed = {path for path, st in disk.items() if known[path] != [st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns]}
    assert changed == {b"b"}


def test_what_is_left_of_a_history_stays_reachable_when_a_pack_is_gone(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        for text in ("one", "two"):
            r.save("d/f", text)
            r.save("gone", text)
    (first,) = (tmp_path / "state/packs").glob("*.pack")
    first.unlink()
    with rig(tmp_path) as r:
        r.save("d/f", "three")
        with r.changes.begin(actor="user") as tx:
            tx.write(p("d/f"), b"four")
            tx.write(p("d/new"), b"new")
        assert r.versions.read(r.versions.history(p("d/f"))[0]) == b"four"
    for left in (tmp_path / "state").glob("catalogue.db*"):
        left.unlink()
    with rig(tmp_path) as r:
        r.record()
        assert r.texts("d/f") == [b"three", b"four"]
        assert [v.number for v in r.versions.history(p("d/f"))] == [4, 3]
        said = [f.words for f in r.changes.check()]
        assert said == ["the beginning of the history of d/f is lost (a pack is missing or damaged)"]
        r.changes.rollback([p("d/f")], Goal(steps=1), actor="user")
        assert r.tree()["d/f"] == b"three"
