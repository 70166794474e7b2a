"""What a terminal is given of names and content."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.render.answer import render
from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.render.plain import json_text, painted_text, plain_text
from lsfs_syscalls.render.plan import plan_lines, preview_lines, question_lines

ANY_TEXT = st.text(st.characters(exclude_categories=()))
HOSTILE = "a\x1b[2J\x9b31m\u202eb\x07"
TERMINAL = Paint(terminal=True)


def steers(text: str) -> bool:
    return any(not c.isprintable() and c not in "\t\n\xa0\xad" for c in text if c.isascii() or c in "\x9b\u202e\u2028\udcff")


@given(ANY_TEXT)
def test_nothing_that_steers_is_left_and_it_can_be_encoded(text: str) -> None:
    shown = plain_text(text)
    assert not steers(shown)
    shown.encode()
    assert plain_text(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain_text(text) == text


def test_line_ends_and_tabs_stay_and_other_carriage_returns_are_marked() -> None:
    assert plain_text("a\tb\r\nc\rd\r") == "a\tb\nc\\x0dd"


def test_emoji_and_joined_scripts_stay() -> None:
    assert plain_text("👩\u200d🔬 نمی\u200cخواهم") == "👩\u200d🔬 نمی\u200cخواهم"


@given(st.recursive(ANY_TEXT | st.integers(), lambda x: st.lists(x) | st.dictionaries(ANY_TEXT, x)))
def test_json_means_exactly_what_it_was_made_of(data: object) -> None:
    text = json_text(data)
    assert not steers(text)
    assert "\n" not in text
    assert json.loads(text) == data


def test_our_own_colours_pass_and_others_do_not() -> None:
    assert painted_text(Paint(colour=True).bad("x")) == "\x1b[31mx\x1b[0m"
    assert painted_text("\x1b[5mx") == "\\x1b[5mx"


@pytest.mark.parametrize(
    "body",
    [
        {"files": [{"path": HOSTILE, "score": 1.0, "snippet": HOSTILE, "explain": {HOSTILE: 1}}]},
        {"files": [{"path": HOSTILE, "modified": HOSTILE, "size": 1}]},
        {"groups": [{"label": HOSTILE, "files": [HOSTILE]}]},
        {"pairs": [{"left": HOSTILE, "right": HOSTILE, "score": 1.0, "why": HOSTILE}]},
        {"versions": [{"version": 1, "time": "", "size": 1, "path": HOSTILE, "deleted": False, "actor": HOSTILE}]},
        {"transactions": [{"transaction": 1, "time": "", "actor": HOSTILE, "count": 1, "prompt": HOSTILE}]},
        {"transaction": 1, "changed": [HOSTILE]},
        {"summary": HOSTILE, "kind": HOSTILE, "sources": [HOSTILE]},
        {"diff": f"+{HOSTILE}\n-{HOSTILE}", "summary": HOSTILE},
        {"file": {"path": HOSTILE, "tags": [HOSTILE], "attributes": {HOSTILE: [HOSTILE]}}},
        {"content": HOSTILE},
        {HOSTILE: HOSTILE},
    ],
)
def test_no_renderer_passes_on_what_steers(body: dict[str, object]) -> None:
    assert not steers(render(body, TERMINAL))


def test_plans_previews_and_questions_are_shown_plain() -> None:
    plan = {"steps": [{"syscall": "delete", "args": {"files": [HOSTILE]}}], "clarify": HOSTILE, "candidates": [HOSTILE]}
    preview = {"steps": [{"files": [{"path": HOSTILE, "what": HOSTILE}]}], "problems": [HOSTILE]}
    lines = [*plan_lines(plan, TERMINAL), *preview_lines(preview, TERMINAL), *question_lines(plan, TERMINAL)]
    assert not steers("".join(lines))


def test_content_goes_to_a_pipe_as_it_is() -> None:
    assert render({"diff": f"+{HOSTILE}", "summary": ""}, Paint()).startswith(f"+{HOSTILE}")
    assert not steers(render({"files": [{"path": HOSTILE, "score": 1.0}]}, Paint()))
