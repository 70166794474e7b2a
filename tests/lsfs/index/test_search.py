"""Searches over real files, the real model and the real version store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.errors import NotFound
from lsfs.index.query import Query
from lsfs.model import RelPath
from tests.lsfs.index_rig import IndexRig, index_rig, name

FILES: dict[str, str | bytes] = {
    "recipes/bread.md": "# Sourdough bread\n\nFeed the starter.\n\nBake the loaf for forty minutes in a hot oven.\n",
    "recipes/soup.md": "---\nauthor: Ann Bee\n---\n# Lentil soup\n\nCook the lentils with carrots and cumin.\n",
    "work/cache.py": '"""An LRU cache."""\n\n\nclass EvictionPolicy:\n    def evictOldest(self):\n        return None\n',
    "work/minutes.txt": "Author: Wei Chen, Ana Ferreira\nSubject: Budget\n\nWe agreed on the budget for flash drives.\n",
    "work/data.csv": "customer,city\n1,Lisbon\n2,Ulm\n",
    "work/Käse preis.txt": "Der Käse kostet fünf Euro und das ist nicht zu viel für einen guten Käse aus der Region.\n",
    "picture.bin": bytes(range(256)) * 8,
    "empty.txt": "",
}


@pytest.fixture
def r(tmp_path: Path) -> Iterator[IndexRig]:
    with index_rig(tmp_path) as made:
        for path, content in FILES.items():
            made.store.write(path, content)
        made.store.record()
        made.settle()
        yield made


def test_files_are_found_by_words_and_by_meaning(r: IndexRig) -> None:
    assert r.paths("sourdough")[0] == "recipes/bread.md"
    assert r.paths("how to make a vegetable stew", mode="semantic")[0] == "recipes/soup.md"
    assert r.paths("how to make a vegetable stew")[0] == "recipes/soup.md"
    assert r.paths("baking loaves", mode="keyword") == ["recipes/bread.md"]


def test_a_hit_shows_the_line_that_fits(r: IndexRig) -> None:
    (hit, *_) = r.search("hot oven").hits
    assert (hit.line, hit.snippet) == (5, "Bake the loaf for forty minutes in a hot oven.")
    assert set(hit.parts) == {"words", "meaning", "coverage"}


def test_a_hit_in_code_names_the_symbol(r: IndexRig) -> None:
    (hit, *_) = r.search("evictOldest", mode="keyword").hits
    assert (hit.path, hit.line, hit.place) == (b"work/cache.py", 5, "evictOldest")


def test_nothing_matches_what_is_not_there(r: IndexRig) -> None:
    assert r.search("volcanic eruptions of Jupiter's moons").hits == []
    assert r.search("xyzzyplugh", mode="keyword").total == 0


def test_files_are_found_by_name_author_and_parts_of_identifiers(r: IndexRig) -> None:
    assert r.paths("picture", mode="keyword") == ["picture.bin"]
    assert r.paths("Ferreira", mode="keyword") == ["work/minutes.txt"]
    assert r.paths("eviction policy", mode="keyword")[0] == "work/cache.py"
    assert r.paths("kase", mode="keyword") == ["work/Käse preis.txt"]


def test_keywords_all_any_and_none_are_exact_with_exact_counts(r: IndexRig) -> None:
    assert r.paths(keywords=("budget", "flash drives")) == ["work/minutes.txt"]
    assert r.search(any_keywords=("lentils", "loaf"), k=1).total == 2
    assert r.paths(keywords=("the",), exclude=("oven", "budget")) == ["recipes/soup.md"]
    assert r.paths(keywords=("lentil",), name="*.py") == []
    assert r.paths(keywords=("lentils",), exclude=("lent*",)) == []
    assert r.paths(keywords=("picture",)) == ["picture.bin"]


def test_conditions_on_path_name_type_and_size(r: IndexRig) -> None:
    assert set(r.paths(under=RelPath(b"recipes"))) == {"recipes/bread.md", "recipes/soup.md"}
    assert r.paths(under=RelPath(b"recipe")) == []
    assert r.paths(under=RelPath(b"work/data.csv")) == ["work/data.csv"]
    assert r.paths(name="M*.TXT") == ["work/minutes.txt"]
    assert r.paths(name="work/*.py") == ["work/cache.py"]
    assert r.paths(type="spreadsheet") == ["work/data.csv"]
    assert r.paths(type="python") == ["work/cache.py"]
    assert r.paths(size_min=2048) == ["picture.bin"]
    assert r.paths(size_max=0) == ["empty.txt"]
    assert r.paths(files=(RelPath(b"work/data.csv"), RelPath(b"gone"))) == ["work/data.csv"]
    assert r.paths("bread", files=()) == []


def test_a_list_of_names_finds_those_files_whatever_the_names_are(r: IndexRig) -> None:
    odd = [b"q\"uo'te\\.txt", "новый\u2028день.txt".encode(), b"line\nfeed.txt", b"not-utf8-\xff\xfe.txt", b"%s {0}?.txt"]
    for number, path in enumerate(odd):
        Path(os.fsdecode(os.fsencode(r.store.root) + b"/" + path)).write_text(f"plain text number {number}\n")
    r.store.record()
    r.settle()
    readable = [RelPath(path) for path in odd if path != b"not-utf8-\xff\xfe.txt"]
    for asked in (odd, readable, odd[:1], [*readable, b"work/data.csv", b"work/data.csv"]):
        hits = r.search(files=tuple(map(RelPath, asked))).hits
        assert {hit.path for hit in hits} == set(asked)
    many = tuple(RelPath(b"gone-%d" % n) for n in range(6_000))
    assert r.paths(files=(*many, RelPath(b"work/data.csv"))) == ["work/data.csv"]
    assert r.paths(files=(*many[:4_000], RelPath(b"work/data.csv")), type="spreadsheet") == ["work/data.csv"]
    assert r.paths(files=(RelPath(b"work/data.csv"),), type="python") == []


def test_conditions_on_people_language_and_tags(r: IndexRig) -> None:
    assert r.paths(authors=("Chen", "Ana Ferreira")) == ["work/minutes.txt"]
    assert r.paths(authors=("Chen", "Bee")) == []
    assert set(r.paths(any_authors=("Chen", "Bee"))) == {"work/minutes.txt", "recipes/soup.md"}
    assert r.paths(language="de") == ["work/Käse preis.txt"]
    with r.store.changes.begin(actor="user", prompt="", plan={}) as tx:
        tx.set_tags(RelPath(b"work/data.csv"), ["Important"], [])
    assert r.paths(tags=("important",)) == ["work/data.csv"]
    assert r.paths(tags=("important", "other")) == []


def test_conditions_on_modification_time_include_both_ends(r: IndexRig) -> None:
    os.utime(r.store.root / "work/data.csv", ns=(10, 5_000_000_000))
    r.store.record("work/data.csv")
    r.settle()
    assert r.paths(until_ns=5_000_000_000) == ["work/data.csv"]
    assert r.paths(until_ns=4_999_999_999) == []
    assert "work/data.csv" not in r.paths(since_ns=5_000_000_001)


def test_conditions_narrow_a_ranked_search(r: IndexRig) -> None:
    assert r.paths("budget for flash drives", under=RelPath(b"recipes"), mode="keyword") == []
    found = r.paths("food to cook", under=RelPath(b"recipes"))
    assert set(found) <= {"recipes/bread.md", "recipes/soup.md"}
    assert found


def test_sorting_and_paging(r: IndexRig) -> None:
    everything = r.paths(sort="name", k=None)
    assert everything == sorted(FILES, key=lambda p: p.rpartition("/")[2].lower())
    assert r.paths(sort="name", k=3, offset=2) == everything[2:5]
    assert r.search(sort="name", k=3, offset=2).total == len(FILES)
    assert r.paths(sort="size", k=1) == ["picture.bin"]


def test_files_like_one_are_found_without_it(r: IndexRig) -> None:
    found = r.paths(like=RelPath(b"recipes/bread.md"))
    assert "recipes/bread.md" not in found
    assert found[0] == "recipes/soup.md"
    with pytest.raises(NotFound):
        r.search(like=RelPath(b"nowhere"))
    with pytest.raises(NotFound):
        r.search(like=RelPath(b"picture.bin"))


def test_a_file_that_changed_answers_with_its_new_content_only(r: IndexRig) -> None:
    r.save("recipes/bread.md", "# Bicycle repair\n\nOil the chain.\n")
    assert r.paths("sourdough", mode="keyword") == []
    assert r.paths("oil the chain")[0] == "recipes/bread.md"


def test_a_deleted_file_is_not_found_and_a_moved_one_at_its_new_place(r: IndexRig) -> None:
    (r.store.root / "recipes/soup.md").unlink()
    (r.store.root / "recipes/bread.md").rename(r.store.root / "loaf.md")
    r.store.record()
    r.settle()
    assert r.paths("lentil soup", mode="keyword") == []
    assert r.paths("sourdough", mode="keyword") == ["loaf.md"]
    assert r.paths(under=RelPath(b"recipes")) == []


def test_a_change_that_is_not_indexed_yet_does_not_answer_with_the_old_content(r: IndexRig) -> None:
    r.index.indexer.stop()
    r.store.save("recipes/bread.md", "# Bicycle repair\n")
    assert r.paths("sourdough", mode="keyword") == []
    assert r.search("sourdough").pending == 1


def test_the_past_is_searched_as_it_was(r: IndexRig) -> None:
    before = r.store.catalogue.tick()
    r.store.write("recipes/bread.md", "# Bicycle repair\n\nOil the chain.\n")
    (r.store.root / "recipes/soup.md").rename(r.store.root / "stew.md")
    (r.store.root / "work/minutes.txt").unlink()
    r.store.record()
    r.settle()
    assert r.paths("sourdough bread", at_ns=before)[0] == "recipes/bread.md"
    assert r.paths("sourdough bread", at_ns=before, mode="keyword") == ["recipes/bread.md"]
    assert r.paths("lentil soup", at_ns=before, mode="keyword") == ["recipes/soup.md"]
    assert r.paths(at_ns=before, keywords=("budget",), under=RelPath(b"work"), type="txt") == ["work/minutes.txt"]
    assert len(r.paths(at_ns=before, k=None)) == len(FILES)
    assert r.paths("sourdough", mode="keyword") == []


def test_vectors_that_cannot_be_made_are_told_and_words_go_on(tmp_path: Path) -> None:
    from lsfs.embed.onnx import OnnxEmbedder

    with index_rig(tmp_path, embedder=OnnxEmbedder(tmp_path / "no model")) as r:
        r.store.save("a.txt", "words alone")
        assert not r.index.indexer.settle(20.0)
        found = r.search("words alone")
        assert [name(h) for h in found.hits] == ["a.txt"]
        assert found.vectors_pending == 1
        assert "make models" in found.degraded[0]
        assert "make models" in r.index.indexer.progress().degraded[0]


@pytest.mark.parametrize("text", ['"', "*", "' OR 1=1 --", "\0", "\ud800", "a" * 10_000, "../..", "(((", "🙂"])
def test_no_query_makes_it_fail(r: IndexRig, text: str) -> None:
    r.search(text)
    r.search(text, mode="keyword", keywords=(text,), exclude=(text,), authors=(text,), language=text, name=text, type=text)


def test_an_empty_index_answers_nothing(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        assert r.search("anything").hits == []
        assert r.index.search.search(Query()).total == 0
