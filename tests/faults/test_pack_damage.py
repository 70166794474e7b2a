"""Flipped and cut bytes in packs: detected, never wrong bytes, other contents readable, every error one of ours."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from lsfs.catalogue import Catalogue
from lsfs.errors import Corrupt, LsfsError, NotFound
from lsfs.packs import Content, Packs

SEAL_AT = 60_000


def data_of(n: int) -> bytes:
    rng = random.Random(n)
    if n % 2:
        return rng.randbytes(1 + n * 150)
    lines = [b"line %d of a text that is compressed" % i for i in range(200)]
    lines.insert(n, b"edit %d" % n)
    return b"\n".join(lines)


def build(root: Path) -> dict[int, Content]:
    """Make a store of several packs with patches in it."""
    catalogue = Catalogue(root / "catalogue.db")
    packs = Packs(root / "packs", catalogue, seal_at=SEAL_AT)
    contents = {}
    for n in range(40):
        contents[n] = packs.add(data_of(n))
        packs.commit([(1, b"%d" % n)])
    assert packs.repack([[contents[n] for n in range(0, 40, 2)]]).patched > 10
    packs.close()
    catalogue.close()
    return contents


def damage(root: Path, seed: int) -> None:
    """Flip some bytes of the packs, or cut one."""
    rng = random.Random(seed)
    path = rng.choice(sorted((root / "packs").glob("*.pack")))
    data = bytearray(path.read_bytes())
    if seed % 4 == 3:
        del data[rng.randrange(len(data)) :]
    else:
        for _ in range(rng.choice([1, 1, 5])):
            at = rng.randrange(len(data))
            data[at] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def read_all(root: Path, contents: dict[int, Content]) -> tuple[int, int]:
    """Return (readable, told as damaged); wrong bytes fail."""
    catalogue = Catalogue(root / "catalogue.db")
    packs = Packs(root / "packs", catalogue, seal_at=SEAL_AT)
    good = bad = 0
    try:
        for n, content in contents.items():
            try:
                assert packs.read(content) == data_of(n), f"wrong bytes of {n}"
                good += 1
            except (Corrupt, NotFound):
                bad += 1
        found = packs.verify()
        told = {damage.chunk for damage in found}
        lost = {id_ for content in contents.values() for id_ in content.ids() if not packs.has(id_)}
        assert bool(told) or bool(lost) or not bad, "verify tells of what cannot be read, has() of what is not there"
        try:
            records = list(packs.records())
        except LsfsError:
            records = []
        assert set(records) <= {(1, b"%d" % n) for n in contents}
    finally:
        packs.close()
        catalogue.close()
    return good, bad


def fuzz(tmp_path: Path, seeds: range, *, without_catalogue: bool) -> None:
    (tmp_path / "sound").mkdir()
    contents = build(tmp_path / "sound")
    damaged = 0
    for seed in seeds:
        root = tmp_path / "damaged"
        shutil.copytree(tmp_path / "sound", root)
        if without_catalogue:
            for path in root.glob("catalogue.db*"):
                path.unlink()
        damage(root, seed)
        try:
            good, bad = read_all(root, contents)
            assert good + bad == 40
            damaged += bad > 0
            assert good > 0 or seed % 4 == 3 or without_catalogue
        except LsfsError as e:
            raise AssertionError(f"seed {seed}: {e}") from e
        shutil.rmtree(root)
    assert damaged > len(seeds) // 5


@pytest.mark.parametrize("without_catalogue", [False, True])
def test_damage_is_detected_and_never_gives_wrong_bytes(tmp_path: Path, without_catalogue: bool) -> None:
    fuzz(tmp_path, range(24), without_catalogue=without_catalogue)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("without_catalogue", [False, True])
def test_much_damage_is_detected_and_never_gives_wrong_bytes(tmp_path: Path, without_catalogue: bool) -> None:
    fuzz(tmp_path, range(100, 1300), without_catalogue=without_catalogue)
