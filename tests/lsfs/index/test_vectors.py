from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lsfs.catalogue import Catalogue
from lsfs.embed.embedder import Vectors, unit_rows
from lsfs.errors import DimensionMismatch
from lsfs.index.documents import Documents
from lsfs.index.passages import LivePassages
from lsfs.index.vectors import VectorStore

DIMENSION = 8


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(tmp_path / "c.db")
    Documents(made)
    yield made
    made.close()


def store(catalogue: Catalogue, tmp_path: Path, **settings: int) -> VectorStore:
    return VectorStore(tmp_path / "vectors", catalogue, "m", DIMENSION, **settings)


def vectors(count: int, seed: int = 1) -> Vectors:
    return unit_rows(np.random.default_rng(seed).standard_normal((count, DIMENSION)))


def hashes(*numbers: int) -> list[bytes]:
    return [n.to_bytes(16, "big") for n in numbers]


@pytest.mark.parametrize("copied", [0, 3, 100_000])
def test_scores_are_the_cosines_whatever_is_copied(catalogue: Catalogue, tmp_path: Path, copied: int) -> None:
    made = store(catalogue, tmp_path, copied_rows=copied)
    data = vectors(9)
    made.add(hashes(*range(9)), data)
    np.testing.assert_allclose(made.scores(data[4]), data @ data[4], atol=2e-3)
    rows = np.array([7, 2, 4])
    np.testing.assert_allclose(made.scores(data[4], rows), (data @ data[4])[rows], atol=2e-3)


def test_vectors_are_there_after_opening_again_and_beyond_a_growth(catalogue: Catalogue, tmp_path: Path) -> None:
    data = vectors(5000)
    made = store(catalogue, tmp_path)
    made.add(hashes(*range(4000)), data[:4000])
    made.add(hashes(*range(4000, 5000)), data[4000:])
    again = store(catalogue, tmp_path)
    places = again.places(hashes(*range(5000)))
    rows = np.array([places[h] for h in hashes(*range(5000))])
    np.testing.assert_allclose(again.take(rows), data, atol=2e-3)


def test_a_passage_keeps_the_vector_it_has(catalogue: Catalogue, tmp_path: Path) -> None:
    made = store(catalogue, tmp_path)
    made.add(hashes(1), vectors(1))
    made.add(hashes(1, 2, 2), vectors(3, seed=2))
    assert len(made) == 2
    np.testing.assert_allclose(made.take_rows([made.places(hashes(1))[hashes(1)[0]]]), vectors(1), atol=2e-3)


def test_rows_that_were_written_but_never_named_are_used_again(catalogue: Catalogue, tmp_path: Path) -> None:
    made = store(catalogue, tmp_path)
    made.add(hashes(1, 2), vectors(2))
    with catalogue.write() as con:  # as after a crash between the two steps
        con.execute("DELETE FROM vector WHERE hash=?", hashes(1))
    again = store(catalogue, tmp_path)
    again.add(hashes(3), vectors(1, seed=9))
    assert again.places(hashes(3)) == {hashes(3)[0]: 0}
    assert len(again) == 2


def test_forgotten_vectors_are_overwritten_on_the_disk(catalogue: Catalogue, tmp_path: Path) -> None:
    made = store(catalogue, tmp_path)
    made.add(hashes(1, 2), vectors(2))
    made.scores(vectors(1)[0])
    made.forget(hashes(1, 77))
    assert made.places(hashes(1, 2)).keys() == {hashes(2)[0]}
    (file,) = (tmp_path / "vectors").iterdir()
    on_disk = np.fromfile(file, dtype=np.float16).reshape(-1, DIMENSION)
    assert not on_disk[0].any()
    assert made.scores(vectors(1)[0])[0] == 0


def test_other_dimensions_are_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(DimensionMismatch):
        store(catalogue, tmp_path).add(hashes(1), np.ones((1, DIMENSION + 1), dtype=np.float32))


