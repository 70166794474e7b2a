from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.text.decode import decode

TEXT = "Grüße aus Łódź, naïve café – 10 €\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_encodings_with_and_without_a_mark_are_read(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_recognised_by_its_zero_bytes(encoding: str) -> None:
    text = "An ordinary sentence in a European language, saved by an old editor.\n" * 3
    assert decode(text.encode(encoding)) == text


def test_western_single_byte_text_keeps_its_accents() -> None:
    text = "Der Käse kostet fünf Euro, sagte Frau Müller, und das war ihr Größtes.\n" * 4
    assert decode(text.encode("latin-1")) == text
    quoted = "The “quoted” price is 5 € – or so they told us in the shop."
    assert decode(quoted.encode("cp1252")) == quoted


def test_russian_in_a_code_page_is_detected() -> None:
    text = "Это обычный русский текст, сохранённый в старой кодировке. Он достаточно длинный для определения.\n" * 4
    assert decode(text.encode("cp1251")) == text


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\0\0\0", bytes(range(256)) * 4, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_binary_has_no_text(data: bytes) -> None:
    assert decode(data) is None


def test_one_broken_byte_far_inside_does_not_change_the_encoding() -> None:
    data = ("é" * 40_000).encode() + b"\xff" + b" end"
    text = decode(data)
    assert text is not None
    assert text.startswith("éé")
    assert text.endswith("\ufffd end")


def test_line_ends_become_line_feeds() -> None:
    assert decode(b"a\r\nb\rc\n") == "a\nb\nc\n"


def test_nothing_is_an_empty_text() -> None:
    assert decode(b"") == ""


@given(st.binary(max_size=300))
def test_no_content_makes_it_fail(data: bytes) -> None:
    text = decode(data)
    assert text is None or "\r" not in text
