"""Contents in, contents out: sizes, streams, sparse files, commits."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import threading
import tracemalloc
from pathlib import Path

import pytest
from blake3 import blake3

from lsfs.errors import Corrupt, NotFound
from lsfs.packs import EMPTY, HOLE, Content, Packs
from lsfs.packs.intake import file_digest
from tests.lsfs.packs.conftest import Opener

SIZES = [0, 1, 47, 48, 65_535, 65_536, 65_537, 300_000]


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def add_path(packs: Packs, path: Path, *, size_hint: int | None = None) -> Content:
    fd = os.open(path, os.O_RDONLY)
    try:
        return packs.add_file(fd, size_hint=path.stat().st_size if size_hint is None else size_hint)
    finally:
        os.close(fd)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_added_is_read_before_and_after_the_commit_and_a_restart(opened: Opener, size: int) -> None:
    data, packs = noise(size), opened()
    content = packs.add(data)
    assert packs.read(content) == data
    packs.commit()
    assert packs.read(content) == data
    assert opened().read(content) == data
    assert (content.size, content.digest) == (size, blake3(data).digest())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("hint", [0, 100, 10**6])
def test_a_file_and_its_bytes_are_the_same_content_whatever_the_hint(
    opened: Opener, tmp_path: Path, size: int, hint: int
) -> None:
    packs, path = opened(), tmp_path / "file"
    path.write_bytes(noise(size))
    assert add_path(packs, path, size_hint=hint) == packs.add(noise(size))


def test_the_position_of_the_descriptor_does_not_matter(opened: Opener, tmp_path: Path) -> None:
    packs, path = opened(), tmp_path / "file"
    path.write_bytes(noise(1000))
    with path.open("rb") as f:
        f.seek(500)
        assert packs.read(packs.add_file(f.fileno(), size_hint=1000)) == noise(1000)


def test_the_same_content_is_stored_once(opened: Opener) -> None:
    packs = opened()
    packs.commit([], None)
    first = packs.add(noise(200_000))
    packs.commit()
    before = packs.stats()
    assert packs.add(noise(200_000)) == first
    packs.commit()
    assert packs.stats() == before


def test_text_is_compressed_and_noise_is_kept_as_it_is(opened: Opener) -> None:
    packs = opened()
    packs.add(b"some words of text\n" * 3000)
    packs.commit()
    text = packs.stats().bytes
    packs.add(noise(50_000))
    packs.commit()
    assert text < 2000
    assert 50_000 < packs.stats().bytes - text < 50_200


def test_packs_are_sealed_and_the_reserve_is_kept(opened: Opener) -> None:
    packs = opened(seal_at=100_000)
    contents = [packs.add(noise(30_000, i)) for i in range(20)]
    packs.commit()
    assert len(opened.files()) == 5
    assert all(path.stat().st_size < 140_000 for path in opened.files())
    assert (opened.root / "packs" / "reserve").stat().st_size == 16 << 20
    again = opened(seal_at=100_000)
    assert [again.read(c) for c in contents] == [noise(30_000, i) for i in range(20)]


def test_ranges_and_seeks_give_what_a_file_would_give(opened: Opener) -> None:
    packs, data = opened(), noise(400_000)
    content = packs.add(data)
    rng = random.Random(3)
    stream = packs.open(content)
    for _ in range(60):
        offset, length = rng.randrange(410_000), rng.randrange(200_000)
        assert packs.read(content, offset, length) == data[offset : offset + length]
        stream.seek(offset)
        assert stream.read(length) == data[offset : offset + length]
        assert stream.tell() == min(max(offset, len(data)), offset + length, max(offset, len(data)))
    stream.seek(-10, os.SEEK_END)
    assert stream.read() == data[-10:]


def test_holes_cost_nothing_and_come_back_as_holes(opened: Opener, tmp_path: Path) -> None:
    packs, path, out = opened(), tmp_path / "sparse", tmp_path / "out"
    with path.open("wb") as f:
        f.write(noise(100_000))
        f.seek(20 << 20)
        f.write(noise(5000, 2))
        f.truncate(60 << 20)
    content = add_path(packs, path)
    packs.commit()
    assert packs.stats().bytes < 130_000
    assert content.chunks.count(HOLE) == 2
    assert content.digest == blake3(path.read_bytes()).digest()
    fd = os.open(out, os.O_RDWR | os.O_CREAT)
    packs.restore(Content.decode(content.encode()), fd)
    os.close(fd)
    assert out.read_bytes() == path.read_bytes()
    assert out.stat().st_blocks <= path.stat().st_blocks + 16
    assert packs.read(content, (20 << 20) - 10, 20) == bytes(10) + noise(5000, 2)[:10]
    assert [e.data is None for e in packs.extents(content)].count(True) == 2


def test_a_file_that_is_one_hole_has_no_chunks(opened: Opener, tmp_path: Path) -> None:
    path = tmp_path / "hole"
    with path.open("wb") as f:
        f.truncate(5 << 20)
    packs = opened()
    content = add_path(packs, path)
    assert content.chunks == (HOLE,)
    assert hashlib.md5(packs.read(content)).digest() == hashlib.md5(bytes(5 << 20)).digest()


def test_a_file_that_claims_terabytes_is_taken_and_read_in_a_moment(opened: Opener, tmp_path: Path) -> None:
    packs, path, out = opened(), tmp_path / "huge", tmp_path / "out"
    size = 8 << 40
    with path.open("wb") as f:
        f.write(noise(100_000))
        f.seek(size // 2)
        f.write(noise(5000, 2))
        f.truncate(size)
    content = add_path(packs, path)
    packs.commit()
    assert (content.size, content.holes_bytes > size - 300_000) == (size, True)
    fd = os.open(out, os.O_RDWR | os.O_CREAT)
    try:
        packs.restore(Content.decode(content.encode()), fd)
        assert file_digest(fd) == content.digest
        os.pwrite(fd, b"x", size - 1)
        assert file_digest(fd) != content.digest
    finally:
        os.close(fd)
    assert packs.read(content, size // 2 - 10, 20) == bytes(10) + noise(5000, 2)[:10]
    stream = packs.open(content)
    stream.seek(size // 4)
    assert stream.read(1000) == bytes(1000)


def test_a_content_with_a_large_hole_of_an_earlier_program_is_still_read(opened: Opener, tmp_path: Path) -> None:
    packs, path, out = opened(), tmp_path / "large", tmp_path / "out"
    with path.open("wb") as f:
        f.write(noise(70_000))
        f.truncate((1 << 30) + (1 << 20))
    content = add_path(packs, path)
    packs.commit()
    hasher = blake3(noise(70_000))
    for length in (*[1 << 20] * 1024, (1 << 20) - 70_000):
        hasher.update(bytes(length))
    fd = os.open(out, os.O_RDWR | os.O_CREAT)
    try:
        packs.restore(content._replace(digest=hasher.digest()), fd)
        with pytest.raises(Corrupt):
            packs.restore(content._replace(digest=bytes(32)), fd)
    finally:
        os.close(fd)


def test_an_empty_content_needs_no_store(opened: Opener) -> None:
    packs = opened()
    assert packs.add(b"") == EMPTY
    assert packs.read(EMPTY) == b""
    assert packs.open(EMPTY).read() == b""


def test_records_come_back_in_the_order_of_their_commits(opened: Opener) -> None:
    packs = opened()
    records = [[(i % 256, b"r%d.%d" % (i, j)) for j in range(i % 4)] for i in range(30)]
    for batch in records:
        packs.commit(batch)
    flat = [record for batch in records for record in batch]
    assert list(packs.records()) == flat
    assert list(opened().records()) == flat


def test_effects_and_records_are_committed_together_or_not_at_all(opened: Opener) -> None:
    packs = opened()
    content = packs.add(b"kept for the next commit")

    def fail(con: sqlite3.Connection) -> None:
        con.execute("CREATE TABLE never(a)")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        packs.commit([(1, b"never")], fail)
    assert list(packs.records()) == []
    packs.commit([(2, b"now")])
    again = opened()
    assert list(again.records()) == [(2, b"now")]
    assert again.read(content) == b"kept for the next commit"
    opened.lose_catalogue()
    rebuilt = opened()
    assert rebuilt.orphans == [(2, b"now")]
    assert rebuilt.read(content) == b"kept for the next commit"


def test_a_chunk_that_was_never_added_is_not_found(opened: Opener) -> None:
    packs = opened()
    assert not packs.has(b"x" * 32)
    with pytest.raises(NotFound):
        packs.read(Content(b"x" * 32, 5, (b"x" * 32,), (5,)))


def test_readers_in_other_threads_see_committed_and_uncommitted_contents(opened: Opener) -> None:
    packs = opened(seal_at=200_000)
    contents: list[tuple[int, Content]] = []
    wrong: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for seed, content in contents[-20:]:
                if packs.read(content) != noise(20_000, seed):
                    wrong.append(seed)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for seed in range(60):
        contents.append((seed, packs.add(noise(20_000, seed))))
        if seed % 5 == 4:
            packs.commit()
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_large_file_is_taken_in_constant_memory(opened: Opener, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as f:
        for seed in range(24):
            f.write(noise(1 << 20, seed))
    packs = opened()
    tracemalloc.start()
    content = add_path(packs, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert content.size == 24 << 20
    assert peak < 6 << 20
