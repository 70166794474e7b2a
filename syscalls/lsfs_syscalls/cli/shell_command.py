"""`lsfs shell`: a read-evaluate-print loop for prompts and calls.

A line is a call if its first word is the name of one, else a prompt. "it" and "the second one" refer to the last answer. The
line editor (history, completion, Ctrl-Z for undo) is prompt_toolkit's; in a dumb terminal or a pipe the lines are simply read.
Paths, calls and prompts that were said before are completed with Tab; a prompt said before is also offered dim, for the right
arrow to take.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from lsfs.errors import EXIT_FOUND, LsfsError
from lsfs_syscalls.cli.arguments import ALIASES, add_calls, call_of
from lsfs_syscalls.cli.ask import run_call, run_prompt
from lsfs_syscalls.cli.common import common_options
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.cli.status_command import status_lines

HELP = """Say what you want in plain words, or use a call:
  find my notes on pricing from last week      delete the second one
  retrieve "flash caching" -k 5                history thesis.tex
  undo (or Ctrl-Z)   status   ? CALL for its arguments   quit (or Ctrl-D)
Calls: {calls}"""


_SPOKEN_OF = frozenset({"it", "that", "this", "them", "these", "those"})
"""Words for the last answer; a file of such a name is written `./it`."""


class _Grammar(argparse.ArgumentParser):
    """A parser that raises instead of ending the program."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise argparse.ArgumentError(None, message)


def run(session: Session) -> int:
    """Read and run lines until the end of the input."""
    read = _reader(session)
    names = _names()
    while True:
        try:
            line = read().strip()
        except EOFError:
            return EXIT_FOUND
        except KeyboardInterrupt:
            continue
        if line in ("quit", "exit"):
            return EXIT_FOUND
        if line:
            _interruptible(session, line, names)


def _interruptible(session: Session, line: str, names: set[str]) -> None:
    """Run one line; Ctrl-C ends what it does and not the shell."""
    try:
        _one(session, line, names)
    except KeyboardInterrupt:
        session.print(session.live.finish(""))
        session.note("interrupted")


def _names() -> set[str]:
    return {w.replace("-", "_") for w in _calls().choices} | set(ALIASES)


def _calls() -> argparse._SubParsersAction[argparse.ArgumentParser]:
    grammar = _Grammar(add_help=False)
    sub: argparse._SubParsersAction[argparse.ArgumentParser] = grammar.add_subparsers(parser_class=_Grammar)
    add_calls(sub, common_options())
    return sub


def _one(session: Session, line: str, names: set[str]) -> None:
    """Run one line; an error is printed and the loop goes on."""
    first, _, rest = line.partition(" ")
    try:
        if first == "?":
            session.print(_help(rest.strip()))
        elif line == "status":
            session.print("\n".join(status_lines(session.client.status())))
        elif first.replace("-", "_") in names and (words := _words(line)):
            options = _parsed(words)
            if options is None:
                run_prompt(session, line)
            else:
                run_call(session, call_of(options))
        else:
            run_prompt(session, line)
    except LsfsError as e:
        session.note(session.paint.bad(str(e)))
        for candidate in getattr(e, "candidates", []) or getattr(e, "paths", []):
            session.note(f"  {candidate}")


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _parsed(words: list[str]) -> argparse.Namespace | None:
    """Return the call's options, or None when the words are no call but a sentence that begins like one."""
    grammar = _Grammar(add_help=False, exit_on_error=False)
    add_calls(grammar.add_subparsers(parser_class=_Grammar), common_options())
    try:
        options = grammar.parse_args(words)
    except (argparse.ArgumentError, SystemExit):
        return None
    return None if _is_sentence(options) else options


def _is_sentence(options: argparse.Namespace) -> bool:
    """Tell whether the words behind a call's name are plain words: more than it takes at the least, or "it" and its like."""
    words = getattr(options, "arg_many", None) or ()
    if options.call == "duplicates":
        words = getattr(options, "arg_files_here", None) or ()
    if _SPOKEN_OF.intersection([*words, getattr(options, "arg_path_here", None)]):
        return True
    return len(words) > (2 if options.call in ("copy", "move") else 1)


def _help(call: str) -> str:
    choices = _calls().choices
    if call in choices:
        return choices[call].format_help()
    return HELP.format(calls=" ".join(sorted(n for n in choices if "_" not in n)))


def _reader(session: Session) -> Callable[[], str]:
    if not sys.stdin.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return _plain_reader
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import merge_completers
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from lsfs_syscalls.cli.completers import CallCompleter, PathsOfRoot, SaidBefore

    keys = KeyBindings()

    @keys.add("c-z")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.text = "undo"
        event.current_buffer.validate_and_handle()

    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "lsfs"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / "history").touch(mode=0o600)  # what was said is nobody else's business: a link's password may be in it
    history = FileHistory(str(home / "history"))
    completers = [CallCompleter(_calls().choices), PathsOfRoot(session.client), SaidBefore(history)]
    prompt: PromptSession[str] = PromptSession(
        history=history,
        completer=merge_completers(completers),
        auto_suggest=AutoSuggestFromHistory(),
        key_bindings=keys,
        complete_while_typing=False,
    )
    return lambda: prompt.prompt("lsfs> ")


def _plain_reader() -> str:
    if sys.stdin.isatty():
        print("lsfs> ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
