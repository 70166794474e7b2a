"""Retention, forgetting, checking: what leaves the store, and what must not."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.changes import Changes, Goal
from lsfs.errors import Conflict, Corrupt, NotFound
from lsfs.model import Fid
from lsfs.versions import Rules
from tests.lsfs.store_rig import Rig, p, rig

SECRET = b"the secret that has to go: 7f3a9c"


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def in_state(r: Rig, needle: bytes) -> list[str]:
    return [str(f) for f in r.state.rglob("*") if f.is_file() and needle in f.read_bytes()]


def noise(seed: int, size: int = 40_000) -> bytes:
    """Return bytes that do not compress, so that the store holds them as they are."""
    return random.Random(seed).randbytes(size)


def test_without_rules_nothing_is_removed(r: Rig) -> None:
    for n in range(5):
        r.save("f", f"text {n}")
    report = r.changes.gc(Rules(undo_ns=0))
    assert report.versions == 0
    assert len(r.texts("f")) == 5


def test_keep_last_lets_older_versions_go_and_gives_the_room_back(r: Rig) -> None:
    for n in range(6):
        r.save("f", noise(n))
    rules = Rules(keep_last=2, undo_ns=0)
    dry = r.changes.gc(rules, dry_run=True)
    assert (dry.versions, len(r.texts("f"))) == (4, 6)
    report = r.changes.gc(rules)
    assert report.versions == dry.versions
    assert r.texts("f") == [noise(4), noise(5)]
    with pytest.raises(NotFound, match="retention"):
        r.versions.read(r.versions.version(p("f"), 1))
    assert r.changes.check() == []


def test_what_an_undo_needs_is_not_removed(r: Rig) -> None:
    r.save("f", "one")
    with r.changes.begin(actor="user") as tx:
        tx.write(p("f"), b"two")
    r.changes.gc(Rules(keep_last=1))
    r.changes.undo()
    assert r.tree() == {"f": b"one"}


def test_pinned_versions_and_those_of_a_snapshot_stay(r: Rig) -> None:
    for n in range(4):
        r.save("f", f"text {n}")
        if n == 1:
            r.changes.snapshot("s", actor="user")
    r.changes.pin(r.versions.version(p("f"), 1))
    r.changes.gc(Rules(keep_last=1, undo_ns=0))
    assert r.texts("f") == [b"text 0", b"text 1", b"text 3"]
    r.changes.rollback([p("f")], Goal(snapshot="s"), actor="user")
    assert r.tree() == {"f": b"text 1"}


def test_the_past_never_shows_another_content_in_place_of_a_removed_one(r: Rig) -> None:
    times = []
    for n in range(3):
        r.save("f", f"text {n}")
        times.append(r.catalogue.tick())
    r.changes.pin(r.versions.version(p("f"), 1))
    r.changes.gc(Rules(keep_last=1, undo_ns=0))
    version = r.versions.version_at(p("f"), times[1])
    assert version is not None
    with pytest.raises(NotFound, match="retention"):
        r.versions.read(version)


def test_a_byte_budget_removes_the_oldest_first(r: Rig) -> None:
    for n in range(4):
        r.save("f", noise(n, 1000))
        r.save("g", noise(n + 10, 1000))
    r.changes.gc(Rules(budget_bytes=4000, undo_ns=0))
    assert r.texts("f") == [noise(2, 1000), noise(3, 1000)]
    assert r.texts("g") == [noise(12, 1000), noise(13, 1000)]


def test_forget_leaves_nothing_of_the_content_in_the_whole_state(r: Rig) -> None:
    r.save("secret.txt", SECRET)
    r.save("secret.txt", SECRET + b" and more")
    r.save("other.txt", "stays")
    with r.changes.begin(actor="user", prompt="write " + SECRET.decode(), plan={"text": SECRET.decode()}) as tx:
        tx.write(p("secret.txt"), SECRET + b" again")
    told: list[Fid] = []
    r.changes.on_forget.append(told.extend)
    fid = r.versions.file_of(p("secret.txt"))
    report = r.changes.forget([p("secret.txt")])
    assert (report.paths, report.files, report.versions, told) == ((b"secret.txt",), 1, 3, [fid])
    assert r.tree() == {"other.txt": b"stays"}
    with pytest.raises(NotFound):
        r.versions.history(p("secret.txt"))
    assert in_state(r, SECRET) == []
    assert in_state(r, b"secret.txt") == []
    assert r.texts("other.txt") == [b"stays"]
    assert r.changes.check() == []


def test_a_forgetting_that_is_refused_holds_nothing(r: Rig) -> None:
    r.save("f", "text")
    opened = [p("f")]
    r.changes = Changes(r.recorder, r.versions, r.packs, writers=lambda paths: [path for path in paths if path in opened])
    with pytest.raises(Conflict, match="open for writing"):
        r.changes.forget([p("f")])
    opened.clear()
    with r.changes.begin(actor="user") as tx:
        tx.write(p("f"), b"it is nobody's")
    assert r.tree() == {"f": b"it is nobody's"}


def test_forget_removes_a_deleted_folder_with_all_that_ever_was_in_it(r: Rig) -> None:
    r.write("d/a", SECRET)
    r.record()
    os.rename(r.root / "d/a", r.root / "d/b")
    r.record("d/a", "d/b")
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))
    r.changes.forget([p("d")])
    assert in_state(r, SECRET) == []
    with pytest.raises(NotFound):
        r.changes.forget([p("d")])


def test_forget_keeps_what_another_file_shares_and_says_so(r: Rig) -> None:
    r.save("a", SECRET)
    r.save("b", SECRET)
    assert r.changes.forget([p("a")]).shared == 1
    assert r.texts("b") == [SECRET]


def test_check_says_which_version_is_damaged_and_repair_stores_it_again(r: Rig) -> None:
    content = noise(1)
    r.save("f", content)
    r.save("old", noise(2))
    r.save("old", "new text")
    for pack in (r.state / "packs").glob("*.pack"):
        data = bytearray(pack.read_bytes())
        for needle in (content, noise(2)):
            at = data.index(needle)
            data[at + 100] ^= 0xFF
        pack.write_bytes(data)
    found = r.changes.check()
    assert {f.words.split(" cannot")[0] for f in found if f.vid} == {"version 1 of f", "version 1 of old"}
    with pytest.raises(Corrupt):
        r.versions.read(r.versions.version(p("f"), 1))
    r.changes.check(mend=True)
    assert r.versions.read(r.versions.version(p("f"), 1)) == content
    left = [f.words for f in r.changes.check() if f.vid]
    assert len(left) == 1
    assert left[0].startswith("version 1 of old")


def test_check_finds_and_mends_wrong_counts(r: Rig) -> None:
    r.save("f", "text")
    with r.catalogue.write() as con:
        con.execute("UPDATE file SET names=7")
    assert [f.words for f in r.changes.check()] == ["the number of names of f is not right"]
    assert r.changes.check(mend=True) == []


def test_fifty_edits_of_a_large_text_take_little_after_repacking(r: Rig) -> None:
    rng = random.Random(1)
    lines = [" ".join(f"{rng.getrandbits(20):x}" for _ in range(12)) for _ in range(15_000)]
    for n in range(50):
        lines.insert(rng.randrange(len(lines)), f"edit number {n}")
        r.save("text", "\n".join(lines))
    whole = r.packs.stats().bytes
    r.changes.repack()
    after = r.packs.stats().bytes
    assert after < whole
    assert after < 2 * len("\n".join(lines))
    assert r.versions.read(r.versions.version(p("text"), 50)) == "\n".join(lines).encode()
    assert r.changes.check() == []
