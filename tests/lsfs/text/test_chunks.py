from __future__ import annotations

import random
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from lsfs.text.chunks import chunk_hash, chunks
from lsfs.text.extracted import Mark


def prose(paragraphs: int, *, start: int = 0) -> str:
    """Paragraphs of 3 to 9 sentences of 6 to 14 words, always the same."""
    draw = random.Random(start + 7)
    words = "river mill swan bridge quiet morning stone light under across between water carried always seldom old".split()
    sentences = (" ".join(draw.choices(words, k=draw.randint(6, 14))).capitalize() + "." for _ in range(10_000))
    return "\n\n".join(f"{n}. " + " ".join(islice(sentences, draw.randint(3, 9))) for n in range(start, start + paragraphs))


def test_a_short_text_is_one_chunk() -> None:
    (chunk,) = chunks("  a short note\n")
    assert (chunk.start, chunk.end, chunk.line) == (2, 14, 1)
    assert chunk.hash == chunk_hash("a short note")


def test_blank_text_has_no_chunks() -> None:
    assert chunks("") == []
    assert chunks(" \n\n ") == []


def test_chunks_of_prose_have_about_150_words_and_overlap() -> None:
    text = prose(40)
    found = chunks(text)
    words = [len(text[c.start : c.end].split()) for c in found[:-1]]
    assert min(words) >= 90
    assert max(words) <= 200
    assert all(a.end > b.start for a, b in pairwise(found))


def test_an_edit_changes_only_the_chunks_around_it() -> None:
    text = prose(60)
    edited = text.replace("30. ", "30. Some words that were not there. ", 1)
    before = {c.hash for c in chunks(text)}
    changed = [c for c in chunks(edited) if c.hash not in before]
    assert 1 <= len(changed) <= 3


def test_a_paragraph_put_in_at_the_start_leaves_the_later_chunks_alone() -> None:
    text = prose(60)
    before = {c.hash for c in chunks(text)}
    found = chunks("A new first paragraph, not very long.\n\n" + text)
    assert sum(c.hash not in before for c in found) <= len(found) // 3


def test_a_chunk_never_crosses_a_page_and_names_it() -> None:
    pages = [prose(3, start=n * 3) for n in range(3)]
    text, marks = "", []
    for number, page in enumerate(pages, 1):
        marks.append(Mark(len(text), number))
        text += page + "\n\n"
    bounds = [m.offset for m in marks] + [len(text)]
    for chunk in chunks(text, marks):
        assert chunk.page is not None
        assert bounds[chunk.page - 1] <= chunk.start < chunk.end <= bounds[chunk.page]


def test_text_without_blanks_is_cut_shorter() -> None:
    assert max(c.end - c.start for c in chunks("森の中に小さな家がある。" * 200)) <= 300


@given(st.text(alphabet="ab .\n\t,é森", max_size=3000))
def test_chunks_cover_everything_but_blanks_in_order_with_right_lines(text: str) -> None:
    found = chunks(text)
    covered = [False] * len(text)
    for chunk in found:
        assert chunk.line == text.count("\n", 0, chunk.start) + 1
        assert chunk.hash == chunk_hash(text[chunk.start : chunk.end])
        covered[chunk.start : chunk.end] = [True] * (chunk.end - chunk.start)
    assert all(seen or char.isspace() for seen, char in zip(covered, text, strict=True))
    assert [c.start for c in found] == sorted(c.start for c in found)
