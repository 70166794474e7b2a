"""Extractive summaries: sentences of the text itself."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.run.extract import sentences, summarize

TEXT = """# Flash caching

Flash caches hold the hot part of a data set on solid-state disks. Admission decides which objects are worth a write.

Every write wears the flash out, so a good admission policy for flash caches writes less. We compare three admission policies.
The weather in Lisbon was pleasant during the conference.

| a | b |
"""


def test_sentences_are_found_with_the_line_on_which_they_begin() -> None:
    found = sentences(TEXT)
    assert [s.line for s in found] == [3, 3, 5, 5, 6]
    assert found[0].text == "Flash caches hold the hot part of a data set on solid-state disks."


def test_the_sentence_that_has_nothing_to_do_with_the_rest_is_left_out() -> None:
    assert all("Lisbon" not in s.text for s in summarize(TEXT, 3))


def test_a_focus_brings_the_sentence_that_speaks_of_it() -> None:
    assert any("Lisbon" in s.text for s in summarize(TEXT, 2, focus="weather conference"))


@given(st.lists(st.text(max_size=60), max_size=40), st.integers(1, 6))
def test_every_sentence_of_a_summary_is_in_the_text(lines: list[str], count: int) -> None:
    text = "\n\n".join(lines)
    flat = " ".join(text.split())
    found = summarize(text, count)
    assert len(found) <= max(count, 0) or len(sentences(text)) <= count
    assert all(s.text in flat for s in found)


def test_a_long_text_is_summarised_within_the_asked_length() -> None:
    words = "cache flash admission policy write object disk hot data wear".split()
    rng = random.Random(1)
    text = " ".join(" ".join(rng.choices(words, k=9)).capitalize() + "." for _ in range(5000))
    assert len(summarize(text, 4)) == 4


PAPER = """Evicting by Zone: a Flash Cache
Ana Ferreira, Lena Hoffmann, Mira Lindqvist
University of Lisbon, Nordlicht Systems
Abstract
Zoned drives expose the erase unit to the host. A cache is the ideal tenant of
such a drive because it may drop data.
1 Introduction
Conventional drives move data in the background.
2.1 Design of the cache
Objects are grouped by the time at which they will probably die.
"""


def test_title_names_and_headings_of_a_paper_are_no_sentences() -> None:
    assert [(s.line, s.text) for s in sentences(PAPER)] == [
        (5, "Zoned drives expose the erase unit to the host."),
        (5, "A cache is the ideal tenant of such a drive because it may drop data."),
        (8, "Conventional drives move data in the background."),
        (10, "Objects are grouped by the time at which they will probably die."),
    ]
