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

from lsfs.engine.home import Home, find_home, mounted_root, resolve_root
from lsfs.engine.lock import holder, is_locked
from lsfs.engine.state import STATE, claimed_root
from lsfs.errors import Lost, NotFound, Unavailable
from lsfs.wire.http import Tell, is_served, request

START_S = 60.0
LONGEST_CALL_S = 3600.0
ATTEMPTS = 3
STATUS_S = 30.0
OTHER = "another engine process"
"""How an engine that finds the state held says so."""
Body = dict[str, Any]


def find_root(start: Path, environ: Mapping[str, str]) -> tuple[Path, Path | None]:
    """Return the root (and its state, where that is elsewhere) that a directory belongs to.

    LSFS_ROOT, else the nearest directory upwards that has a state, or is a mount of a root.

    Raises:
        NotFound: it belongs to none.
    """
    if environ.get("LSFS_ROOT"):
        return resolve_root(environ["LSFS_ROOT"]), Path(environ["LSFS_STATE"]) if environ.get("LSFS_STATE") else None
    top = find_top(start)
    return mounted_root(top) or (top, None)


def find_top(start: Path) -> Path:
    """Return the nearest directory upwards that has a state, or is a mount of a root.

    Raises:
        NotFound: there is none.
    """
    for folder in (start, *start.parents):
        with suppress(OSError):  # nothing for us: closed, or a mount whose process is gone
            if (folder / STATE / "format").is_file() or mounted_root(folder):
                return folder
    raise NotFound(f"{start} belongs to no root; serve one with `lsfs up DIR`, or name one with --root DIR")


@dataclass(slots=True)
class Client:
    """A client of one root's engine."""

    home: Home
    environ: Mapping[str, str]

    @classmethod
    def find(cls, *, root: str | None, state: str | None, environ: Mapping[str, str]) -> Client:
        """Return a client for the named root, the named state's, or the one that the present directory belongs to.

        Raises:
            NotFound: there is none.
        """
        given = Path(state).expanduser().absolute() if state else None
        claimed = claimed_root(given) if given is not None and root is None else None
        if claimed is not None:
            found, elsewhere = resolve_root(claimed), None
        elif root is None:
            found, elsewhere = find_root(Path.cwd(), environ)
        else:
            found, elsewhere = resolve_root(root), None
        return cls(find_home(found, given or elsewhere, environ), environ)

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
        """Send one request; an engine that does not run is started before.

        A request that changes nothing is sent again if the engine is killed over it. One that may change something is not,
        because a change made twice is another change; nor is one that was answered in part.

        Raises:
            Unavailable: the engine cannot be reached or started.
            Lost: it was lost while it answered: what it was asked to do is done or not.
        """
        told: list[Body] = []

        def telling(piece: Body) -> None:
            told.append(piece)
            if tell is not None:
                tell(piece)

        self._refuse_stopped()
        for attempt in range(1, ATTEMPTS + 1):
            if start and not is_served(self.home.socket):
                start_engine(self.home, self.environ)
            try:
                return request(self.home.socket, method, route, body, timeout_s=timeout_s, tell=tell and telling)
            except Unavailable as e:
                if isinstance(e.__cause__, TimeoutError) and not route.startswith(("/call/", "/plan")):
                    raise Lost(f"{e}; {self._way_out()}") from e
                if isinstance(e, Lost) and route.startswith(("/call/", "/plan")) and not _reads(route, body):
                    raise Lost(f"{e}; it was done as a whole or not at all: `lsfs log` tells") from e
                if not start or told or attempt == ATTEMPTS or not _went_away(e):
                    raise
                time.sleep(0.05)  # a process that is killed closes its sockets one by one
        raise AssertionError("the last attempt returns or raises")

    def _refuse_stopped(self) -> None:
        """Refuse to wait for an engine whose process is stopped (SIGSTOP, a debugger).

        Raises:
            Unavailable: it is; the text has the way out.
        """
        pid = holder(self.home.state)
        with suppress(OSError, IndexError):
            state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
            if state in ("T", "t") and is_locked(self.home.state):
                raise Unavailable(f"the engine is stopped; `kill -CONT {pid}` lets it go on")

    def _way_out(self) -> str:
        pid = holder(self.home.state)
        return f"its log is {self.home.log}; `kill -9 {pid}` ends it and loses nothing, the next command starts another"

    def status(self) -> Body:
        """Return how the engine is."""
        return self.request("GET", "/status", timeout_s=STATUS_S)

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

    def preview(self, plan: Body, *, now: str | None = None, actor: str = "user") -> Body:
        """Return what a plan would do."""
        return self.request("POST", "/preview", {"plan": plan, "now": now, "actor": actor})

    def plan(
        self,
        plan: Body,
        *,
        consent: bool = False,
        now: str | None = None,
        agreed: Body | None = None,
        explain: bool = False,
        actor: str = "user",
        tell: Tell | None = None,
    ) -> list[Body]:
        """Run a plan and return the answers of its steps; `tell` is told of a model's answer as it comes."""
        body = {"plan": plan, "consent": consent, "now": now, "explain": explain, "actor": actor, "agreed": agreed}
        answers: list[Body] = self.request("POST", "/plan", body, timeout_s=LONGEST_CALL_S, tell=tell)["answers"]
        return answers

    def call(self, syscall: str, args: Body, *, consent: bool = False, actor: str = "user", tell: Tell | None = None) -> Body:
        """Run one call and return its answer; `tell` is told of a model's answer as it comes."""
        body = {"args": args, "consent": consent, "actor": actor}
        return self.request("POST", f"/call/{syscall}", body, timeout_s=LONGEST_CALL_S, tell=tell)


