from __future__ import annotations

from lsfs.index.snippet import MAX_SNIPPET, Span, occurrences, snippet, stem

TEXT = "# Title\n\nThe first line has nothing.\nCaching on flash wears it out.\nThe last line tells of caches.\n"
SPAN = Span(0, len(TEXT), 1, None, None)


def test_the_line_with_most_words_is_shown_with_its_number() -> None:
    found = snippet(TEXT, [SPAN], ["flash", "cache"], None, lined=True, sheet=False)
    assert (found.text, found.line) == ("Caching on flash wears it out.", 4)


def test_without_a_word_the_passage_that_is_nearest_begins() -> None:
    spans = [Span(0, 8, 1, None, None), Span(9, len(TEXT), 3, 2, None)]
    found = snippet(TEXT, spans, ["elsewhere"], 1, lined=False, sheet=False)
    assert (found.text, found.line, found.page) == ("The first line has nothing.", None, 2)


def test_a_long_line_is_cut_around_the_word() -> None:
    text = "word " * 400 + "needle " + "word " * 400
    found = snippet(text, [Span(0, len(text), 1, None, None)], ["needle"], None, lined=True, sheet=False)
    assert "needle" in found.text
    assert len(found.text) <= MAX_SNIPPET


def test_the_cell_of_a_sheet_is_named() -> None:
    text = "name\tcity\nAnn\tUlm"
    found = snippet(text, [Span(0, len(text), 1, None, "Plan")], ["ulm"], None, lined=False, sheet=True)
    assert (found.place, found.text) == ("Plan!B2", "Ann Ulm")


def test_forms_of_a_word_are_seen_and_parts_of_others_are_not() -> None:
    assert [w for _, w in occurrences("cached caches caching scache", ["caching"])] == ["caching"] * 3
    assert occurrences("text", []) == []
    assert occurrences("the ending -ation, ations", ["ation", "", "ations"]) == [(12, "ation"), (19, "ation"), (19, "ations")]
    assert occurrences("İstanbul: FLASH", ["flash"]) == []  # where lower case has another length, only as it is written


def test_the_passage_with_most_different_words_is_shown_also_where_passages_overlap() -> None:
    text = "alpha one\nbeta two\nalpha beta gamma\nlast gamma\n"
    spans = [Span(0, 19, 1, None, None), Span(10, 36, 2, None, None), Span(19, 47, 3, None, None)]
    assert snippet(text, spans, ["alpha", "beta", "gamma"], None, lined=True, sheet=False).text == "alpha beta gamma"
    assert snippet(text, spans, ["gamma", "last"], None, lined=True, sheet=False).line == 4
    assert stem("cat") == "cat"


def test_a_text_without_passages_has_no_snippet() -> None:
    assert snippet("", [], ["x"], None, lined=True, sheet=False).text == ""


def test_a_line_without_a_word_is_not_what_is_shown_of_a_file() -> None:
    text = "---\n\ntitle: Lisbon, five days\n---\n"
    found = snippet(text, [Span(0, len(text), 1, None, None)], [], None, lined=True, sheet=False)
    assert (found.text, found.line) == ("title: Lisbon, five days", 3)
