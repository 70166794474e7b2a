"""Postings kept in memory say what the tables say, whatever happened to the documents in between."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.index.postings import Postings
from lsfs.index.warming import frequent_words
from tests.lsfs.index_rig import IndexRig, index_rig

WORDS = ("apple", "pear", "plum")
STEPS = st.lists(
    st.tuples(st.sampled_from(["a.txt", "b.txt", "c.txt"]), st.sampled_from([*WORDS, "pear plum", None])), max_size=12
)


def _known(r: IndexRig, postings: Postings, word: str) -> dict[int, float]:
    posting = postings.words(r.store.catalogue.read(), f'"{word}"')
    return dict(zip(posting.dids.tolist(), posting.scores.tolist(), strict=True))


def _paths(r: IndexRig, word: str) -> set[str]:
    return set(r.paths(word, mode="keyword", k=None))


@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_every_search_by_words_finds_what_a_fresh_reader_finds(
    tmp_path_factory: object, steps: list[tuple[str, str | None]]
) -> None:
    directory = tmp_path_factory.mktemp("postings")  # type: ignore[attr-defined]
    with index_rig(directory) as r:
        contents: dict[str, str] = {}
        for name, content in steps:
            if content is None:
                contents.pop(name, None)
                (r.store.root / name).unlink(missing_ok=True)
                r.store.record(name)
                r.settle()
            else:
                contents[name] = content
                r.save(name, content)
            for word in WORDS:
                assert _paths(r, word) == {n for n, c in contents.items() if word in c}
                live = _known(r, r.index.search._postings, word)
                assert live.keys() == _known(r, Postings(), word).keys()


def test_a_renamed_file_is_found_by_its_new_name_and_not_by_the_old_one(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        r.save("walrus.txt", "nothing of note\n")
        assert _paths(r, "walrus") == {"walrus.txt"}
        (r.store.root / "walrus.txt").rename(r.store.root / "badger.txt")
        r.store.record()
        r.settle()
        assert _paths(r, "walrus") == set()
        assert _paths(r, "badger") == {"badger.txt"}


def test_what_is_asked_for_seldom_leaves_when_the_room_is_full(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        for number in range(6):
            r.store.write(f"{number}.txt", "apple pear plum\n")
        r.store.record()
        r.settle()
        small = Postings(kept=14)
        for word in ("apple", "pear", "apple", "plum"):
            assert len(_known(r, small, word)) == 6
        assert list(small._words) == ['"apple"', '"plum"']


def test_words_are_made_ready_only_up_to_a_part_of_the_room(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        for number in range(6):
            r.store.write(f"{number}.txt", "apple pear plum\n")
        r.store.record()
        r.settle()
        con = r.store.catalogue.read()
        small = Postings(kept=16)
        assert [small.warm(con, word) for word in WORDS] == [True, True, False]
        assert frequent_words(con) == []  # six files are not many
