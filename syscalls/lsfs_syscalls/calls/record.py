"""What a call is: a frozen dataclass whose fields are its arguments, and how it is read from and written to JSON.

The command line, the JSON schemas for models, the MCP tools and the documentation are made from these records
(`lsfs_syscalls.calls.table` lists them), so that a call is described in one place. This module knows no particular call.
"""

from __future__ import annotations

import dataclasses
import keyword
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal, TypeAlias

from lsfs.errors import BadRequest

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Files: TypeAlias = tuple[str, ...]
"""A set of files: paths, and "$n" for the result of step n. In JSON a single "$n" is a plain string."""


class Effect(StrEnum):
    """What a call can do, from the weakest to the strongest."""

    READ = "read"
    CHANGE = "change"
    DESTROY = "destroy"
    SHARE = "share"

    @property
    def rank(self) -> int:
        """0 for the weakest."""
        return list(Effect).index(self)


class Form(StrEnum):
    """How an argument's text is to be understood; decides validation, completion and grounding."""

    TEXT = "text"
    PATH = "path"
    FILES = "files"
    SET = "set"  # "$n", a folder or a file
    GLOB = "glob"
    TIME = "time"  # ISO 8601, local when it has no offset
    DURATION = "duration"  # 15s 24h 7d 2w 6mo 3y, combined as 3y5mo
    SIZE = "size"  # bytes
    COUNT = "count"
    NAME = "name"
    CHOICE = "choice"
    FLAG = "flag"
    NUMBER = "number"


def arg(
    doc: str,
    form: Form = Form.TEXT,
    *,
    required: bool = False,
    positional: bool = False,
    default: Any = None,
) -> Any:
    """Describe one argument of a call (the field's default is `default`; a list argument's is the empty tuple).

    Args:
        doc: one line for people and models.
        required: a call without it is not complete.
        positional: on the command line, given without an option name.
    """
    return dataclasses.field(
        default=default, metadata={"doc": doc, "form": form, "required": required, "positional": positional}
    )


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call, as the front ends see it."""

    name: str
    doc: str
    form: Form
    required: bool
    positional: bool
    many: bool
    choices: tuple[str, ...]
    python: type
    default: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Base of the call records.

    Class attributes:
        syscall: its name, part of the contract.
        effect: the strongest thing it can do.
        payload: the key of its result in the JSON answer.
    """

    syscall: ClassVar[str]
    effect: ClassVar[Effect]
    payload: ClassVar[str]

    @classmethod
    def arguments(cls) -> tuple[Argument, ...]:
        """Return the call's arguments in the order in which they are declared."""
        return _arguments(cls)

    @property
    def reach(self) -> Effect:
        """The strongest thing that the call can do with these arguments."""
        return type(self).effect

    def to_json(self) -> dict[str, Json]:
        """Return the arguments that are set and not the default."""
        out: dict[str, Json] = {}
        for a in type(self).arguments():
            value = getattr(self, field_name(a.name))
            if value is None or value == a.default or value == ():
                continue
            if a.many:
                one = len(value) == 1 and value[0].startswith("$")
                out[a.name] = value[0] if one else list(value)
            else:
                out[a.name] = value
        return out

    @classmethod
    def from_json(cls, args: Mapping[str, Any]) -> Call:
        """Return the call with `args`, checked.

        Raises:
            BadRequest: an argument is unknown, of the wrong type, not one of the choices, or a required one is missing.
        """
        known = {a.name: a for a in cls.arguments()}
        values: dict[str, Any] = {}
        for name, value in args.items():
            if name not in known:
                raise BadRequest(f"{cls.syscall} has no argument `{name}`; it takes {', '.join(known)}")
            if value is not None:
                values[name] = _checked(cls.syscall, known[name], value)
        for a in known.values():
            if a.required and values.get(a.name) in (None, "", ()):
                raise BadRequest(f"{cls.syscall} needs `{a.name}`: {a.doc}")
        return cls(**{field_name(n): v for n, v in values.items()})


_described: dict[type[Call], tuple[Argument, ...]] = {}


def _arguments(cls: type[Call]) -> tuple[Argument, ...]:
    if cls not in _described:
        _described[cls] = _describe(cls)
    return _described[cls]


def _describe(cls: type[Call]) -> tuple[Argument, ...]:
    hints = typing.get_type_hints(cls)
    return tuple(_argument(f, hints[f.name]) for f in dataclasses.fields(cls))


def field_name(argument: str) -> str:
    """Return the record's field for an argument: `from` is a word of Python, so its field is `from_`."""
    return argument + "_" if keyword.iskeyword(argument) else argument


def _argument(f: dataclasses.Field[Any], hint: Any) -> Argument:
    plain = _without_none(hint)
    many = typing.get_origin(plain) is tuple
    choices = typing.get_args(plain) if typing.get_origin(plain) is Literal else ()
    python = str if many or choices else plain
    m = f.metadata
    form = Form.CHOICE if choices else m["form"]
    return Argument(f.name.rstrip("_"), m["doc"], form, m["required"], m["positional"], many, choices, python, f.default)


def _without_none(hint: Any) -> Any:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        rest = [h for h in typing.get_args(hint) if h is not type(None)]
        return rest[0]
    return hint


def _checked(call: str, a: Argument, value: Any) -> Any:
    if a.many:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(i, str) for i in items):
            raise BadRequest(f"{call}: `{a.name}` is a list of strings, not {value!r}")
        return tuple(items)
    if a.choices and value not in a.choices:
        raise BadRequest(f"{call}: `{a.name}` is one of {', '.join(a.choices)}, not {value!r}")
    if a.python is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, a.python) or (a.python is int and isinstance(value, bool)):
        raise BadRequest(f"{call}: `{a.name}` is of type {a.python.__name__}, not {value!r}")
    return value
