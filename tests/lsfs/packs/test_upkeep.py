"""Collecting garbage, forgetting, repacking, verifying."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from lsfs.errors import Corrupt, NotFound
from lsfs.packs import Content, Packs
from lsfs.packs.repack import successors
from tests.faults.disk import FaultyIO
from tests.lsfs.packs.conftest import Opener

LATER = 2**62


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def text(lines: int, seed: int = 1) -> list[bytes]:
    rng = random.Random(seed)
    return [b"%08x some words of a line %d\n" % (rng.getrandbits(32), i) for i in range(lines)]


def edits(lines: int, versions: int) -> list[bytes]:
    rng, body, out = random.Random(5), text(lines), []
    for i in range(versions):
        out.append(b"".join(body))
        body.insert(rng.randrange(len(body)), b"an inserted line, the %dth\n" % i)
    return out


def fill(packs: Packs, count: int, size: int = 20_000) -> dict[int, Content]:
    contents = {}
    for i in range(count):
        contents[i] = packs.add(noise(size, i))
        packs.commit([(1, b"%d" % i)])
    return contents


def ids(contents: Iterable[Content]) -> set[bytes]:
    return {id_ for content in contents for id_ in content.ids()}


def test_a_sweep_removes_what_is_dead_and_keeps_what_lives(opened: Opener) -> None:
    packs = opened(seal_at=100_000)
    contents = fill(packs, 40)
    kept = {i: c for i, c in contents.items() if i % 4 == 0}
    before = packs.stats()
    plan = packs.sweep(ids(kept.values()), now_ns=LATER, dry_run=True)
    assert packs.stats() == before
    report = packs.sweep(ids(kept.values()), now_ns=LATER)
    after = packs.stats()
    assert (plan.packs, plan.chunks) == (report.packs, report.chunks)
    assert report.freed == pytest.approx(before.bytes - after.bytes, rel=0.05)
    assert after.bytes < 0.45 * before.bytes
    assert all(packs.read(c) == noise(20_000, i) for i, c in kept.items())
    assert [payload for _, payload in packs.records()] == [b"%d" % i for i in range(40)]
    assert packs.verify() == []
    packs = opened(seal_at=100_000)
    assert all(packs.read(c) == noise(20_000, i) for i, c in kept.items())


def test_young_packs_full_packs_and_the_open_one_are_left_alone(opened: Opener) -> None:
    packs = opened(seal_at=100_000)
    contents = fill(packs, 20)
    kept = ids(c for i, c in contents.items() if i % 5)
    now_ns = packs._catalogue.tick()
    assert packs.sweep(set(), now_ns=now_ns).packs == 0, "younger than the grace time"
    assert packs.sweep(kept, now_ns=LATER).packs == 0, "80 % lives"


def test_content_that_is_added_while_garbage_is_collected_lives(opened: Opener) -> None:
    packs = opened(seal_at=100_000)
    fill(packs, 20)
    again: list[Content] = [packs.add(noise(20_000, 3))]

    def live() -> set[bytes]:
        again.append(packs.add(noise(20_000, 4)))
        packs.commit()
        return set()

    packs.sweep(live, now_ns=LATER)
    assert [packs.read(c) for c in again] == [noise(20_000, 3), noise(20_000, 4)]
    assert packs.stats().chunks < 10


def test_a_damaged_pack_is_left_alone_and_named(opened: Opener) -> None:
    packs = opened(seal_at=100_000)
    contents = fill(packs, 10)
    path = opened.files()[0]
    data = bytearray(path.read_bytes())
    data[data.find(noise(20_000, 1)) + 7] ^= 1
    path.write_bytes(data)
    report = packs.sweep(ids([contents[1], contents[2]]), now_ns=LATER)
    assert len(report.damaged) == 1
    assert contents[1].digest.hex() in report.damaged[0]
    assert path.exists()
    assert packs.read(contents[2]) == noise(20_000, 2)


def test_on_a_full_disk_the_reserve_makes_room_for_collecting(opened: Opener) -> None:
    class FullUntilReserveIsGone(FaultyIO):
        def unlink(self, path: str) -> None:
            super().unlink(path)
            self.full = False

    io = FullUntilReserveIsGone()
    packs = opened(io, seal_at=100_000)
    contents = fill(packs, 20)
    io.full = True
    report = packs.sweep(ids([contents[0], contents[10]]), now_ns=LATER)
    assert report.packs == 4
    assert any(name == "unlink reserve" for name in io.trace)
    assert (opened.root / "packs" / "reserve").exists(), "made again"
    assert packs.read(contents[10]) == noise(20_000, 10)


@pytest.mark.parametrize("everything", [True, False])
def test_forgotten_bytes_are_in_no_file_any_more(opened: Opener, everything: bool) -> None:
    packs = opened(seal_at=200_000)
    secret, other = b"the secret word is ALBATROSS " + noise(3000, 77), noise(3000, 78)
    content = packs.add(secret)
    packs.commit([(1, b"name of the secret"), (1, b"another")])
    dead = packs.add(other)
    kept = fill(packs, 12)
    live = ids(kept.values())
    forget = True if everything else {content.digest}
    report = packs.sweep(live, now_ns=0, forget=forget, drop_records=lambda _, payload: payload == b"name of the secret")
    everywhere = b"".join(path.read_bytes() for path in opened.files())
    assert b"ALBATROSS" not in everywhere
    assert secret[40:60] not in everywhere
    assert b"name of the secret" not in everywhere
    assert report.chunks == (2 if everything else 1)
    assert packs.has(dead.digest) is not everything
    assert (1, b"another") in list(packs.records())
    assert packs.read(kept[11]) == noise(20_000, 11)
    opened.lose_catalogue()
    packs = opened()
    packs.adopt()
    assert not packs.has(content.digest)
    assert packs.verify() == []
    with pytest.raises(NotFound):
        packs.read(content)


def test_a_patch_of_a_forgotten_base_is_made_whole(opened: Opener) -> None:
    packs = opened()
    versions = edits(800, 4)
    contents = [packs.add(data) for data in versions]
    packs.commit()
    assert packs.repack([contents]).patched == 3
    packs.sweep(ids(contents[1:]), now_ns=0, forget=True)
    assert not packs.has(contents[0].digest)
    assert [packs.read(c) for c in contents[1:]] == versions[1:]
    assert packs.verify() == []


def test_bytes_of_a_forgotten_chunk_that_repacking_left_behind_are_gone_too(opened: Opener) -> None:
    packs = opened(seal_at=400_000)
    contents = [packs.add(noise(60_000)), packs.add(noise(59_000) + b"changed")]
    packs.commit()
    fill(packs, 30)
    packs.repack([contents])
    packs.sweep(lambda: ids([contents[0]]), now_ns=0, forget={contents[1].digest})
    assert b"changed" not in b"".join(path.read_bytes() for path in opened.files())
    assert packs.read(contents[0]) == noise(60_000)


def test_fifty_edits_of_a_mebibyte_are_kept_in_600_kib(opened: Opener) -> None:
    packs = opened()
    versions = edits(30_000, 50)
    contents = []
    for data in versions:
        contents.append(packs.add(data))
        packs.commit([(1, b"v")])
    report = packs.repack([contents])
    assert 1_000_000 < len(versions[0]) < 1_200_000
    assert report.after < report.before / 20
    assert packs.stats().bytes <= 600 * 1024
    assert [packs.read(c) for c in contents] == versions
    assert packs.verify() == []
    packs = opened()
    assert packs.read(contents[49]) == versions[49]


def test_chains_are_bounded_and_repacking_again_changes_nothing(opened: Opener) -> None:
    packs = opened()
    versions = edits(500, 40)
    contents = [packs.add(data) for data in versions]
    packs.commit()
    packs.repack([contents], deepest=4)
    bases = packs._index.bases()
    for id_ in bases:
        depth, at = 0, id_
        while at in bases:
            depth, at = depth + 1, bases[at]
        assert depth <= 4
    assert packs.repack([contents], deepest=4).patched == 0
    assert [packs.read(c) for c in contents] == versions


def test_contents_that_come_and_go_make_no_cycle(opened: Opener) -> None:
    packs = opened()
    one, two = edits(500, 2)
    contents = [packs.add(data) for data in (one, two, one, two, one)]
    packs.commit()
    assert packs.repack([contents, contents[::-1], contents]).patched == 1
    assert [packs.read(c) for c in contents] == [one, two, one, two, one]


def test_ten_versions_of_a_growing_log_cost_little_more_than_the_last(opened: Opener) -> None:
    packs = opened()
    log = b"".join(text(100_000))
    packs.add(log)
    packs.commit()
    last = packs.stats().bytes
    for i in range(1, 10):
        packs.add(log[: len(log) * i // 10])
    packs.commit()
    assert packs.stats().bytes < 1.4 * last


def test_a_changed_chunk_is_paired_with_the_one_it_came_from(opened: Opener) -> None:
    packs = opened()
    data = b"".join(text(40_000))
    old, new = packs.add(data), packs.add(data[:700_000] + b"inserted" + data[700_000:])
    (pair,) = list(successors(old, new))
    assert (new.chunks.index(pair[0]), old.chunks.index(pair[1])) == (old.chunks.index(pair[1]),) * 2


def test_verify_names_what_is_damaged_and_the_rest_stays_readable(opened: Opener) -> None:
    packs = opened(seal_at=100_000)
    contents = fill(packs, 12)
    path = opened.files()[1]
    data = bytearray(path.read_bytes())
    data[data.find(noise(20_000, 5)) + 9000] ^= 0x10
    path.write_bytes(data)
    (damage,) = packs.verify()
    assert (damage.pack, damage.chunk) == (2, contents[5].digest)
    assert "does not match its hash" in damage.words
    for i, content in contents.items():
        if i == 5:
            with pytest.raises(Corrupt):
                packs.read(content)
        else:
            assert packs.read(content) == noise(20_000, i)
    packs.discard([contents[5].digest])
    packs.add(noise(20_000, 5))
    packs.commit()
    assert packs.verify() == []
    assert packs.read(contents[5]) == noise(20_000, 5)


def test_a_sample_reads_a_share_of_the_chunks_and_another_seed_another_one(opened: Opener) -> None:
    packs = opened()
    for i in range(200):
        packs.add(noise(30, i))
    packs.commit()
    with opened.files()[0].open("r+b") as f:
        f.seek(200)
        f.write(bytes(15_000))
    found = [{d.chunk for d in packs.verify(sample=0.2, seed=seed)} for seed in range(2)]
    assert all(10 < len(chunks) < 70 for chunks in found)
    assert found[0] != found[1]
    assert len({d.chunk for d in packs.verify()}) > 150


def test_a_missing_pack_is_told_once_with_what_it_took_along(opened: Opener) -> None:
    packs = opened(seal_at=100_000)
    contents = fill(packs, 8)
    opened.close()
    opened.files()[0].unlink()
    packs = opened(seal_at=100_000)
    words = [d.words for d in packs.verify()]
    assert words[0] == "pack 1 is missing"
    assert packs.read(contents[7]) == noise(20_000, 7)
    with pytest.raises(Corrupt, match="pack 1 is missing"):
        packs.read(contents[0])
