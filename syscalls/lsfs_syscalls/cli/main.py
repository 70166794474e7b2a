"""The program `lsfs`: reads the command line and hands it to a command, a call or the prompt's way.

A first argument with a blank in it is a prompt. Errors are printed in one line on the standard error output; the exit status is
0 for found or done, 1 for nothing found, 2 for an error.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from lsfs.errors import EXIT_ERROR, EXIT_FOUND, LsfsError
from lsfs.wire.failures import understood
from lsfs_syscalls.cli import commands
from lsfs_syscalls.cli.common import common_options
from lsfs_syscalls.render.plain import plain_text

DESCRIPTION = """A semantic file system: search, history and undo for a directory you already have.

  lsfs up DIR [MOUNTPOINT]     serve a directory
  lsfs "find my notes on the Berlin office from last week"
  lsfs retrieve "flash caching" -k 5
  lsfs undo
"""


_WITH_VALUE = ("--root", "--state", "--now")


class _Grammar(argparse.ArgumentParser):
    """A parser whose messages repeat what was typed, such as names that a shell put there for `*`, as it can be printed."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(plain_text(message), file)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Say of a word that is no command what could be meant, and not every command there is."""
        choices = action.choices or ()
        if not isinstance(action, argparse._SubParsersAction) or value in choices:
            super()._check_value(action, value)
            return
        alike = difflib.get_close_matches(str(value), [str(c) for c in choices if "_" not in str(c)], 3)
        meant = f"did you mean {' or '.join(alike)}? " if alike else ""
        known = "`lsfs --help` lists the commands; `lsfs ask WORDS` takes what you want in plain words"
        raise argparse.ArgumentError(None, f"there is no command {value}; {meant}{known}")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and exit."""
        print(f"lsfs {importlib.import_module('importlib.metadata').version('lsfs')}")
        parser.exit(EXIT_FOUND)


def parser(first: str = "") -> argparse.ArgumentParser:
    """Return the grammar of the command line.

    Args:
        first: the first word; when it is a command that is no call, the calls (and the time to describe them) are left out.
    """
    common = common_options()
    p = _Grammar(prog="lsfs", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[common])
    p.add_argument("--version", action=_Version, nargs=0, help="print the version of lsfs and exit")
    sub = p.add_subparsers(dest="command", metavar="COMMAND", title="commands and calls")
    commands.add(sub, common)
    if first not in commands.NAMES:
        importlib.import_module("lsfs_syscalls.cli.arguments").add_calls(sub, common)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a locale that lacks a character shows its number
    words = list(sys.argv[1:] if argv is None else argv)
    if words and _is_prompt(words):
        words = ["ask", *words]
    p = parser(words[0] if words else "")
    options = p.parse_args(words)
    if options.command is None:
        p.print_help()
        return EXIT_ERROR
    try:
        return _run(options)
    except LsfsError as e:
        return _failed(e)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as e:
        return _failed(understood(e))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _is_prompt(words: list[str]) -> bool:
    """Tell whether the first word that is neither an option nor an option's value is a prompt: it has a blank in it."""
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            next(rest, "")
        elif not word.startswith("-"):
            return " " in word.strip()
    return False


def _run(options: argparse.Namespace) -> int:
    if hasattr(options, "call"):
        return commands.run_call_command(options)
    return commands.run(options)


def _failed(e: LsfsError) -> int:
    for line in (f"lsfs: {e}", *(f"  {x}" for x in (*getattr(e, "candidates", ()), *getattr(e, "paths", ())))):
        print(plain_text(line), file=sys.stderr)
    return EXIT_ERROR


if __name__ == "__main__":
    sys.exit(main())
