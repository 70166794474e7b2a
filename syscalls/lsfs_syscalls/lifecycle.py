"""The life of an engine from outside: up, down, and what `doctor` looks at.

Mounting over the root itself hides root and state from every new process. As root, the root is first bind-mounted under a
private name in the runtime directory, which all our processes use; it is undone by `down`.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lsfs.engine.home import BEFORE_REBUILD, Home, make_home, refuse_system, resolve_root
from lsfs.engine.lock import Lock, is_locked
from lsfs.engine.places import detach_dead, is_mounted
from lsfs.errors import BadRequest, Conflict, NotFound, Unavailable
from lsfs.versions.rebuilding import rebuild_catalogue
from lsfs.wire.http import is_served
from lsfs_syscalls.connect import Body, Client, start_engine

_LIBC = ctypes.CDLL(None, use_errno=True)
_MS_BIND, _MS_PRIVATE, _MNT_DETACH = 4096, 1 << 18, 2
STOP_S = 60.0


def up(root: str, mountpoint: str | None, *, state: str | None, environ: Mapping[str, str]) -> Body:
    """Serve a root, and mount it where asked; what runs already is joined.

    Returns:
        {"root", "state", "pid", "started": whether this call started the engine, "mount": the mount or None}

    Raises:
        LsfsError: the root or the mount point is not fit, or the engine does not start.
    """
    path = clean_dead_mount(root)
    over = mountpoint is not None and os.path.realpath(os.path.expanduser(mountpoint)) == str(path)
    home = make_home(path, Path(state).absolute() if state else None, environ)
    if over:
        _bind(home)
        home = make_home(path, home.state if state else None, environ)
    started = not is_locked(home.state)
    if started:
        start_engine(home, environ)
    client = Client(home, environ)
    mount = None
    if mountpoint is not None:
        mount = _mount(client, mountpoint)
    pid = client.status()["pid"]
    return {"root": str(home.root), "state": str(home.state), "pid": pid, "started": started, "mount": mount}


def _mount(client: Client, mountpoint: str) -> Body:
    where = clean_dead_mount(mountpoint, make=True)
    try:
        return client.request("POST", "/mount", {"mountpoint": str(where)})
    except Unavailable as e:
        words = f"{client.home.root} is served without a mount; `lsfs doctor` says what mounting needs"
        raise Unavailable(f"{e}; {words}") from e


def clean_dead_mount(path: str, *, make: bool = False) -> Path:
    """Return a directory's real path; a mount whose process is gone (ENOTCONN) is detached first.

    Args:
        make: make the directory where it is missing (a mount point).
    """
    where = Path(os.path.expanduser(path)).absolute()
    if not detach_dead(where) and make:
        refuse_system(where, "choose an empty folder of your own to mount at")
        with suppress(FileExistsError):
            where.mkdir(parents=True)
    return Path(os.path.realpath(where)) if make else resolve_root(where)


def _bind(home: Home) -> None:
    """Give the root a private second name, by which we reach it below the mount.

    Raises:
        BadRequest: we may not (not root), or the state would be hidden.
        Unavailable: the engine runs without it, or the kernel refused.
    """
    if os.geteuid() != 0:
        if home.state.is_relative_to(home.root):
            raise BadRequest("to mount over the root itself without being root, keep the state elsewhere: --state DIR")
        return
    private = home.runtime / "root"
    if is_mounted(private):
        return
    if is_locked(home.state):
        raise Unavailable("the engine serves this root already; `lsfs down` first, then mount it over itself")
    private.mkdir(mode=0o700, exist_ok=True)
    if _LIBC.mount(os.fsencode(home.root), os.fsencode(private), None, _MS_BIND, None):
        e = ctypes.get_errno()
        raise Unavailable(f"the root cannot be bind-mounted at {private}: {os.strerror(e)}")
    _LIBC.mount(None, os.fsencode(private), None, _MS_PRIVATE, None)


def down(client: Client) -> Body:
    """End the mounts and the engine of a root; return {"pid", "said": what has to be said of busy mounts}.

    Raises:
        NotFound: no engine runs.
        Unavailable: it did not end in time.
    """
    home = client.home
    if not is_locked(home.state):
        _unbind(home)
        raise NotFound(f"no engine runs for {home.root}")
    until = time.monotonic() + STOP_S
    while not is_served(home.socket) and is_locked(home.state) and time.monotonic() < until:
        time.sleep(0.02)  # it is starting, or ending
    answer = client.request("POST", "/stop", {"unmount": True}, start=False, timeout_s=STOP_S)
    while is_locked(home.state):
        if time.monotonic() > until:
            raise Unavailable(f"the engine (pid {answer['pid']}) has not ended within {STOP_S:.0f} s; its log is {home.log}")
        time.sleep(0.02)
    _unbind(home)
    return answer


def rebuild(client: Client, *, force: bool = False) -> tuple[Path, list[str]]:
    """Make the catalogue again from the packs alone; return where the old one was put, and what it knew that this one does not.

    Everything that a user made comes back: versions, names, transactions, tags, locks, pins, snapshots, share links,
    subscriptions, saved searches. The search index and the events of subscriptions are made anew; the access logs of links stay
    in the old catalogue.

    Args:
        force: do it even where versions are lost by that.

    Raises:
        Conflict: an engine runs (it has to be down), or versions would be lost; then everything is as it was.
    """
    home = client.home
    if is_locked(home.state):
        raise Conflict(f"an engine serves {home.root}; end it first with `lsfs down`")
    old = home.state / BEFORE_REBUILD
    lock = Lock(home.state, home.backing)
    try:
        lost = rebuild_catalogue(home.state, home.backing, old, force=force)
    finally:
        lock.release()
    start_engine(home, client.environ)
    return old, lost


def _unbind(home: Home) -> None:
    private = home.runtime / "root"
    if is_mounted(private):
        _LIBC.umount2(os.fsencode(private), _MNT_DETACH)
