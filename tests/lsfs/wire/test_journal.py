"""The journal: written by the mount, read by the engine, whoever is killed in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.wire.journal import FileStat, JournalRecord, Position, RecordKind, Tailer, Writer, decode, encode, files

RECORD = JournalRecord(
    RecordKind.RENAME, 7, b"a/\xff\n", 123, b"b", 9, FileStat(1, 2, 3), FileStat(4, 5, -6), 11, 1000, 1, b"7-2-0"
)


def records(n: int) -> list[JournalRecord]:
    return [JournalRecord(RecordKind.CONTENT, i, b"f%d" % i, i) for i in range(n)]


def read(directory: Path, position: Position = Position()) -> list[int]:  # noqa: B008
    return [r.ino for r, _ in Tailer(directory).read(position)]


@given(
    st.builds(
        JournalRecord,
        kind=st.sampled_from(RecordKind),
        ino=st.integers(0, 2**64 - 1),
        path=st.binary(max_size=4096),
        time_ns=st.integers(-(2**63), 2**63 - 1),
        path2=st.binary(max_size=4096),
        spool=st.binary(max_size=100),
    )
)
def test_a_record_comes_back_as_it_was(record: JournalRecord) -> None:
    data = encode(record, 5)
    found = decode(data)
    assert found is not None
    again, end = found
    assert end == len(data)
    assert again.seq == 5
    assert encode(again, 5) == data


@given(st.integers(0, len(encode(RECORD, 1)) - 1))
def test_a_cut_off_record_is_none(length: int) -> None:
    assert decode(encode(RECORD, 1)[:length]) is None


@given(st.integers(0, len(encode(RECORD, 1)) - 1), st.integers(1, 255))
def test_a_damaged_record_is_none(at: int, flip: int) -> None:
    data = bytearray(encode(RECORD, 1))
    data[at] ^= flip
    assert decode(bytes(data)) is None


def test_records_are_read_in_order_over_rotated_files(tmp_path: Path) -> None:
    w = Writer(tmp_path, rotate_bytes=300)
    for r in records(20):
        w.append(r)
    assert len(files(tmp_path)) > 3
    assert read(tmp_path) == list(range(20))


def test_a_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    w = Writer(tmp_path, rotate_bytes=300)
    for r in records(10):
        w.append(r)
    position = [p for _, p in Tailer(tmp_path).read(Position())][5]
    assert read(tmp_path, position) == [6, 7, 8, 9]


def test_what_follows_a_torn_record_is_read_after_the_writer_came_back(tmp_path: Path) -> None:
    w = Writer(tmp_path)
    for r in records(3):
        w.append(r)
    w.close()
    last = tmp_path / f"{files(tmp_path)[-1]:016d}.log"
    os.truncate(last, last.stat().st_size - 1)
    again = Writer(tmp_path)
    assert again.append(JournalRecord(RecordKind.CONTENT, 9, b"x", 9)) == 3
    assert read(tmp_path) == [0, 1, 9]


def test_sequence_numbers_rise_over_restarts(tmp_path: Path) -> None:
    Writer(tmp_path).append(RECORD)
    Writer(tmp_path)
    assert Writer(tmp_path).append(RECORD) == 2


def test_done_files_are_dropped_and_the_present_one_stays(tmp_path: Path) -> None:
    w = Writer(tmp_path, rotate_bytes=300)
    for r in records(10):
        w.append(r)
    tailer = Tailer(tmp_path)
    end = [p for _, p in tailer.read(Position())][-1]
    number = max(files(tmp_path))
    assert tailer.drop_done(end)
    assert files(tmp_path) == [number]
    w.append(JournalRecord(RecordKind.CONTENT, 10, b"x", 10))
    assert read(tmp_path, end) == [10]


def test_the_files_of_two_mounts_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    one, two = Writer(tmp_path, rotate_bytes=300), Writer(tmp_path, rotate_bytes=300)
    for r in records(30):
        (one if r.ino % 3 else two).append(r)
    assert read(tmp_path) == list(range(30))
    half = [p for _, p in Tailer(tmp_path).read(Position())][14]
    assert read(tmp_path, Position.parse(str(half))) == list(range(15, 30))


def test_a_file_that_a_mount_writes_stays_although_another_has_a_newer_one(tmp_path: Path) -> None:
    one, two = Writer(tmp_path), Writer(tmp_path)
    one.append(RECORD)
    two.append(RECORD)
    tailer = Tailer(tmp_path)
    position = [p for _, p in tailer.read(Position())][-1]
    assert tailer.drop_done(position) == set()
    one.append(JournalRecord(RecordKind.CONTENT, 8, b"x", 10))
    assert read(tmp_path, position) == [8]
    assert tailer.drop_done(tailer.end(), newest=True) == set()
    one.rotate()
    assert tailer.drop_done(tailer.end()) == {1}


def test_a_file_with_records_that_are_not_done_stays_when_its_mount_is_gone(tmp_path: Path) -> None:
    w = Writer(tmp_path)
    for r in records(3):
        w.append(r)
    w.close()
    first = next(p for _, p in Tailer(tmp_path).read(Position()))
    assert Tailer(tmp_path).drop_done(first, newest=True) == set()
    assert Tailer(tmp_path).drop_done(Tailer(tmp_path).end(), newest=True) == {1}


@pytest.mark.parametrize("name", ["x.log", "1.txt", "lost+found"])
def test_other_files_in_the_directory_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("not a record")
    Writer(tmp_path).append(RECORD)
    assert read(tmp_path) == [7]