def document(catalogue: Catalogue, did: int, fid: int, *numbers: int) -> None:
    with catalogue.write() as con:
        row = (did, fid, did, 1, 2**63 - 1, "text", "", 0, 0, 1, 1)
        con.execute(
            "INSERT INTO doc(did, fid, vid, from_ns, to_ns, state, title, size, mtime_ns, lined, vectored)"
            " VALUES(?,?,?,?,?,?,?,?,?,?,?)",
            row,
        )
        for ordinal, h in enumerate(hashes(*numbers)):
            con.execute("INSERT INTO passage VALUES(?,?,?,0,1,1,NULL,NULL)", (did, ordinal, h))


def test_live_passages_follow_documents_coming_and_going(catalogue: Catalogue, tmp_path: Path) -> None:
    made = store(catalogue, tmp_path)
    made.add(hashes(1, 2, 3), vectors(3))
    document(catalogue, 10, 1, 1, 2)
    live = LivePassages(catalogue, "m")
    assert len(live) == 2
    document(catalogue, 11, 2, 2, 3, 99)
    live.replace(None, 11)
    rows, dids, ordinals = live.of([11])
    assert (rows.tolist(), dids.tolist(), ordinals.tolist()) == ([1, 2], [11, 11], [0, 1])
    live.replace(10, None)
    assert live.all()[1].tolist() == [11, 11]
    live.replace(11, 11)
    assert live.all()[1].tolist() == [11, 11]


def test_many_replacements_do_not_make_the_table_grow_without_end(catalogue: Catalogue, tmp_path: Path) -> None:
    made = store(catalogue, tmp_path)
    made.add(hashes(*range(40)), vectors(40))
    for did in range(50, 0, -1):
        document(catalogue, did, did, *range(40))
    live = LivePassages(catalogue, "m")
    for _ in range(3):
        for did in range(1, 51):
            live.replace(did, did)
    assert len(live) == 2000
    rows, dids, ordinals = live.all()
    assert sorted(zip(dids.tolist(), ordinals.tolist(), strict=True)) == [(d, o) for d in range(1, 51) for o in range(40)]
    assert rows.tolist() == ordinals.tolist()
    assert set(live.of(range(1, 51))[1].tolist()) == set(range(1, 51))


@pytest.mark.parametrize("most", [1000, 40])
def test_rows_that_were_overwritten_or_lost_are_noticed(catalogue: Catalogue, tmp_path: Path, most: int) -> None:
    kept = store(catalogue, tmp_path)
    kept.add(hashes(*range(100)), vectors(100))
    assert kept.damaged(most) == []
    (file,) = (tmp_path / "vectors").glob("*.f16")
    with file.open("r+b") as f:
        f.seek(20 * DIMENSION * 2)
        f.write(b"\xff" * 10 * DIMENSION * 2)
    assert sorted(store(catalogue, tmp_path).damaged(most)) == hashes(*range(20, 30))
    file.unlink()
    assert sorted(store(catalogue, tmp_path).damaged(most)) == hashes(*range(100))


FULL = """
import sys
from pathlib import Path
import numpy as np
from lsfs.catalogue import Catalogue
from lsfs.errors import Unavailable
from lsfs.index.documents import Documents
from lsfs.index.vectors import VectorStore
small, elsewhere = Path(sys.argv[1]), Path(sys.argv[2])
catalogue = Catalogue(elsewhere / "c.db")
Documents(catalogue)
store = VectorStore(small / "vectors", catalogue, "m", 384)
rows = np.eye(100, 384, dtype=np.float32)
names = [n.to_bytes(16, "big") for n in range(100)]
with (small / "fill").open("wb", buffering=0) as fill:
    try:
        while True:
            fill.write(bytes(4096))
    except OSError:
        pass
for _ in range(2):
    try:
        store.add(names, rows)
    except Unavailable as e:
        print(e, len(store), store.scores(rows[0]).shape)
(small / "fill").unlink()
store.add(names, rows)
print(len(store), (store.take_rows(list(store.places(names).values())).sum(axis=0)[:100] == 1).all())
"""


def test_a_full_disk_costs_no_more_than_the_vectors_until_there_is_room(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=True)
    try:
        done = subprocess.run(
            [sys.executable, "-c", FULL, str(small), str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
    refused = "vectors cannot be kept (No space left on device): free space on the disk of the state 0 (0,)\n"
    assert (done.returncode, done.stdout) == (0, refused * 2 + "100 True\n"), done.stderr
