"""Names as they are shown, and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsfs.model import show, unshown, whole


@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"])))
def test_a_name_is_found_again_by_what_was_shown_of_it(name: str) -> None:
    raw = name.encode()
    assert show(raw).encode() == raw or raw in unshown(show(raw).encode())


def test_bytes_that_are_no_text_are_found_again() -> None:
    assert unshown(show(b"caf\xe9\x1b").encode()) == (b"caf\xe9\x1b",)


def test_a_plain_name_is_no_other() -> None:
    assert unshown(b"a.txt") == ()
    assert unshown(b"a\\b") == ()


def test_bytes_of_the_command_line_become_whole_characters() -> None:
    assert whole("délé \udce9") == "délé \\xe9"
