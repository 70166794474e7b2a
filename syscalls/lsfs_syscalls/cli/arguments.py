"""The command line's grammar, made from the table of calls: every call is a subcommand, every argument an option.

It knows how words on a command line become a call record, not what a call does.
"""

from __future__ import annotations

import argparse
from typing import Any

from lsfs_syscalls.calls.record import Argument, Call, Form, field_name
from lsfs_syscalls.calls.table import CALLS

ALIASES = {"ls": "list", "cat": "read", "find": "retrieve", "search": "retrieve", "mv": "move", "cp": "copy", "rm": "delete"}
"""Names that hands type for a call."""

LIFECYCLE_CALLS = frozenset({"mount", "unmount"})
"""Calls that the lifecycle commands (`up`, `down`) run, because they start and end the engine process itself."""

_ON_CONFLICT = {
    "keep-mine": "leave files that changed since as they are",
    "force": "put files back that changed since, too",
}
_SHORT = {"k": "-k", "recursive": "-r"}
_SECOND = {"tag": ("tags",), "untag": ("tags",), "concat": ("files",), "duplicates": ("files",)}


def add_calls(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add a subcommand for every call of the table to the subparsers `commands`."""
    for name, call in CALLS.items():
        if name in LIFECYCLE_CALLS:
            continue
        aliases = [a for a, of in ALIASES.items() if of == name]
        doc = (call.__doc__ or "").strip()
        p = commands.add_parser(
            name.replace("_", "-"), aliases=[*aliases, *_underscored(name)], parents=[common], help=doc, description=doc
        )
        p.set_defaults(call=name)
        if name == "watch":
            p.add_argument("--follow", action="store_true", help="stay and print what happens, one JSON object a line")
            p.add_argument("--after", type=int, metavar="NUMBER", help="with --follow: go on behind this event")
        many = _takes_many(call)
        for a in call.arguments():
            _add_argument(p, name, a, placed=many and a.name in _PLACED)
        if many:
            words = "the files or folders" + (", and where they go" if _goes_somewhere(call) else "")
            p.add_argument("arg_many", metavar="PATH", nargs="*", help=words)
        if name == "undo":
            for flag, doc in _ON_CONFLICT.items():
                p.add_argument("--" + flag, dest="arg_conflict", action="store_const", const=flag.replace("-", "_"), help=doc)


_PLACED = ("path", "to")
"""Arguments that words without an option's name stand for, in a call that takes one path or many files."""


def _takes_many(call: type[Call]) -> bool:
    """Tell whether a call takes one path or many files, so that both can be given as plain words: `lsfs delete a b`."""
    arguments = {a.name: a for a in call.arguments()}
    both = "path" in arguments and "files" in arguments and call.syscall not in _SECOND
    return both and arguments["path"].positional


def _goes_somewhere(call: type[Call]) -> bool:
    return any(a.name == "to" for a in call.arguments())


def _underscored(name: str) -> list[str]:
    return [name] if "_" in name else []


def _add_argument(p: argparse.ArgumentParser, call: str, a: Argument, *, placed: bool) -> None:
    dest = "arg_" + a.name
    if a.form is Form.FLAG:
        names = [_SHORT[a.name]] if a.name in _SHORT else []
        p.add_argument(*names, "--" + a.name, dest=dest, action=argparse.BooleanOptionalAction, default=None, help=a.doc)
        return
    kind: dict[str, Any] = {"dest": dest, "help": a.doc, "default": None}
    if a.choices:
        kind["choices"] = a.choices
    elif a.python in (int, float):
        kind["type"] = size if a.form is Form.SIZE else a.python
    else:
        kind["metavar"] = _metavar(a)
    if a.many:
        kind["action"] = "extend"
        kind["nargs"] = "+"
    names = [_SHORT[a.name]] if a.name in _SHORT else []
    p.add_argument(*names, "--" + a.name.replace("_", "-"), **kind)
    if a.positional and not placed:
        typed = {"type": kind["type"]} if "type" in kind else {}
        p.add_argument(dest + "_here", metavar=a.name.upper(), nargs="?", default=None, help=a.doc, **typed)
    elif a.name in _SECOND.get(call, ()) and a.many:
        p.add_argument(dest + "_here", metavar=a.name.upper(), nargs="*", default=None, help=a.doc)


def _metavar(a: Argument) -> str:
    names = {
        Form.TIME: "TIME",
        Form.PATH: "PATH",
        Form.FILES: "PATH",
        Form.SET: "PATH",
        Form.DURATION: "DURATION",
        Form.GLOB: "GLOB",
    }
    return names.get(a.form, "TEXT")


def size(text: str) -> int:
    """Return the bytes that `10k`, `3MB` or `1.5GiB` mean (binary units).

    Raises:
        argparse.ArgumentTypeError: it is no size.
    """
    number = text.lower().rstrip("ib").rstrip()
    power = {"k": 1, "m": 2, "g": 3, "t": 4}.get(number[-1:], 0)
    try:
        return int(float(number[:-1] if power else number) * 1024**power)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no size; write 500, 10k, 3MB or 1.5GiB") from None


def call_of(options: argparse.Namespace) -> Call:
    """Return the call that the parsed command line names.

    Raises:
        BadRequest: a required argument is missing, or one is off.
    """
    call = CALLS[options.call]
    args: dict[str, Any] = {}
    for a in call.arguments():
        value = getattr(options, "arg_" + a.name, None)
        here = getattr(options, "arg_" + a.name + "_here", None)
        value = value if here in (None, []) else here
        if value is not None:
            args[a.name] = value
    return call.from_json(args | _placed(call, list(getattr(options, "arg_many", None) or ()), args))


def _placed(call: type[Call], words: list[str], args: dict[str, Any]) -> dict[str, Any]:
    """Return what plain words stand for: the last one where the others go, one file as `path`, several as `files`."""
    out: dict[str, Any] = {}
    if words and _goes_somewhere(call) and "to" not in args and (len(words) > 1 or args.keys() & {"files", "path"}):
        out["to"] = words.pop()
    if len(words) == 1 and not args.keys() & {"files", "path"}:
        return {**out, "path": words[0]}
    return {**out, "files": [*args.get("files", ()), *words]} if words else out


def described(call: type[Call]) -> dict[str, str]:
    """Return the call's argument names with their one-line meaning (completion and help use it)."""
    return {field_name(a.name): a.doc for a in call.arguments()}
