"""What a parser invents is left out of the plan; what the prompt says stays."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.calls.record import Form
from lsfs_syscalls.calls.table import CALLS, call_from_json
from lsfs_syscalls.ground import ground
from lsfs_syscalls.plan import Plan

NOW = datetime(2026, 11, 23, 12)


def grounded(prompt: str, *steps: tuple[str, dict[str, Any]], files: tuple[str, ...] = ()) -> Plan:
    plan = Plan(prompt=prompt, steps=tuple(call_from_json(name, args) for name, args in steps))
    return ground(plan, NOW, files)


KEPT = [
    ("find 3 pdfs about tides", "retrieve", {"query": "tides", "k": 3, "type": "pdf"}),
    ("find three photos of the harbour", "retrieve", {"query": "harbour", "k": 3, "type": "image"}),
    ("papers by Ada Holm since last week", "retrieve", {"authors": ["Ada Holm"], "since": "2026-11-16T00:00:00"}),
    ("files over 5 MB, newest first", "retrieve", {"size_min": 5_000_000, "sort": "modified"}),
    ("notes in German without taxes", "retrieve", {"language": "de", "exclude": ["taxes"]}),
    ("search by meaning for tides", "retrieve", {"query": "tides", "mode": "semantic"}),
    ("group docs/ by who wrote them", "group_by", {"under": "docs", "key": "author"}),
    ("rename docs/a.txt to b.txt", "move", {"path": "docs/a.txt", "to": "docs/b.txt"}),
    ("write 'x y' to 'out' in 'dir'", "write", {"path": "dir/out", "content": "x y"}),
    ("add 'x' to a.txt", "write", {"path": "a.txt", "content": "x", "mode": "append"}),
    ("share a.txt for two weeks", "link", {"path": "a.txt", "expires": "2w"}),
    ("restore a.txt to 2023-6-15", "rollback", {"path": "a.txt", "time": "2023-06-15T23:59:59"}),
    ("list docs and all subfolders", "list", {"under": "docs", "recursive": True}),
    ("lines 5 to 9 of a.txt", "read", {"path": "a.txt", "lines": "5-9"}),
    ("files named IMG", "retrieve", {"name": "*IMG*"}),
    ("duplicates at least 80% alike", "duplicates", {"threshold": 0.8}),
]


@pytest.mark.parametrize(("prompt", "call", "args"), KEPT, ids=[k[0] for k in KEPT])
def test_what_the_prompt_says_stays(prompt: str, call: str, args: dict[str, Any]) -> None:
    plan = grounded(prompt, (call, args))
    assert [s.to_json() for s in plan.steps] == [args]
    assert plan.notices == ()


@pytest.mark.parametrize(
    ("prompt", "path"),
    [
        ("delete notes/a.txt", "a.txt"),
        ("delete notes/a.txt", "notes"),
        ("delete notes/2024/a.txt", "notes/2024"),
        ("delete a.txt", "a"),
        ("delete a.txt.bak", "a.txt"),
        ("delete data.txt", "a.txt"),
        ("delete old-notes", "notes"),
        ("delete notes-old", "notes"),
        ("delete ../a.txt", "a.txt"),
    ],
)
def test_a_part_of_a_path_is_another_path(prompt: str, path: str) -> None:
    assert grounded(prompt, ("delete", {"path": path})).steps == ()


@pytest.mark.parametrize(
    ("prompt", "path"),
    [
        ("delete notes/a.txt.", "notes/a.txt"),
        ("delete 'two words.txt', please", "two words.txt"),
        ("delete notes/", "notes"),
        ("delete a.txt's folder", "a.txt"),
        ("delete ./a.txt", "a.txt"),
        ("delete a.txt in notes", "notes/a.txt"),
        ("delete (a.txt)", "a.txt"),
        ("delete it's mine.txt", "it's mine.txt"),
    ],
)
def test_a_path_may_stand_in_a_sentence_as_people_write_it(prompt: str, path: str) -> None:
    assert [s.to_json() for s in grounded(prompt, ("delete", {"path": path})).steps] == [{"path": path}]


DROPPED = [
    ("find notes about tides", "retrieve", {"query": "tides", "type": "pdf"}, "type"),
    ("find notes about tides", "retrieve", {"query": "tides", "k": 5}, "k"),
    ("find notes about tides", "retrieve", {"query": "tides", "since": "2026-11-16T00:00:00"}, "since"),
    ("find notes about tides", "retrieve", {"query": "tides", "under": "docs"}, "under"),
    ("find notes about tides", "retrieve", {"query": "tides", "sort": "size"}, "sort"),
    ("find notes about tides", "retrieve", {"query": "tides", "authors": ["Ada Holm"]}, "authors"),
    ("list docs", "list", {"under": "docs", "recursive": True}, "recursive"),
    ("share a.txt", "link", {"path": "a.txt", "expires": "7d"}, "expires"),
    ("restore a.txt", "rollback", {"path": "a.txt", "steps": 4}, "steps"),
    ("find notes about tides over 3 MB", "retrieve", {"query": "tides", "size_min": 5_000_000}, "size_min"),
]


@pytest.mark.parametrize(("prompt", "call", "args", "gone"), DROPPED, ids=[f"{d[0]}-{d[3]}" for d in DROPPED])
def test_what_the_prompt_does_not_say_is_left_out_with_a_notice(
    prompt: str, call: str, args: dict[str, Any], gone: str
) -> None:
    plan = grounded(prompt, (call, args))
    assert [s.to_json() for s in plan.steps] == [{k: v for k, v in args.items() if k != gone}]
    assert f"`{gone}`" in plan.notices[0]


@pytest.mark.parametrize(
    ("prompt", "step"),
    [
        ("delete a.txt", ("delete", {"path": "b.txt"})),
        ("tidy up", ("delete", {"path": "docs"})),
        ("find tides", ("retrieve", {"query": "vampires", "k": 1})),
        ("translate a.txt", ("translate", {"path": "a.txt", "language": "de"})),
        ("group docs", ("group_by", {"under": "archive", "key": "type"})),
    ],
)
def test_a_call_that_loses_what_it_works_on_becomes_a_question(prompt: str, step: tuple[str, dict[str, Any]]) -> None:
    plan = grounded(prompt, step)
    assert plan.steps == ()
    assert plan.clarify


def test_files_of_the_last_answer_may_be_meant() -> None:
    assert grounded("delete it", ("delete", {"path": "docs/a.txt"}), files=("docs/a.txt",)).steps
    assert not grounded("delete it", ("delete", {"path": "docs/a.txt"})).steps


NAMES = st.text("abcxyz_.-/0123456789", min_size=1, max_size=12).filter(lambda s: any(c.isalnum() for c in s))
PROMPTS = st.lists(
    st.one_of(NAMES, st.sampled_from("delete move to in the file folder and 'x' about".split())), max_size=8
).map(" ".join)


@given(prompt=PROMPTS, path=NAMES, other=NAMES)
def test_no_path_gets_through_that_is_not_in_the_prompt(prompt: str, path: str, other: str) -> None:
    """Whole, or as a folder and a name that are both there."""
    plan = grounded(prompt, ("move", {"path": path, "to": other}), ("delete", {"files": [path, other]}))
    said = prompt.casefold()
    for step in plan.steps:
        for a in type(step).arguments():
            if a.form not in (Form.PATH, Form.FILES):
                continue
            value = step.to_json().get(a.name)
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    assert all(part.strip(" .,;:!?") in said for part in one.rstrip("/").rsplit("/", 1) if part)


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20).filter(lambda s: not s.startswith("$"))


@st.composite
def calls(draw: st.DrawFn) -> Any:
    """Any call of the table with any arguments that fit it."""
    call = CALLS[draw(st.sampled_from(sorted(CALLS)))]
    args: dict[str, Any] = {}
    for a in call.arguments():
        if not a.required and draw(st.booleans()):
            continue
        if a.many:
            args[a.name] = draw(st.lists(TEXTS, min_size=1, max_size=3))
        elif a.choices:
            args[a.name] = draw(st.sampled_from(a.choices))
        else:
            kinds = {str: TEXTS, int: st.integers(0, 10**9), float: st.floats(0, 1), bool: st.booleans()}
            args[a.name] = draw(kinds[a.python])
    return call.from_json(args)


@given(steps=st.lists(calls(), max_size=3), prompt=TEXTS, confidence=st.integers(0, 1000))
def test_a_plan_comes_back_from_json_as_it_was(steps: list[Any], prompt: str, confidence: int) -> None:
    plan = Plan(prompt=prompt, steps=tuple(steps), confidence=confidence / 1000)
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()
