"""Opening a store that was not closed, whose tail is torn, whose catalogue is gone, whose disk refuses."""

from __future__ import annotations

import random
import shutil
import sqlite3

import pytest

from lsfs.errors import Conflict, Corrupt, Unavailable
from tests.faults.disk import Fault, FaultyIO
from tests.lsfs.packs.conftest import Opener

MAGIC = b"\xa7LR\x01"


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_a_torn_tail_is_cut_and_whole_chunks_before_it_are_kept(opened: Opener) -> None:
    packs = opened()
    packs.add(noise(500))
    packs.commit([(1, b"first")])
    durable = opened.files()[0].stat().st_size
    whole = packs.add(noise(600_000, 2))
    packs.add(noise(1_500_000, 3))
    size = opened.files()[0].stat().st_size
    assert size > durable, "something was flushed before the commit"
    with opened.files()[0].open("ab") as f:
        f.truncate(size - 1000)
        f.seek(0, 2)
        f.write(MAGIC + bytes(10))
    again = opened()
    assert again.read(whole) == noise(600_000, 2)
    assert not again.has_orphans()
    assert again.verify() == []
    assert opened.files()[0].stat().st_size < size - 1000


def test_a_batch_whose_transaction_was_lost_comes_back_as_orphans(opened: Opener) -> None:
    packs = opened()
    packs.commit([(1, b"known")])
    opened.close()
    shutil.copy(opened.root / "catalogue.db", opened.root / "old")
    packs = opened()
    content = packs.add(noise(3000))
    packs.commit([(2, b"a"), (3, b"b")])
    packs.commit([(4, b"c")])
    opened.lose_catalogue()
    (opened.root / "old").rename(opened.root / "catalogue.db")
    packs = opened()
    assert packs.orphans == [(2, b"a"), (3, b"b"), (4, b"c")]
    assert packs.read(content) == noise(3000)
    with pytest.raises(Conflict, match="adopt"):
        packs.commit([(5, b"d")])
    packs = opened()
    assert len(packs.orphans) == 3, "they wait until they are adopted"
    packs.adopt()
    packs.commit([(5, b"d")])
    packs = opened()
    assert packs.orphans == []
    assert [kind for kind, _ in packs.records()] == [1, 2, 3, 4, 5]


def test_without_its_catalogue_the_store_is_rebuilt_from_the_packs(opened: Opener) -> None:
    packs = opened(seal_at=50_000)
    contents = {}
    for i in range(20):
        contents[i] = packs.add(noise(9000, i))
        packs.commit([(i, b"record %d" % i)])
    before = packs.stats()
    opened.lose_catalogue()
    packs = opened(seal_at=50_000)
    assert packs.stats() == before
    assert packs.orphans == [(i, b"record %d" % i) for i in range(20)]
    assert all(packs.read(c) == noise(9000, i) for i, c in contents.items())


def test_rebuild_with_a_catalogue_does_the_same(opened: Opener) -> None:
    packs = opened()
    content = packs.add(noise(9000))
    packs.commit([(1, b"r")])
    packs.rebuild()
    assert packs.orphans == [(1, b"r")]
    packs.adopt()
    assert packs.read(content) == noise(9000)
    packs.commit([(2, b"s")])
    assert list(packs.records()) == [(1, b"r"), (2, b"s")]


def test_a_flipped_bit_costs_a_rebuild_one_record(opened: Opener) -> None:
    packs = opened()
    contents = {}
    for i in range(6):
        contents[i] = packs.add(noise(5000, i))
        packs.commit([(i, b"record")])
    path = opened.files()[0]
    data = bytearray(path.read_bytes())
    data[data.find(noise(5000, 2)) + 100] ^= 1
    path.write_bytes(data)
    opened.lose_catalogue()
    packs = opened()
    assert [kind for kind, _ in packs.orphans] == [0, 1, 2, 3, 4, 5]
    assert [i for i, c in contents.items() if packs.has(c.digest)] == [0, 1, 3, 4, 5]
    assert [words.split(" at ")[0] for words in packs.skipped] == ["pack 1 has 5056 bytes"]


def test_a_pack_that_a_user_stored_as_a_file_is_not_taken_for_records(opened: Opener) -> None:
    packs = opened()
    packs.commit([(1, noise(3000))])
    stolen = opened.files()[0].read_bytes()
    content = packs.add(stolen + noise(10))
    packs.commit([(2, b"")])
    path = opened.files()[0]
    data = bytearray(path.read_bytes())
    data[data.rfind(stolen) - 30] ^= 1  # the header of the chunk: a rebuild looks for the next record inside the chunk
    path.write_bytes(data)
    opened.lose_catalogue()
    packs = opened()
    assert packs.orphans == [(1, noise(3000)), (2, b"")]
    assert not packs.has(content.digest)


