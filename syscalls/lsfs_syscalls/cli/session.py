"""What a command line run knows: where to print, whether anyone can be asked, and the client to the engine.

Data goes to the standard output, notices to the standard error output. Without a terminal nothing is asked: an empty answer,
the end of the input and a script all mean no.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import Any

from lsfs.errors import EXIT_ERROR, EXIT_FOUND, EXIT_NOTHING
from lsfs.wire.http import Tell
from lsfs_syscalls.cli.content import write_content
from lsfs_syscalls.cli.live import Live
from lsfs_syscalls.connect import Client
from lsfs_syscalls.render.answer import notices, render
from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.render.plain import json_text, painted_text
from lsfs_syscalls.render.plan import plan_lines, preview_lines, problem_lines, sent_lines


@dataclass(slots=True)
class Session:
    """One run of a command, or one REPL.

    Attributes:
        agreed: the user has said yes for the rest of this session.
        last_files: the files of the last answer, for "it" and "the second one".
    """

    options: argparse.Namespace
    paint: Paint
    live: Live
    agreed: bool = False
    last_files: list[str] = field(default_factory=list)
    _client: Client | None = None

    @classmethod
    def start(cls, options: argparse.Namespace) -> Session:
        """Return a session for the parsed command line."""
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size((100, 24)).columns
        paint = Paint(colour=colour, width=width, terminal=sys.stdout.isatty())
        rewriting = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        return cls(options, paint, Live(paint, rewriting=rewriting))

    def flag(self, name: str) -> bool:
        """Tell whether a common option was given."""
        return bool(getattr(self.options, name, False))

    @property
    def client(self) -> Client:
        """The client to the root's engine, which is started if it does not run."""
        if self._client is None:
            self._client = Client.find(
                root=getattr(self.options, "root", None), state=getattr(self.options, "state", None), environ=os.environ
            )
        return self._client

    def print_json(self, data: Any) -> None:
        """Print one JSON object."""
        print(json_text(data))

    def print(self, text: str) -> None:
        """Print data."""
        print(painted_text(text))

    def note(self, text: str) -> None:
        """Print a notice."""
        print(painted_text(text), file=sys.stderr)

    def question(self) -> str:
        """Return the answer to a question that was shown; "" without a terminal, or when nobody wants to say."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return ""
        print("> ", end="", file=sys.stderr, flush=True)
        try:
            return sys.stdin.readline().strip()
        except KeyboardInterrupt:
            return ""

    @property
    def tell(self) -> Tell | None:
        """Shows a model's answer as it comes; None where the answer is to be one JSON object."""
        return None if self.flag("json") else self.live.tell

    def answer(self, body: dict[str, Any]) -> int:
        """Print an answer and return the exit status it means."""
        self.last_files = files_of(body) or self.last_files
        if self.flag("json"):
            self.print_json(body)
        elif "content" in body:
            write_content(body, self.paint)
        else:
            if text := self.live.finish(render(body, self.paint)):
                print(text)
            for line in notices(body):
                self.note(self.paint.dim(line))
        return EXIT_FOUND if body.get("found", True) else EXIT_NOTHING

    def show_plan(self, plan: dict[str, Any], preview: dict[str, Any] | None) -> None:
        """Print what would be done, as a notice."""
        for line in (*sent_lines(plan, self.paint), *plan_lines(plan, self.paint)):
            self.note(line)
        for line in preview_lines(preview, self.paint) if preview else ():
            self.note(line)

    def show_problems(self, preview: dict[str, Any]) -> None:
        """Print only why a plan cannot be run, as a notice."""
        for line in problem_lines(preview, self.paint):
            self.note(line)

    def consent(self) -> bool:
        """Ask whether to go on; anything but a clear yes is a no."""
        if self.flag("yes") or self.agreed:
            return True
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            self.note("nothing was changed: nobody is here to agree (--yes agrees, --dry-run only shows)")
            return False
        try:
            print("Do this? [y]es, [s]ession (do not ask again), [N]o: ", end="", file=sys.stderr, flush=True)
            answer = sys.stdin.readline().strip().lower()
        except KeyboardInterrupt:
            answer = ""
        self.agreed = self.agreed or answer in ("s", "session")
        if answer in ("y", "yes", "s", "session"):
            return True
        self.note("nothing was changed")
        return False

    def refused(self) -> int:
        """Return the exit status of a plan that nobody agreed to."""
        return EXIT_FOUND if self.flag("dry_run") else EXIT_ERROR


def files_of(body: dict[str, Any]) -> list[str]:
    """Return the files that an answer names, or that were changed, in its order."""
    if "changed" in body:
        return [str(path) for path in body["changed"]]
    if "files" in body:
        return [str(f["path"]) for f in body["files"]]
    if "groups" in body:
        return [str(f) for g in body["groups"] for f in g["files"]]
    if "sources" in body:
        return list(dict.fromkeys(str(f["path"]) for f in body["sources"]))
    one = body.get("file", body).get("path")
    return [str(one)] if one else []
