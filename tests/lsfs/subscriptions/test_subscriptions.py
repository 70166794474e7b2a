"""Subscriptions: told once of every change, whatever is restarted in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lsfs.errors import BadRequest, Exists, NotFound
from lsfs.model import RelPath, VersionId
from lsfs.subscriptions.subscriptions import Subscriptions
from lsfs.subscriptions.wording import line_changes
from tests.lsfs.store_rig import Rig, p, rig


class WordMatcher:
    """An index that is always up to date, or says that it is not: a query matches the files that contain it."""

    def __init__(self, store: Rig) -> None:
        self._store = store
        self.ready = True

    def indexed(self, version: VersionId) -> bool:
        return self.ready

    def settled(self) -> bool:
        return self.ready

    def matching(self, query: str, paths: Sequence[RelPath]) -> set[RelPath]:
        return {q for q in paths if query.encode() in (self._store.root / q.decode()).read_bytes()}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as r:
        r.save("pricing.md", "team 290\n")
        r.save("notes/a.txt", "one\n")
        yield r


def told(subscriptions: Subscriptions, after: int = 0) -> list[tuple[str, str, str]]:
    subscriptions.read_feed()
    subscriptions.look()
    return [(e.kind, e.path.decode(), e.summary) for e in subscriptions.events(after=after)]


def test_a_change_of_a_watched_file_is_told_with_what_changed(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    s.subscribe(path=p("pricing.md"), actor="user")
    store.save("pricing.md", "team 310\n")
    store.save("notes/a.txt", "two\n")
    assert told(s) == [("modified", "pricing.md", "1 line added (“team 310”), 1 removed (“team 290”)")]


def test_a_watched_folder_tells_of_everything_below_it(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    s.subscribe(path=p("notes"), actor="user")
    store.save("notes/deep/b.txt", "new\n")
    (store.root / "notes/a.txt").unlink()
    store.record("notes/a.txt")
    found = [(kind, path) for kind, path, _ in told(s) if not path.endswith("deep")]
    assert found == [("created", "notes/deep/b.txt"), ("deleted", "notes/a.txt")]


def test_a_watched_file_is_followed_to_its_new_name(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    s.subscribe(path=p("pricing.md"), actor="user")
    with store.changes.begin(actor="agent:x", prompt="", plan={}) as t:
        t.move(p("pricing.md"), p("archive/prices.md"))
    store.save("archive/prices.md", "team 320\n")
    assert [(kind, path) for kind, path, _ in told(s)] == [("moved", "archive/prices.md"), ("modified", "archive/prices.md")]
    moved = s.events(after=0)[0]
    assert (moved.actor, moved.old_path, moved.summary) == ("agent:x", p("pricing.md"), "moved from pricing.md")


def test_a_path_that_does_not_exist_yet_can_be_watched(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    s.subscribe(path=p("later.txt"), actor="user")
    store.save("later.txt", "here\n")
    assert told(s) == [("created", "later.txt", "new, 5 bytes")]


def test_what_happened_before_is_not_told(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    store.save("pricing.md", "before\n")
    s.subscribe(path=p("pricing.md"), actor="user")
    assert told(s) == []


def test_nothing_is_lost_or_doubled_across_restarts(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.save("a.txt", "0")
        Subscriptions(r.recorder, r.versions).subscribe(path=p("a.txt"), actor="user")
        for n in range(1, 4):
            r.save("a.txt", str(n) * n)
    with rig(tmp_path) as r:
        s = Subscriptions(r.recorder, r.versions)
        r.save("a.txt", "while nobody listened")
        s.start()
        first = s.events(timeout_s=20, limit=2)
        assert len(first) == 2
        s.stop()
    with rig(tmp_path) as r:
        s = Subscriptions(r.recorder, r.versions)
        assert [e.seq for e in s.events()][:2] == [e.seq for e in first], "what was not acknowledged comes again"
        s.received(first[-1].seq)
        rest = s.events()
        assert len(rest) == 2
        assert {e.seq for e in rest}.isdisjoint(e.seq for e in first)
        s.read_feed()
        s.read_feed()
        assert s.events() == rest


def test_a_reader_is_woken_by_a_change(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    store.recorder.listen(s.changed)
    s.start()
    try:
        s.subscribe(path=p("pricing.md"), actor="user")
        writer = threading.Thread(target=store.save, args=("pricing.md", "changed\n"))
        writer.start()
        found = s.events(timeout_s=20)
        writer.join()
        assert [e.kind for e in found] == ["modified"]
    finally:
        s.stop()


def test_a_file_that_begins_to_match_a_query_is_told_once(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions, WordMatcher(store))
    store.save("old.txt", "an invoice of long ago")
    s.subscribe(query="invoice", actor="user")
    store.save("new.txt", "an invoice")
    store.save("old.txt", "an invoice of long ago, edited")
    store.save("other.txt", "something else")
    assert [(k, q) for k, q, _ in told(s)] == [("matches", "new.txt")]
    store.save("new.txt", "an invoice, edited")
    store.save("other.txt", "now it is an invoice too")
    assert [(k, q) for k, q, _ in told(s)] == [("matches", "new.txt"), ("matches", "other.txt")]
    store.save("new.txt", "paid")
    told(s)
    store.save("new.txt", "the invoice again")
    assert [q for _, q, _ in told(s)] == ["new.txt", "other.txt", "new.txt"]


def test_a_query_waits_for_the_index(store: Rig) -> None:
    index = WordMatcher(store)
    s = Subscriptions(store.recorder, store.versions, index)
    s.subscribe(query="invoice", actor="user")
    index.ready = False
    store.save("new.txt", "an invoice")
    s.read_feed()
    assert s.look()
    assert s.events() == []
    index.ready = True
    assert not s.look()
    assert [e.kind for e in s.events()] == ["matches"]


def test_the_same_is_not_watched_twice_and_ends_when_asked(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    s.subscribe(path=p("pricing.md"), actor="user")
    with pytest.raises(Exists):
        s.subscribe(path=p("pricing.md"), actor="user")
    assert len(s.unsubscribe(path=p("pricing.md"))) == 1
    store.save("pricing.md", "quiet\n")
    assert told(s) == []
    with pytest.raises(NotFound):
        s.unsubscribe(path=p("pricing.md"))
    with pytest.raises(BadRequest):
        s.subscribe(actor="user")
    with pytest.raises(BadRequest):
        s.subscribe(query="words", actor="user")


def test_a_forgotten_file_leaves_no_event_that_quotes_it(store: Rig) -> None:
    s = Subscriptions(store.recorder, store.versions)
    s.subscribe(path=p("notes"), actor="user")
    store.save("notes/a.txt", "the secret word\n")
    assert any("secret" in summary for _, _, summary in told(s))
    entry = store.versions.live(p("notes/a.txt"))
    assert entry is not None
    s.forget([entry.fid])
    assert s.events(after=0) == []


def test_changes_of_lines_are_counted_and_quoted() -> None:
    assert line_changes("a\nb\n", "a\nc\nd\n") == "2 lines added (“c”; “d”), 1 removed (“b”)"
    assert line_changes("a\nb\n", "a\n") == "1 line removed (“b”)"
    assert line_changes("a\n", "  a \n\n") == "only white space, or the order of lines, changed"
    assert line_changes("a\n", "a\n") == "the same"


def test_long_texts_are_compared_quickly() -> None:
    old = "\n".join(f"line {i} of a long log" for i in range(40_000))
    assert line_changes(old, old + "\nthe last one").startswith("1 line added (“the last one”)")
