"""What every search structure over vectors owes, run on the exact one and on Chroma."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lsfs.embed.embedder import Vectors, unit_rows
from lsfs.index.chroma import ChromaNearest
from lsfs.index.nearest import ExactNearest, Nearest

DIMENSION = 16


def exact(_: Path) -> Nearest:
    return ExactNearest(DIMENSION)


def chroma(folder: Path) -> Nearest:
    return ChromaNearest(folder / "chroma", "test/model")


@pytest.fixture(params=[exact, chroma])
def nearest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nearest]:
    make: Callable[[Path], Nearest] = request.param
    made = make(tmp_path)
    yield made
    made.close()


def vectors(count: int) -> Vectors:
    return unit_rows(np.random.default_rng(7).standard_normal((count, DIMENSION)))


def test_an_empty_structure_finds_nothing(nearest: Nearest) -> None:
    rows, scores = nearest.nearest(vectors(1)[0], 5)
    assert (rows.tolist(), scores.tolist()) == ([], [])
    assert nearest.rows() == set()


def test_the_nearest_rows_come_best_first_with_their_cosine(nearest: Nearest) -> None:
    data = vectors(200)
    nearest.add(list(range(1000, 1200)), data)
    rows, scores = nearest.nearest(data[17], 10)
    expected = data @ data[17]
    assert rows.tolist() == [1000 + int(i) for i in np.argsort(-expected)[:10]]
    np.testing.assert_allclose(scores, np.sort(expected)[::-1][:10], atol=1e-4)


def test_more_than_there_are_is_everything(nearest: Nearest) -> None:
    nearest.add([4, 9], vectors(2))
    rows, _ = nearest.nearest(vectors(2)[1], 50)
    assert rows.tolist() == [9, 4]


def test_a_removed_row_is_not_found_and_removing_it_twice_is_no_error(nearest: Nearest) -> None:
    data = vectors(3)
    nearest.add([1, 2, 3], data)
    nearest.remove([2, 77])
    nearest.remove([2])
    assert nearest.rows() == {1, 3}
    assert 2 not in nearest.nearest(data[1], 3)[0].tolist()


def test_a_row_that_is_put_in_again_has_the_new_vector(nearest: Nearest) -> None:
    data = vectors(3)
    nearest.add([1, 2], data[:2])
    nearest.add([1], data[2:])
    rows, scores = nearest.nearest(data[2], 1)
    assert rows.tolist() == [1]
    assert scores[0] == pytest.approx(1.0, abs=1e-4)


def test_more_rows_than_a_batch_takes_go_in_and_out(nearest: Nearest) -> None:
    nearest.add(list(range(6000)), vectors(6000))
    assert len(nearest.rows()) == 6000
    nearest.remove(list(range(5900)))
    assert nearest.rows() == set(range(5900, 6000))


def test_clearing_leaves_an_empty_structure_that_can_be_filled_again(nearest: Nearest) -> None:
    nearest.add([1], vectors(1))
    nearest.clear()
    assert nearest.rows() == set()
    nearest.add([5], vectors(1))
    assert nearest.rows() == {5}


def test_cleared_vectors_are_not_on_the_disk(tmp_path: Path) -> None:
    made = ChromaNearest(tmp_path / "chroma", "m")
    data = vectors(50)
    made.add(list(range(50)), data)
    needle = data[7].astype("<f4").tobytes()
    assert any(needle in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    made.clear()
    made.add([1], data[:1])
    assert made.rows() == {1}
    made.close()
    assert not any(needle in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_what_chroma_was_given_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = ChromaNearest(tmp_path / "chroma", "m")
    first.add([1, 2], vectors(2))
    first.close()
    second = ChromaNearest(tmp_path / "chroma", "m")
    assert second.rows() == {1, 2}
    second.close()
    other = ChromaNearest(tmp_path / "chroma", "another model")
    assert other.rows() == set()
    other.close()
