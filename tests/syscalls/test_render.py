"""Answers as text."""

from __future__ import annotations

from lsfs_syscalls.render.answer import notices, render
from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.render.plan import plan_lines, preview_lines, question_lines

PLAIN = Paint()


def test_a_hit_is_shown_with_its_line_and_snippet() -> None:
    hit = {"path": "a/b.md", "score": 0.912, "snippet": "the\nwalrus", "line": 7, "modified": "2026-11-20T10:00:00"}
    assert render({"files": [hit], "total": 3}, PLAIN).splitlines() == [
        "0.91  a/b.md:7  2026-11-20",
        "      the walrus",
        "(3 files match; 1 are shown)",
    ]


def test_nothing_found_is_said_in_words() -> None:
    assert render({"files": [], "total": 0}, PLAIN) == "nothing matches"


def test_groups_are_shown_with_their_counts() -> None:
    assert render({"groups": [{"label": "pdf", "files": ["a.pdf", "b.pdf"]}]}, PLAIN) == "pdf (2)\n  a.pdf\n  b.pdf"


def test_a_change_names_its_transaction_and_how_to_take_it_back() -> None:
    text = render({"transaction": 12, "changed": ["a"]}, PLAIN)
    assert "transaction 12" in text
    assert "lsfs undo" in text


def test_an_undo_is_taken_back_by_its_number() -> None:
    text = render({"transaction": 12, "changed": ["a"], "undone": [11]}, PLAIN)
    assert "`lsfs undo --transaction 12` takes it back" in text


def test_what_was_left_as_it_is_is_named_with_the_reason() -> None:
    text = render({"transaction": 12, "changed": ["a"], "kept": [{"path": "b", "reason": "changed since"}]}, PLAIN)
    assert text.splitlines()[-1] == "  b  left as it is: changed since"


def test_what_is_not_fresh_is_said() -> None:
    said = list(notices({"pending": 2, "degraded": ["the state's disk is full"]}))
    assert said == ["2 changed files are not searchable yet", "degraded: the state's disk is full"]


def test_colours_appear_only_where_they_are_understood() -> None:
    assert Paint(colour=True).bad("x") == "\x1b[31mx\x1b[0m"
    assert PLAIN.bad("x") == "x"


def test_a_plan_is_shown_as_it_would_be_typed() -> None:
    plan = {
        "steps": [
            {"syscall": "retrieve", "args": {"query": "flash caching", "k": 3}},
            {"syscall": "delete", "args": {"files": "$1"}},
        ]
    }
    assert list(plan_lines(plan, PLAIN)) == ["1  retrieve  query='flash caching'  k=3", "2  delete  files=$1"]


def test_a_preview_names_every_file_and_what_happens_to_it() -> None:
    preview = {"steps": [{"files": [{"path": "a.txt", "what": "deleted"}], "more": 4}], "problems": ["no b.txt"]}
    assert list(preview_lines(preview, PLAIN)) == ["  a.txt  deleted", "  and 4 more", "  no b.txt"]


def test_a_question_is_shown_with_its_candidates() -> None:
    lines = list(question_lines({"clarify": "Which file?", "candidates": ["a", "b"]}, PLAIN))
    assert lines == ["Which file?", "  1  a", "  2  b"]


def test_links_events_and_subscriptions_are_lines_for_people() -> None:
    paint = Paint(colour=False, width=100)
    link = {"url": "http://127.0.0.1:1/s/x/a", "expires": None, "paths": ["a"], "downloads": 1, "downloads_allowed": 3}
    assert render({"links": [{**link, "password": True}]}, paint).splitlines() == [
        "http://127.0.0.1:1/s/x/a  without an end",
        "  a  1 of 3 downloads, with a password",
    ]
    event = {"seq": 7, "time": "2026-11-23T10:00:00+00:00", "event": "modified", "path": "a", "summary": "1 line added"}
    assert render({"events": [event]}, paint) == "    7  2026-11-23T10:00:00  modified    a  1 line added"
    watched = {"id": 1, "query": "tax", "since": "2026-11-23T10:00:00+00:00"}
    assert render({"subscription": watched}, paint) == "watched: 1  files that match “tax”  since 2026-11-23T10:00:00"
    assert render({"subscriptions": []}, paint) == "nothing is watched"
    assert render({"count": 3, "files": []}, paint) == "3"
