"""What the corpus counts as equal, and what it must not."""

from datetime import datetime

import pytest

from tests.corpus.canonical import JSON, arguments

NOW = datetime(2026, 11, 23, 12)
Args = dict[str, JSON]

EQUAL: list[tuple[str, Args, Args]] = [
    ("retrieve", {"query": "The Lisbon  flat."}, {"query": "lisbon flat"}),
    ("retrieve", {"authors": ["Ann Lee", "Bo"]}, {"authors": ["bo", "ann lee"]}),
    ("retrieve", {"tags": "#Tax"}, {"tags": ["tax"]}),
    ("retrieve", {"under": "docs/"}, {"under": "./docs"}),
    ("retrieve", {"type": ".PDF"}, {"type": "pdf"}),
    ("retrieve", {"since": "2026-11-20T00:00:00+01:00"}, {"since": "2026-11-20"}),
    ("retrieve", {"until": "2026-11-19T24:00"}, {"until": "2026-11-19T23:59:59.999"}),
    ("retrieve", {"until": "2026-11-23T23:59:59"}, {}),
    ("retrieve", {"query": None, "keywords": [], "k": 3}, {"k": 3.0}),
    ("retrieve", {"mode": "hybrid", "sort": "score"}, {}),
    ("delete", {"files": ["a.txt"]}, {"path": "a.txt"}),
    ("delete", {"files": ["$1"]}, {"files": "$1"}),
    ("lock", {"path": "$1"}, {"files": "$1"}),
    ("link", {"path": "a", "expires": "14d"}, {"path": "a", "expires": "2w"}),
    ("link", {"path": "a", "expires": "3y 5mo"}, {"path": "a", "expires": "41mo"}),
    ("link", {"path": "a", "expires": "2026-12-31T23:59:59"}, {"path": "a", "expires": "2026-12-31T23:59:59Z"}),
    ("read", {"path": "a", "lines": "5"}, {"path": "a", "lines": "5-5"}),
    ("join", {"threshold": 80}, {"threshold": 0.8}),
    ("summarize", {"length": 3}, {"length": "3 sentences"}),
    ("summarize", {"length": "100-word"}, {"length": "100 words"}),
    ("translate", {"language": "German"}, {"language": "de"}),
    ("rollback", {"path": "a", "steps": 1}, {"path": "a"}),
    ("concat", {"keep": True}, {}),
]

DIFFERENT: list[tuple[str, Args, Args]] = [
    ("retrieve", {"authors": ["Ann"]}, {"any_authors": ["Ann"]}),
    ("retrieve", {"query": "flat"}, {"query": "flats"}),
    ("retrieve", {"under": "Docs"}, {"under": "docs"}),
    ("retrieve", {"until": "2026-11-22T23:59:59"}, {}),
    ("retrieve", {"since": "2026-11-20T00:00:00"}, {"since": "2026-11-20T00:00:01"}),
    ("retrieve", {"k": 1}, {}),
    ("link", {"path": "a", "expires": "30d"}, {"path": "a", "expires": "1mo"}),
    ("link", {"path": "a", "expires": "3m"}, {"path": "a", "expires": "3mo"}),
    ("concat", {"files": ["a", "b"]}, {"files": ["b", "a"]}),
    ("concat", {"keep": False}, {}),
    ("write", {"content": "Hello"}, {"content": "hello"}),
    ("diff", {"from": 2, "to": 5}, {"from": 5, "to": 2}),
    ("read", {"lines": "-5"}, {"lines": "5"}),
    ("summarize", {"length": "3 sentences"}, {"length": "3 words"}),
    ("mount", {"at": "/a"}, {"at": "/b"}),
]


@pytest.mark.parametrize(("call", "one", "other"), EQUAL)
def test_arguments_that_mean_the_same_are_equal(call: str, one: Args, other: Args) -> None:
    assert arguments(call, one, NOW) == arguments(call, other, NOW)


@pytest.mark.parametrize(("call", "one", "other"), DIFFERENT)
def test_arguments_that_mean_something_else_differ(call: str, one: Args, other: Args) -> None:
    assert arguments(call, one, NOW) != arguments(call, other, NOW)


def test_at_is_a_place_for_a_mount_and_an_instant_elsewhere() -> None:
    assert arguments("mount", {"at": "/mnt/a/"}, NOW) == arguments("mount", {"at": "/mnt/a"}, NOW)
    assert arguments("list", {"at": "2026-11-20T23:59:59Z"}, NOW) == arguments("list", {"at": "2026-11-20T23:59:59"}, NOW)
