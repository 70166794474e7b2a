from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.index.people import same_institution, same_person
from lsfs.index.schema import TOKENIZE
from lsfs.index.words import Wanted, fold, spaced, split_identifier, terms, wanted


def matches(text: str, expression: str) -> bool:
    con = sqlite3.connect(":memory:")
    con.execute(f"CREATE VIRTUAL TABLE w USING fts5(body, content='', tokenize='{TOKENIZE}')")
    con.execute("INSERT INTO w(rowid, body) VALUES(1, ?)", (spaced(text),))
    found = con.execute("SELECT rowid FROM w WHERE w MATCH ?", (expression,)).fetchall()
    con.close()
    return bool(found)


def has(text: str, keyword: str) -> bool:
    """Whether the text is found, by the table first and exactly then."""
    want = Wanted(keyword)
    return matches(text, want.expression()) and want.fits(text)


@given(st.text(max_size=60))
def test_no_text_is_a_syntax_error(query: str) -> None:
    for expression in (*terms(query).expressions(), *(w.expression() for w in wanted([query, query + "*", "=" + query]))):
        if expression:
            matches("some words", expression)


@pytest.mark.parametrize(
    "query", ['"', "NEAR(", "a AND", "title:x", "-", "*", "^a", "(", "OR", "NOT x", '"a" "b', "{a b}:c", "a+b", "'"]
)
def test_operators_of_the_table_are_only_words(query: str) -> None:
    assert all(matches(query, expression) for expression in terms(query).expressions())


def test_small_words_are_left_out_unless_there_are_no_others() -> None:
    assert terms("find the papers about the flash cache").words == ("papers", "flash", "cache")
    assert terms("to be or not to be").words == ("to", "be", "or", "not")
    assert terms("").expressions() == []


def test_quoted_parts_are_phrases() -> None:
    assert terms('notes on "write amplification"').phrases == ("write amplification",)


@pytest.mark.parametrize(
    ("text", "keyword", "expected"),
    [
        ("The Cache is full", "cache", True),
        ("Two caches are full", "cache", False),
        ("Two caches are full", "cach*", True),
        ("it relates to relational data", "relati*", True),
        ("University life", "universi*", True),
        ("the write  amplification\nof flash", "write amplification", True),
        ("amplification of a write", "write amplification", False),
        ("written in C++ and C", "C++", True),
        ("written in C", "C++", False),
        ("NASA and nasa", "=NASA", True),
        ("only nasa", "=NASA", False),
        ("Tomás Oliveira", "tomas oliveira", True),
        ("resume", "résumé", True),
        ("call foo.bar(x)", "foo.bar", True),
        ("call foo bar", "foo.bar", False),
        ("read_only_memory", "only", False),
        ("東京都に住む", "京都", True),
        ("東京都に住む", "大阪", False),
    ],
)
def test_keywords_are_exact(text: str, keyword: str, expected: bool) -> None:
    assert has(text, keyword) is expected


@given(st.text(alphabet="abc ABC.é", min_size=1, max_size=20), st.text(alphabet="abc x", max_size=10))
def test_a_text_has_itself_as_a_keyword(text: str, more: str) -> None:
    want = wanted([text])
    if want and want[0].expression():
        assert has(f"{more} {text} {more}", text.strip())


def test_blank_keywords_are_no_condition() -> None:
    assert wanted(["", "  ", "*", "="]) == []


def test_identifiers_are_cut_into_words() -> None:
    assert split_identifier("parseHTTPRequest_fast2") == "parse HTTP Request fast 2"


def test_folding_ignores_case_accents_and_blanks() -> None:
    assert fold("  Käse\n STRASSE ") == fold("kase strasse")


@pytest.mark.parametrize(
    ("asked", "written", "same"),
    [
        ("Wei Chen", "Wei Chen", True),
        ("chen", "Wei Chen", True),
        ("Wei Chen", "Chen, Wei", True),
        ("Wei Chen", "W. Chen", True),
        ("W. Chen", "Wei Chen", True),
        ("Wei Chen", "Wei Zhang", False),
        ("Wei Chen", "Chen, Lin", False),
        ("Tomas Oliveira", "Tomás Oliveira <tomas@x.example>", True),
        ("tomas@x.example", "Tomás <tomas@x.example>", True),
        ("w", "W. Chen", False),
    ],
)
def test_names_of_people_are_compared_as_people_write_them(asked: str, written: str, same: bool) -> None:
    assert same_person(asked, written) is same


def test_institutions_are_compared_by_whole_words() -> None:
    assert same_institution("University of Lisbon", "INESC, University of Lisbon, Portugal")
    assert not same_institution("Lis", "University of Lisbon")
