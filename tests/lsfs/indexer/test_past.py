"""After the catalogue was made again from the packs, the past is searched as before."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsfs.index_rig import WAIT_S, IndexRig, index_rig

TEXTS = ("The sourdough bread rises over night.", "A lentil soup with cumin.", "Dumplings filled with plums.")


def live(r: IndexRig) -> list[int]:
    """Give a file three contents and another an end; return the times between."""
    times: list[int] = []
    r.save("gone.txt", "The platypus lays eggs in a burrow.")
    for text in TEXTS:
        r.save("recipe.txt", text)
        times.append(r.store.catalogue.tick())
    os.chmod(r.store.root / "recipe.txt", 0o600)
    r.store.record("recipe.txt")
    times.append(r.store.catalogue.tick())
    (r.store.root / "gone.txt").unlink()
    r.store.record("gone.txt")
    r.settle()
    return times


def past_is_done(r: IndexRig) -> bool:
    until = time.monotonic() + WAIT_S
    while r.index.indexer.progress().degraded and time.monotonic() < until:
        time.sleep(0.01)
    return not r.index.indexer.progress().degraded


@pytest.fixture
def rebuilt(tmp_path: Path) -> Iterator[tuple[IndexRig, list[int]]]:
    """A root whose catalogue was lost and made again from the packs, and the times of its past."""
    with index_rig(tmp_path) as r:
        times = live(r)
    for left in (tmp_path / "state").glob("catalogue.db*"):
        left.unlink()
    with index_rig(tmp_path) as r:
        r.settle()
        yield r, times


def test_after_a_rebuild_the_past_is_found_by_words_and_by_meaning_as_it_was(rebuilt: tuple[IndexRig, list[int]]) -> None:
    r, times = rebuilt
    assert past_is_done(r)
    for word, at_ns in zip(("sourdough", "lentil", "dumplings", "dumplings"), times, strict=True):
        assert r.paths(word, at_ns=at_ns, mode="keyword") == ["recipe.txt"], word
        assert r.paths("platypus", at_ns=at_ns, mode="keyword") == ["gone.txt"]
    assert r.paths("lentil", at_ns=times[0], mode="keyword") == []
    assert r.paths("baking a loaf", at_ns=times[0], mode="semantic")[0] == "recipe.txt"
    assert r.paths("an animal of Australia", at_ns=times[0], mode="semantic")[0] == "gone.txt"
    assert r.paths("sourdough", mode="keyword") == []
    assert r.paths("platypus", mode="keyword") == []
    con = r.store.catalogue.read()
    assert con.execute("SELECT count(*) FROM doc WHERE state='text' AND vectored=0").fetchone() == (0,)
    overlaps = (
        "SELECT count(*) FROM doc a JOIN doc b ON a.fid=b.fid AND a.did<b.did AND a.from_ns<b.to_ns AND b.from_ns<a.to_ns"
    )
    assert con.execute(overlaps).fetchone() == (0,)


def test_a_root_that_lost_nothing_has_no_past_to_make(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        live(r)
        before = r.store.catalogue.read().execute("SELECT count(*) FROM doc").fetchone()
    with index_rig(tmp_path) as r:
        r.settle()
        assert r.index.indexer.progress().degraded == []
        assert r.store.catalogue.read().execute("SELECT count(*) FROM doc").fetchone() == before