def _reads(route: str, body: Body | None) -> bool:
    """Tell whether a request may be sent twice: calls and plans change something only with consent, a mount is joined."""
    if route.startswith("/call/") or route == "/plan":
        return not (body or {}).get("consent")
    return route in ("/status", "/wait", "/parse", "/ask", "/preview", "/mount")


def _went_away(e: Unavailable) -> bool:
    """Tell whether the engine is gone, and not slow, or there and in want of something itself."""
    return e.__cause__ is not None and not isinstance(e.__cause__, TimeoutError)


def engine_command(home: Home) -> list[str]:
    """Return the command that starts the engine process of a root."""
    return [sys.executable, "-m", "lsfs_syscalls.daemon.main", "--root", str(home.root), "--state", str(home.state)]


def start_engine(home: Home, environ: Mapping[str, str], settings: Sequence[str] = ()) -> None:
    """Start the engine process with this environment and return when it serves; join one that is starting already.

    Raises:
        Unavailable: it did not come up; the text has its words.
    """
    until = time.monotonic() + START_S
    while True:
        words = _start_once(home, environ, settings, until)
        if words == "1":
            return
        if OTHER not in words or time.monotonic() > until:
            raise Unavailable(f"the engine did not start: {words or 'no word from it; the end of its log: ' + _tail(home.log)}")
        if _joined(home, until):
            return


def _start_once(home: Home, environ: Mapping[str, str], settings: Sequence[str], until: float) -> str:
    """Start a process and return what it says: "1", or why it does not serve."""
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
        got, _, _ = select.select([f], [], [], max(until - time.monotonic(), 1.0))
        words = f.read(4096).decode(errors="replace") if got else ""
    if words != "1":
        with suppress(subprocess.TimeoutExpired):
            child.wait(5.0)
    child.returncode = child.returncode or 0  # it is a daemon now: nobody waits for it
    return words


def _joined(home: Home, until: float) -> bool:
    """Wait for the engine that holds the state; False when it has ended, and so leaves its place to a new one."""
    while time.monotonic() < until:
        if is_served(home.socket):
            return True
        if not is_locked(home.state):
            return False
        time.sleep(0.05)
    return False


def _tail(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-500:]
    except OSError:
        return "(none)"
