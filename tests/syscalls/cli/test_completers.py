"""What Tab offers in `lsfs shell`."""

from __future__ import annotations

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory

from lsfs_syscalls.cli.completers import SaidBefore, last_word, quoted


def said(text: str) -> list[str]:
    history = InMemoryHistory()
    for line in ("find notes about boats", "find it", "status", "find notes about boats", "undo", "delete\nit all"):
        history.append_string(line)
    list_of = SaidBefore(history).get_completions(Document(text), CompleteEvent())
    return [c.text for c in list_of]


def test_prompts_that_were_said_before_are_offered_once_the_latest_first() -> None:
    assert said("fi") == ["find notes about boats", "find it"]
    assert said("find it") == []
    assert said("st") == []
    assert said("delete") == []
    assert said("") == []


@pytest.mark.parametrize(
    ("text", "meant", "typed"),
    [
        ("read no", "no", "no"),
        ('read "tram 2', "tram 2", '"tram 2'),
        ("read 'tram 2", "tram 2", "'tram 2"),
        ('copy "a b" c', "c", "c"),
        ("it's her", "her", "her"),
        ("read ", "", ""),
    ],
)
def test_the_last_word_may_begin_with_a_quotation_mark(text: str, meant: str, typed: str) -> None:
    assert last_word(text) == (meant, typed)


@pytest.mark.parametrize(
    ("path", "typed", "line"),
    [
        ("notes/a.md", "no", "notes/a.md"),
        ("tram 28.jpg", "tr", '"tram 28.jpg"'),
        ("tram 28.jpg", "'tr", "'tram 28.jpg'"),
        ("berlin office/", "be", '"berlin office/'),
        ('a "b".txt', "a", "'a \"b\".txt'"),
    ],
)
def test_a_path_is_completed_in_quotation_marks_where_it_needs_them(path: str, typed: str, line: str) -> None:
    assert quoted(path, typed) == line
