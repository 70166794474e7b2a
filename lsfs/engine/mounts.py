"""The mounts of a root: their processes are started, told and ended from here.

A mount process lives on when the engine is killed and is found again at the next start by its file in the runtime directory.

Threading: any thread; `_lock` guards the list, `_asking` is held while a mount is waited for.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsfs.config import MountConfig
from lsfs.engine.home import Home, refuse_system
from lsfs.engine.places import detach_dead
from lsfs.errors import BadRequest, Conflict, LsfsError, NotFound, Unavailable
from lsfs.model import RelPath
from lsfs.wire.control import Client

_LOG = logging.getLogger(__name__)
READY_S = 15.0
MODULE = "lsfs_mount.main"


@dataclass(frozen=True, slots=True)
class Mounted:
    """One mount.

    Attributes:
        pid: of its process.
        driver: how it mounts, in words.
    """

    number: int
    mountpoint: Path
    pid: int
    client: Client
    passthrough: bool
    driver: str

    def to_json(self) -> dict[str, Any]:
        """Return it as `status` shows it."""
        return {
            "mountpoint": str(self.mountpoint),
            "pid": self.pid,
            "passthrough": self.passthrough,
            "driver": self.driver,
        }


class Mounts:
    """All mounts of one root.

    Args:
        engine_command: starts the engine again; the mount process uses it when the engine is gone.
        on_attach, on_detach: called with the control client of a mount that came or went.
    """

    def __init__(
        self,
        home: Home,
        config: MountConfig,
        engine_command: Sequence[str],
        *,
        on_attach: Callable[[Client], None],
        on_detach: Callable[[Client], None],
    ) -> None:
        self._home = home
        self._config = config
        self._engine_command = list(engine_command)
        self._on_attach, self._on_detach = on_attach, on_detach
        self._lock = threading.RLock()
        self._mounts: dict[int, Mounted] = {}
        self._adopted = False
        self._asking = threading.Lock()
        self._askers: dict[int, threading.Thread] = {}  # of mounts that hang, by their numbers
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def adopt(self) -> None:
        """Find the mounts that lived on without an engine; forget those that did not. Once."""
        with self._lock:
            if self._adopted:
                return
            self._adopted = True
            for file in sorted(self._home.runtime.glob("mount-*.json")):
                try:
                    facts = json.loads(file.read_text())
                    number, mountpoint = int(facts["number"]), Path(facts["mountpoint"])
                    self._attach(number, mountpoint)
                except (LsfsError, OSError, ValueError, KeyError):
                    file.unlink(missing_ok=True)

    def start(self, mountpoint: Path) -> Mounted:
        """Mount the root at a folder.

        Raises:
            BadRequest: the folder is not fit: missing, not empty, of the system.
            Conflict: something is mounted there.
            Unavailable: the mount process did not come up; the text has its words.
        """
        with self._lock:
            self.adopt()  # requests are served before the engine has come that far
            self._drop_dead()
            for m in self._mounts.values():
                if m.mountpoint == mountpoint:
                    return m
            self._check(mountpoint)
            number = max(self._mounts, default=0) + 1
            file = self._home.runtime / f"mount-{number}.json"
            file.write_text(json.dumps({"number": number, "mountpoint": str(mountpoint)}))  # before: we may be killed after
            try:
                self._spawn(number, mountpoint)
                return self._attach(number, mountpoint)
            except LsfsError:
                file.unlink(missing_ok=True)
                raise

    def _check(self, mountpoint: Path) -> None:
        refuse_system(mountpoint, "choose an empty folder of your own to mount at")
        if mountpoint == self._home.root:
            if self._home.backing == self._home.root:
                raise BadRequest(f"to mount over the root itself start with `lsfs up {mountpoint} {mountpoint}` as root")
            return
        detached = detach_dead(mountpoint)  # first: below a dead mount nothing can be asked
        if not mountpoint.is_dir():
            raise BadRequest(f"the mount point {mountpoint} is no folder; make it first (mkdir {mountpoint})")
        if not detached and os.path.ismount(mountpoint):
            raise Conflict(
                f"something is mounted at {mountpoint} already; choose another folder, or unmount it (umount {mountpoint})"
            )
        if any(mountpoint.iterdir()):
            raise BadRequest(
                f"the mount point {mountpoint} is not empty; what is in it would be hidden. Choose an empty folder"
            )

    def _spawn(self, number: int, mountpoint: Path) -> None:
        ready_read, ready_write = os.pipe()
        log = (self._home.state / "mount.log").open("ab")
        command = [
            *(sys.executable, "-m", MODULE),
            *("--root", str(self._home.backing), "--state", str(self._home.state), "--mountpoint", str(mountpoint)),
            *("--engine", str(self._home.socket), "--control", str(self._home.mount_socket(number))),
            *("--engine-command", json.dumps(self._engine_command), "--ready-fd", str(ready_write)),
            *("--spool-max", str(self._config.spool_max_bytes), "--on-large", self._config.on_large),
            *("--driver", self._config.driver),
            *([] if self._config.passthrough else ["--no-passthrough"]),
        ]
        with log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[ready_write], start_new_session=True
            )
        os.close(ready_write)
        words = _wait_ready(ready_read)
        if words != "1":
            child.kill()
            child.wait()
            raise Unavailable(f"mounting at {mountpoint} failed: {words or 'the mount process ended; see ' + log.name}")
        self._children[number] = child

    def _attach(self, number: int, mountpoint: Path) -> Mounted:
        client = Client(self._home.mount_socket(number))
        facts = client.hello()
        passthrough, driver = bool(facts.get("passthrough")), str(facts.get("driver", "native"))
        mounted = Mounted(number, mountpoint, int(facts["pid"]), client, passthrough, driver)
        self._on_attach(client)
        with self._lock:
            self._mounts[number] = mounted
        return mounted

    def rotate_journals(self) -> int:
        """Have every mount go on in its next journal file; return how many mounts there may be."""
        with self._lock:
            mounts = list(self._mounts.values())
        for m in mounts:
            try:
                m.client.rotate()
            except Unavailable as e:
                _LOG.warning("%s", e)
        return len(list(self._home.runtime.glob("mount-*.json")))  # at the start they are not found again yet

    def stop(self, mountpoint: Path) -> str:
        """End one mount; return what has to be said of it.

        Raises:
            NotFound: the root is not mounted there.
        """
        with self._lock:
            for m in list(self._mounts.values()):
                if m.mountpoint == mountpoint:
                    return self._end(m)
        raise NotFound(f"the root is not mounted at {mountpoint}")

    def stop_all(self) -> list[str]:
        """End every mount; return what has to be said of them."""
        with self._lock:
            said = [self._end(m) for m in list(self._mounts.values())]
        return [s for s in said if s]

    def _end(self, m: Mounted) -> str:
        said = ""
        try:
            said = m.client.stop()
        except Unavailable as e:
            _LOG.warning("%s", e)
        self._forget(m)
        _wait_gone(m.pid, self._children.pop(m.number, None))
        return said

    def _forget(self, m: Mounted) -> None:
        self._mounts.pop(m.number, None)
        self._on_detach(m.client)
        m.client.close()
        (self._home.runtime / f"mount-{m.number}.json").unlink(missing_ok=True)

    def _drop_dead(self) -> None:
        for m in list(self._mounts.values()):
            try:
                m.client.hello()
            except Unavailable:
                _LOG.warning("the mount at %s is gone", m.mountpoint)
                self._forget(m)
                _wait_gone(m.pid, self._children.pop(m.number, None))  # while it dies, its mount does not say that it is dead

    def list(self) -> list[dict[str, Any]]:
        """Return the mounts that live, as `status` shows them."""
        with self._lock:
            self._drop_dead()
            return [m.to_json() for m in self._mounts.values()]

    def mountpoints(self) -> Sequence[Path]:
        """Return where the root is mounted."""
        with self._lock:
            return [m.mountpoint for m in self._mounts.values()]

    def writers(self, paths: Sequence[RelPath]) -> Sequence[RelPath]:
        """Return those of the paths that programs have open for writing through a mount."""
        return [RelPath(p) for c in self._clients() for p in self._asked(c.writers, paths)]

    def invalidate(self, paths: Sequence[RelPath]) -> None:
        """Make the kernel forget what it knows of paths that we changed."""
        for c in self._clients():
            self._asked(c.invalidate, paths)

    def settle(self, timeout_s: float) -> bool:
        """Wait until the mounts have journaled all that programs had done through them before; return whether they have.

        A program need not wait for its last close to be served; what is asked of the mount after it is served after it.
        """
        until = time.monotonic() + timeout_s
        with self._lock:
            mounts = list(self._mounts.values())
        settled = [self._settle(m, until) for m in mounts]  # each of them, also behind one that hangs
        return all(settled)

    def _settle(self, m: Mounted, until: float) -> bool:
        with self._asking:
            before = self._askers.get(m.number)
            if before is not None:  # it is one of before, and hangs: its answer would say nothing of what came after it
                before.join(max(0.0, until - time.monotonic()))
            if before is None or not before.is_alive():
                asker = threading.Thread(target=_ask_for_room, args=(m.mountpoint,), name="mount-settle", daemon=True)
                asker.start()
                asker.join(max(0.0, until - time.monotonic()))
                self._askers[m.number] = before = asker
            if before.is_alive():
                _LOG.warning("the mount at %s does not answer", m.mountpoint)
                return False
            del self._askers[m.number]
        try:
            m.client.settle()
        except Unavailable as e:  # it is gone, and what it had journaled is there
            _LOG.warning("%s", e)
        return True

    def locks(self, reasons: Mapping[RelPath, str]) -> None:
        """Tell the mounts which paths are locked."""
        for c in self._clients():
            self._asked(c.locks, {bytes(p): r.encode() for p, r in reasons.items()})

    def _clients(self) -> Sequence[Client]:
        with self._lock:
            return [m.client for m in self._mounts.values()]

    def _asked(self, call: Callable[[Any], Any], argument: Any) -> Any:
        """Ask a mount; one that is gone has nothing open and caches nothing."""
        try:
            return call(argument) or ()
        except Unavailable as e:
            _LOG.warning("%s", e)
            return ()


def _ask_for_room(mountpoint: Path) -> None:
    """Ask a mount what the kernel always asks its process for; a mount that hangs keeps this thread."""
    with suppress(OSError):
        os.statvfs(mountpoint)


def _wait_ready(fd: int) -> str:
    """Return what a mount process says when it is ready ("1") or gives up."""
    with os.fdopen(fd, "rb") as f:
        ready, _, _ = select.select([f], [], [], READY_S)
        return f.read(4096).decode(errors="replace").strip() if ready else f"no word within {READY_S:.0f} s"


def _is_gone(pid: int) -> bool:
    """Tell whether a process has ended with all its threads, though nobody may have asked how."""
    try:
        threads = len(os.listdir(f"/proc/{pid}/task"))
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z" and threads <= 1


def _wait_gone(pid: int, child: subprocess.Popen[bytes] | None, timeout_s: float = 10.0) -> None:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if child is not None and child.poll() is not None:
            return
        if child is None and _is_gone(pid):
            return
        time.sleep(0.01)