def test_a_pack_whose_header_is_damaged_is_never_cut(opened: Opener) -> None:
    packs = opened()
    content = packs.add(noise(5000))
    packs.commit()
    path = opened.files()[0]
    size = path.stat().st_size
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    packs = opened()
    assert path.stat().st_size == size
    assert packs.read(content) == noise(5000), "the catalogue still knows the way"
    packs.add(b"more")
    packs.commit()
    assert len(opened.files()) == 2, "it is not appended to"
    opened.lose_catalogue()
    opened()
    assert path.stat().st_size == size


def test_a_pack_that_is_too_short_is_not_appended_to(opened: Opener) -> None:
    packs = opened()
    lost = packs.add(noise(5000))
    packs.commit()
    with opened.files()[0].open("r+b") as f:
        f.truncate(3000)
    packs = opened()
    kept = packs.add(noise(100, 2))
    packs.commit()
    assert opened().read(kept) == noise(100, 2)
    with pytest.raises(Corrupt):
        packs.read(lost)
    assert {d.chunk for d in packs.verify()} == {None, lost.digest}


def sync_failing_at(opened: Opener, wanted: int) -> int:
    """Return the number of the effect that is the `wanted`-th fdatasync of one add and commit."""
    io = FaultyIO()
    packs = opened(io)
    packs.add(noise(9000))
    packs.commit([(1, b"r")])
    opened.close()
    shutil.rmtree(opened.root / "packs")
    opened.lose_catalogue()
    return [i for i, name in enumerate(io.trace, 1) if name == "fdatasync"][wanted]


def test_after_a_failed_sync_everything_is_in_a_new_pack_and_the_old_one_is_left(opened: Opener) -> None:
    io = FaultyIO(Fault.EIO, sync_failing_at(opened, 1))
    packs = opened(io)
    content = packs.add(noise(9000))
    packs.commit([(1, b"r")])
    assert len(opened.files()) == 2
    assert io.trace.count("fdatasync") == 4, "header, the failing one, header of the new pack, its sync"
    opened.files()[0].unlink()
    packs = opened()
    assert packs.read(content) == noise(9000)
    assert list(packs.records()) == [(1, b"r")]


def test_on_a_full_disk_the_error_names_the_store_and_nothing_is_half_visible(opened: Opener) -> None:
    io = FaultyIO()
    packs = opened(io)
    packs.commit([(1, b"before")])
    io.full = True
    packs.add(noise(9000))
    with pytest.raises(Unavailable, match=r"packs has no room .*lsfs gc"):
        packs.commit([(2, b"never")])
    assert list(packs.records()) == [(1, b"before")]
    io.room_again()
    content = packs.add(noise(9000))
    packs.commit([(3, b"after")])
    assert list(packs.records()) == [(1, b"before"), (3, b"after")]
    packs = opened()
    assert packs.read(content) == noise(9000)
    assert packs.verify() == []


def test_a_catalogue_without_room_is_told_as_such_and_the_records_are_taken_back(opened: Opener) -> None:
    packs = opened()
    packs.commit([(1, b"before")])
    with packs._catalogue.write() as con:
        pages = con.execute("PRAGMA page_count").fetchone()[0]
        con.execute(f"PRAGMA max_page_count={pages}")

    def fill(con: sqlite3.Connection) -> None:
        con.execute("CREATE TABLE large(a)")
        con.execute("INSERT INTO large VALUES(zeroblob(1000000))")

    with pytest.raises(Unavailable, match=r"catalogue .* cannot be written .* free space"):
        packs.commit([(2, b"never")], fill)
    with packs._catalogue.write() as con:
        con.execute("PRAGMA max_page_count=1000000")
    packs.commit([(3, b"after")], fill)
    assert list(opened().records()) == [(1, b"before"), (3, b"after")]


def test_a_disk_that_refuses_at_opening_is_an_error_of_ours(opened: Opener) -> None:
    packs = opened()
    packs.commit([(1, b"r")])
    with opened.files()[0].open("ab") as f:
        f.write(b"torn")
    with pytest.raises(Unavailable, match="failed"):
        opened(FaultyIO(Fault.EIO, 1))
    assert not opened().has_orphans()
