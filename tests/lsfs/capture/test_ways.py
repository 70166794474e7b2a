"""Where inodes went, as the journal tells, and whose content they had."""

from __future__ import annotations

from itertools import count

from lsfs.capture.ways import EXCHANGE, Way, Ways
from lsfs.wire.journal import JournalRecord, RecordKind


class Journal:
    """Records in order, followed as they come."""

    def __init__(self) -> None:
        self.ways = Ways()
        self._seq = count(1)

    def tell(self, kind: RecordKind, ino: int, path: str, path2: str = "", ino2: int = 0, flags: int = 0) -> JournalRecord:
        seq = next(self._seq)
        r = JournalRecord(kind, ino, path.encode(), 1, path2=path2.encode(), ino2=ino2, flags=flags, seq=seq)
        self.ways.follow([r])
        return r


def test_what_was_renamed_over_a_name_belongs_to_that_name() -> None:
    j = Journal()
    j.tell(RecordKind.CREATE, 7, ".tmp")
    closed = j.tell(RecordKind.CONTENT, 7, ".tmp")
    assert j.ways.of(closed) == Way((b".tmp",), b".tmp")
    j.tell(RecordKind.RENAME, 7, ".tmp", "a", ino2=5)
    assert j.ways.of(closed) == Way((b"a",), b"a")
    j.tell(RecordKind.RENAME, 9, ".tmp", "a", ino2=7)
    assert j.ways.of(closed) == Way((b"a",), None)


def test_what_was_moved_to_a_backup_name_belongs_to_the_name_that_it_was_written_under() -> None:
    j = Journal()
    j.tell(RecordKind.CREATE, 7, "a")
    j.tell(RecordKind.RENAME, 7, "a", "a~", ino2=3)
    assert j.ways.of(j.tell(RecordKind.BEFORE, 7, "a~")) == Way((b"a",), b"a~")
    j.tell(RecordKind.UNLINK, 7, "a~")
    assert j.ways.of(j.tell(RecordKind.CREATE, 7, "a~")).names == (b"a~",)


def test_a_file_takes_its_history_along_to_a_free_name() -> None:
    j = Journal()
    closed = j.tell(RecordKind.CONTENT, 7, "a")
    j.tell(RecordKind.RENAME, 7, "a", "b")
    assert j.ways.of(closed) == Way((b"b", b"a"), b"b")


def test_an_exchange_moves_both() -> None:
    j = Journal()
    one, two = j.tell(RecordKind.CONTENT, 1, "a"), j.tell(RecordKind.CONTENT, 2, "b")
    j.tell(RecordKind.RENAME, 1, "a", "b", ino2=2, flags=EXCHANGE)
    assert (j.ways.of(one).place, j.ways.of(two).place) == (b"b", b"a")


def test_an_inode_number_that_is_used_again_begins_a_new_way() -> None:
    j = Journal()
    for n in range(20):
        ino = 7 + n % 2
        j.tell(RecordKind.CREATE, ino, ".tmp")
        closed = j.tell(RecordKind.CONTENT, ino, ".tmp")
        assert j.ways.of(closed) == Way((b".tmp",), b".tmp")
        j.tell(RecordKind.RENAME, ino, ".tmp", "a", ino2=15 - ino if n else 1)
        assert j.ways.of(closed) == Way((b"a",), b"a")


def test_old_steps_are_let_go_of() -> None:
    j = Journal()
    for n in range(30_000):
        j.tell(RecordKind.CREATE, n, f"f{n}")
    last = j.tell(RecordKind.RENAME, 29_999, "f29999", "g")
    assert j.ways.of(last).names == (b"g", b"f29999")
    assert j.ways.of(j.tell(RecordKind.CONTENT, 1, "f1")) == Way((b"f1",), b"f1")
