"""Paths as they are meant in a folder of the root, like those of any other program: the shell completes them so.

`./x` and `../x` are paths from that folder. A plain path is one from there too, unless it is only at the top of the root, as in
the answers of lsfs; where it could be either, lsfs asks for `./x` or `../x`. In programs' calls (`--json`) a plain path is one
from the top, and so is every path where the root is named (`--root`, `--state`, LSFS_ROOT).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lsfs.errors import Ambiguous, LsfsError
from lsfs_syscalls.calls.record import Call, Form, Json
from lsfs_syscalls.connect import find_top

_PATHS = frozenset({Form.PATH, Form.FILES, Form.SET})


def meant(call: Call, options: argparse.Namespace, environ: Mapping[str, str]) -> Call:
    """Return the call with its paths from the top of the root.

    Raises:
        Ambiguous: a path is there in both ways.
    """
    if environ.get("LSFS_ROOT") or getattr(options, "root", None) or getattr(options, "state", None):
        return call
    try:
        top = find_top(Path.cwd())
    except (LsfsError, OSError):
        return call  # it is said when the engine is looked for
    if top == Path.cwd():
        return call
    here = _Here(top, Path.cwd().relative_to(top), plain=not getattr(options, "json", False))
    args = dict(call.to_json())
    for a in call.arguments():
        if a.form in _PATHS and args.get(a.name):
            args[a.name] = here.meant(args[a.name])
    if here.plain and call.syscall == "list" and not args.get("under"):
        args["under"] = str(here.below)
    return type(call).from_json(args)


@dataclass(frozen=True, slots=True)
class _Here:
    """A folder of a root.

    Attributes:
        below: the folder, from the top.
        plain: plain paths may be from there.
    """

    top: Path
    below: Path
    plain: bool

    def meant(self, value: Json) -> Json:
        """Return a path or several from the top."""
        if isinstance(value, list):
            return [self._one(v) if isinstance(v, str) else v for v in value]
        return self._one(value) if isinstance(value, str) else value

    def _one(self, path: str) -> str:
        if path.startswith(("/", "$")):
            return path
        from_here = os.path.normpath(os.path.join(self.below, path))
        if path.split("/")[0] in (".", ".."):
            return from_here
        if not self.plain:
            return path
        at_top, at_here = self._is_there(path), self._is_there(from_here)
        if at_top and at_here:
            up = "../" * len(self.below.parts) + path
            both = [from_here, path]
            raise Ambiguous(f"{path} is in this folder and at the top of the root; write ./{path} or {up}", both)
        return path if at_top or not (at_here or self._is_there(os.path.dirname(from_here))) else from_here

    def _is_there(self, path: str) -> bool:
        return os.path.lexists(self.top / path)
