"""The commands that are no calls: prompts, the life of the engine, and the printers of schemas and completions.

Each imports what it needs when it runs, so that `lsfs status` does not pay for the parser's model.
"""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Callable
from typing import Any

from lsfs_syscalls.cli.session import Session

Command = Callable[[Session], int]
NAMES = frozenset("ask parse shell up down wait status check doctor mcp tools completion".split())


def add(sub: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands to the subparsers `sub`."""
    p = _command(sub, common, "ask", _lazy("ask"), "run a prompt in plain words")
    p.add_argument("prompt", nargs="+", help="what you want")
    p = _command(sub, common, "parse", _lazy("parse"), "print the plan of a prompt without running it")
    p.add_argument("prompt", nargs="*", help="the prompt; one a line on standard input with --jsonl")
    p.add_argument("--jsonl", action="store_true", help="read one prompt a line, write one plan a line")
    _command(sub, common, "shell", _lazy("shell"), "talk to the file system: prompts, calls, undo")
    p = _command(sub, common, "up", _lazy("up"), "serve a directory in the background, and mount it")
    p.add_argument("directory", nargs="?", help="the root (default: as --root)")
    p.add_argument("mountpoint", nargs="?", help="where to mount it; the root itself is possible")
    p.add_argument("--foreground", action="store_true", help="stay until Ctrl-C")
    p.add_argument("--no-wait", action="store_true", help=argparse.SUPPRESS)
    p = _command(sub, common, "down", _lazy("down"), "end the mounts and the engine of a root")
    p.add_argument("directory", nargs="?", help="the root")
    p = _command(sub, common, "wait", _lazy("wait"), "return when every file is indexed")
    p.add_argument("--timeout", type=float, default=None, metavar="SECONDS", help="give up after this time")
    p.add_argument("--progress", action="store_true", help="show a progress bar")
    _command(sub, common, "status", _lazy("status"), "tell how the engine is")
    p = _command(sub, common, "check", _lazy("check"), "verify packs, catalogue, tree and index")
    p.add_argument("--repair", action="store_true", help="mend what can be mended")
    p.add_argument("--rebuild", action="store_true", help="make the catalogue again from the packs (the engine must be down)")
    p.add_argument("--force", action="store_true", help="rebuild even where versions are lost by that")
    p.add_argument(
        "--sample", type=float, default=1.0, metavar="PART", help="read only this part of the stored content (0 to 1)"
    )
    _command(sub, common, "doctor", _lazy("doctor"), "say what is missing on this machine and how to get it")
    p = _command(sub, common, "mcp", _lazy("mcp"), "serve the calls to an agent over MCP on standard input and output")
    p.add_argument("--changing", action="store_true", help="offer the changing calls too (each needs consent in its arguments)")
    p = _command(sub, common, "tools", _lazy("tools"), "print the calls as tool schemas")
    p.add_argument("--format", choices=("openai", "mcp", "json"), default="openai", help="whose form")
    p = _command(sub, common, "completion", _lazy("completion"), "print the shell completion")
    p.add_argument("shell", choices=("bash", "zsh", "fish"))


def _command(sub: Any, common: argparse.ArgumentParser, name: str, run: Command, doc: str) -> argparse.ArgumentParser:
    p: argparse.ArgumentParser = sub.add_parser(name, parents=[common], help=doc, description=doc)
    p.set_defaults(run=run)
    return p


def _lazy(name: str) -> Command:
    """Return a command whose module is imported when it runs."""

    def run(session: Session) -> int:
        module = importlib.import_module(f"lsfs_syscalls.cli.{name}_command")
        status: int = module.run(session)
        return status

    return run


def run(options: argparse.Namespace) -> int:
    """Run the chosen command and return its exit status."""
    command: Command = options.run
    return command(Session.start(options))


def run_call_command(options: argparse.Namespace) -> int:
    """Run a call that was given as a subcommand."""
    if getattr(options, "follow", False):
        return _lazy("follow")(Session.start(options))
    call = importlib.import_module("lsfs_syscalls.cli.arguments").call_of(options)
    call = importlib.import_module("lsfs_syscalls.cli.here").meant(call, options, os.environ)
    status: int = importlib.import_module("lsfs_syscalls.cli.ask").run_call(Session.start(options), call)
    return status
