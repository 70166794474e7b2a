"""HTML pages as a reader sees them: text without addresses and scripts, blocks apart, what is preformatted kept."""

from __future__ import annotations

import pytest

from lsfs.text.web import page


def test_links_and_pictures_give_their_words_and_not_their_addresses() -> None:
    found = page(b'<p>See <a href="https://x.example/a">the map</a> and <img src="b.png" alt="a boat">.</p>')
    assert found.text == "See the map and a boat ."


def test_blocks_are_paragraphs_and_items_and_rows_are_lines() -> None:
    found = page(b"<h1>Top</h1><p>one\ntwo</p><ul><li>a<li>b</ul><table><tr><td>1<td>2<tr><td>3</table>")
    assert found.text == "Top\n\none two\n\na\nb\n\n1 2\n3"


def test_preformatted_text_keeps_its_lines_and_blanks() -> None:
    assert page(b"<p>so:</p><pre>if x:\n    y()\n</pre>").text == "so:\n\nif x:\n    y()"


def test_what_is_not_shown_is_no_text() -> None:
    page_ = (
        b"<head><style>p{}</style></head><body><script>no()</script><p>yes<noscript>no</noscript></p><svg><text>no</text></svg>"
    )
    assert page(page_).text == "yes"


def test_headings_subject_keywords_and_language_are_attributes() -> None:
    head = b"<meta name=keywords content='a, b'><meta property='article:published_time' content='2026-01-02'>"
    found = page(b"<html lang=de-AT><head>" + head + b"</head><body><h2>Eins \xc2\xb6</h2></body>")
    assert found.attributes == {"keyword": ["a", "b"], "date": ["2026-01-02"], "language": ["de"], "heading": ["Eins"]}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'<meta charset="iso-8859-1"><p>caf\xe9', "café"),
        (b"\xff\xfe" + "<p>naïve".encode("utf-16-le"), "naïve"),
        (b'<meta charset="no-such-thing"><p>caf\xc3\xa9', "café"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=shift_jis"><p>' + "日本".encode("shift_jis"), "日本"),
    ],
)
def test_the_encoding_is_the_one_that_the_page_names_or_has(data: bytes, text: str) -> None:
    assert page(data).text == text


@pytest.mark.parametrize(
    "data", [b"", b"<", b"\0" * 100, b"<p>a\0b", b"<!doctype", b"\x01\x02\x03<p>x", b"<div>" * 3000 + b"x"]
)
def test_damaged_pages_are_read_as_far_as_they_go(data: bytes) -> None:
    assert len(page(data).text) <= len(data)
