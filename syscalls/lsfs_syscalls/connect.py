"""The client: thin, typed, standard library only; what the command line and other programs import.

It finds the root it is in, starts the engine process if none runs, and speaks HTTP over the engine's socket.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsfs.engine.home import STATE, Home, find_home, is_locked, resolve_root
from lsfs.errors import NotFound, Unavailable
from lsfs.wire.http import Tell, request

START_S = 60.0
LONGEST_CALL_S = 3600.0
Body = dict[str, Any]


def find_root(start: Path, environ: Mapping[str, str]) -> tuple[Path, Path | None]:
    """Return the root (and its state, where that is elsewhere) that a directory belongs to.

    LSFS_ROOT, else the nearest directory upwards that has a state, or is a mount of a root.

    Raises:
        NotFound: it belongs to none.
    """
    if environ.get("LSFS_ROOT"):
        return resolve_root(environ["LSFS_ROOT"]), Path(environ["LSFS_STATE"]) if environ.get("LSFS_STATE") else None
    for folder in (start, *start.parents):
        if (folder / STATE / "format").is_file():
            return folder, None
        try:
            words = (folder / STATE / "root").read_text().splitlines()
        except OSError:
            continue
        if len(words) >= 3:
            return Path(words[0]), Path(words[2])
    raise NotFound(f"{start} belongs to no root; serve one with `lsfs up DIR`, or name one with --root DIR")


@dataclass(slots=True)
class Client:
    """A client of one root's engine."""

    home: Home
    environ: Mapping[str, str]

    @classmethod
    def find(cls, *, root: str | None, state: str | None, environ: Mapping[str, str]) -> Client:
        """Return a client for the named root, or for the one that the present directory belongs to.

        Raises:
            NotFound: there is none.
        """
        if root is None:
            found, elsewhere = find_root(Path.cwd(), environ)
        else:
            found, elsewhere = resolve_root(root), None
        chosen = Path(state).absolute() if state else elsewhere
        return cls(find_home(found, chosen, environ), environ)

    # Requests

    def request(
        self,
        method: str,
        route: str,
        body: Body | None = None,
        *,
        timeout_s: float = 120.0,
        start: bool = True,
        tell: Tell | None = None,
    ) -> Body:
        """Send one request, starting the engine first if none runs. What may have arrived is never sent twice."""
        try:
            return request(self.home.socket, method, route, body, timeout_s=timeout_s, tell=tell)
        except Unavailable as e:
            if not start or e.sent or (is_locked(self.home.state) and _answers(self.home)):
                raise
        start_engine(self.home, self.environ)
        return request(self.home.socket, method, route, body, timeout_s=timeout_s, tell=tell)

    def status(self) -> Body:
        """Return how the engine is."""
        return self.request("GET", "/status")

    def wait(self, timeout_s: float, *, vectors: bool = True) -> bool:
        """Wait until every file is recorded and indexed; return whether that came to be."""
        body = {"timeout_s": timeout_s, "vectors": vectors}
        return bool(self.request("POST", "/wait", body, timeout_s=timeout_s + 10)["settled"])

    def ask(
        self,
        prompt: str,
        *,
        now: str | None = None,
        explain: bool = False,
        dry_run: bool = False,
        actor: str = "user",
        files: Sequence[str] = (),
        tell: Tell | None = None,
    ) -> Body:
        """Return a prompt's plan, with its answers if it only reads, else with a preview."""
        body = {"prompt": prompt, "now": now, "explain": explain, "dry_run": dry_run, "actor": actor, "files": list(files)}
        return self.request("POST", "/ask", body, timeout_s=LONGEST_CALL_S, tell=tell)

    def preview(self, plan: Body, *, now: str | None = None) -> Body:
        """Return what a plan would do."""
        return self.request("POST", "/preview", {"plan": plan, "now": now})

    def plan(
        self,
        plan: Body,
        *,
        consent: bool = False,
        now: str | None = None,
        explain: bool = False,
        actor: str = "user",
        tell: Tell | None = None,
    ) -> list[Body]:
        """Run a plan and return the answers of its steps; `tell` is told of a model's answer as it comes."""
        body = {"plan": plan, "consent": consent, "now": now, "explain": explain, "actor": actor}
        answers: list[Body] = self.request("POST", "/plan", body, timeout_s=LONGEST_CALL_S, tell=tell)["answers"]
        return answers

    def call(self, syscall: str, args: Body, *, consent: bool = False, actor: str = "user", tell: Tell | None = None) -> Body:
        """Run one call and return its answer; `tell` is told of a model's answer as it comes."""
        body = {"args": args, "consent": consent, "actor": actor}
        return self.request("POST", f"/call/{syscall}", body, timeout_s=LONGEST_CALL_S, tell=tell)


def _answers(home: Home) -> bool:
    try:
        request(home.socket, "GET", "/status", timeout_s=5.0)
    except Unavailable:
        return False
    return True


def engine_command(home: Home) -> list[str]:
    """Return the command that starts the engine process of a root."""
    return [sys.executable, "-m", "lsfs_syscalls.daemon.main", "--root", str(home.root), "--state", str(home.state)]


def start_engine(home: Home, environ: Mapping[str, str], settings: Sequence[str] = ()) -> None:
    """Start the engine process with this environment and return when it serves; join one that is starting already.

    Raises:
        Unavailable: it did not come up; the text has its words.
    """
    ready, theirs = os.pipe()
    command = [*engine_command(home), "--ready-fd", str(theirs), *(x for s in settings for x in ("--set", s))]
    with home.log.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs],
            start_new_session=True,
            cwd="/",
            env=dict(environ),
        )
    os.close(theirs)
    with os.fdopen(ready, "rb") as f:
        got, _, _ = select.select([f], [], [], START_S)
        words = f.read(4096).decode(errors="replace") if got else ""
    if words == "1":
        child.returncode = 0  # it is a daemon now: nobody waits for it
        return
    with suppress(subprocess.TimeoutExpired):
        child.wait(5.0)
    if "another engine process" in words and _joined(home):
        return
    raise Unavailable(f"the engine did not start: {words or 'no word from it; the end of its log: ' + _tail(home.log)}")


def _joined(home: Home) -> bool:
    """Wait for an engine that somebody else is starting."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if _answers(home):
            return True
        time.sleep(0.05)
    return False


def _tail(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-500:]
    except OSError:
        return "(none)"
