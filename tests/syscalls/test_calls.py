"""The table of calls and the records in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.errors import BadRequest
from lsfs_syscalls.calls.reading import Diff, Retrieve
from lsfs_syscalls.calls.record import Call, Effect, Form
from lsfs_syscalls.calls.table import CALLS, call_from_json
from tests.contract import CONTRACT


@pytest.mark.parametrize("name", CONTRACT)
def test_the_table_keeps_every_name_of_the_contract(name: str) -> None:
    have = {a.name for a in CALLS[name].arguments()}
    assert set(CONTRACT[name].split()) <= have


def test_the_effect_of_every_call_is_what_the_contract_says() -> None:
    by_effect = {e: {n for n, c in CALLS.items() if c.effect is e} for e in Effect}
    assert by_effect[Effect.DESTROY] == {"delete", "forget", "gc"}
    assert by_effect[Effect.SHARE] == {"link", "unlink"}
    assert by_effect[Effect.READ] == {c.syscall for c in CALLS.values() if c.__module__.endswith("reading")}


def test_an_unknown_argument_is_named_in_the_error() -> None:
    with pytest.raises(BadRequest, match="retrieve has no argument `colour`"):
        call_from_json("retrieve", {"colour": "red"})


def test_an_unknown_call_is_answered_with_the_calls_there_are() -> None:
    with pytest.raises(BadRequest, match=r"there is no call `fly`.*retrieve"):
        call_from_json("fly", {})


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"k": "3"}, "type int"),
        ({"k": True}, "type int"),
        ({"mode": "loud"}, "one of hybrid"),
        ({"authors": [1]}, "list of strings"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(args: dict[str, object], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        call_from_json("retrieve", args)


def test_a_missing_required_argument_is_named_with_its_meaning() -> None:
    with pytest.raises(BadRequest, match="group_by needs `key`"):
        call_from_json("group_by", {"files": "$1"})


def test_the_argument_from_is_read_and_written_under_its_own_name() -> None:
    call = call_from_json("diff", {"path": "a", "from": "1"})
    assert isinstance(call, Diff)
    assert call.from_ == "1"
    assert call.to_json() == {"path": "a", "from": "1"}


def test_one_reference_is_a_plain_string_in_json_and_paths_are_a_list() -> None:
    assert call_from_json("delete", {"files": "$2"}).to_json() == {"files": "$2"}
    assert call_from_json("delete", {"files": ["a.txt"]}).to_json() == {"files": ["a.txt"]}


def _value(form: Form, python: type) -> st.SearchStrategy[object]:
    if python is int:
        return st.integers(0, 10**6)
    if python is float:
        return st.floats(0, 1)
    if python is bool:
        return st.booleans()
    return st.text(min_size=1, max_size=20)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    call = draw(st.sampled_from(sorted(CALLS.values(), key=lambda c: c.syscall)))
    args: dict[str, object] = {}
    for a in call.arguments():
        if not a.required and draw(st.booleans()):
            continue
        one = st.sampled_from(a.choices) if a.choices else _value(a.form, a.python)
        args[a.name] = draw(st.lists(one, min_size=1, max_size=3) if a.many else one)
    return call_from_json(call.syscall, args)


@given(calls())
def test_every_call_comes_back_from_its_json_unchanged(call: Call) -> None:
    again = json.loads(json.dumps(call.to_json()))
    assert call_from_json(call.syscall, again) == call


def test_defaults_are_left_out_of_the_json() -> None:
    assert Retrieve().to_json() == {}
