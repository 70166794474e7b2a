"""The mount process: `python -m lsfs_mount.main --root R --state S --mountpoint M --engine SOCKET --control SOCKET`.

Started by exec. It serves the kernel and nothing else: no database, no hashing, no model, no wait for the engine. When the
engine is gone it goes on, and starts it again (`--engine-command`) with growing pauses. SIGTERM and the control socket's STOP
unmount.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lsfs.wire.captured import Captured
from lsfs.wire.control import Server
from lsfs.wire.journal import Writer
from lsfs.wire.spool import Spool
from lsfs_mount import protocol as p
from lsfs_mount.files import Files
from lsfs_mount.handler import ControlHandler
from lsfs_mount.inodes import Inodes
from lsfs_mount.keeping import Keeper
from lsfs_mount.names import Names
from lsfs_mount.nodes import Nodes
from lsfs_mount.protocol import Op
from lsfs_mount.session import Header, Session
from lsfs_mount.shared import Shared
from lsfs_mount.virtual import VIRTUAL_ID, Virtual, routed

_LOG = logging.getLogger(__name__)
MOST_NODE_FDS = 16_384
TICK_S = 1.0
_RESTART_PAUSES_S = (1.0, 2.0, 5.0, 15.0, 60.0)
_WANTED = (
    p.ASYNC_READ
    | p.ATOMIC_O_TRUNC
    | p.BIG_WRITES
    | p.DONT_MASK
    | p.AUTO_INVAL_DATA
    | p.DO_READDIRPLUS
    | p.READDIRPLUS_AUTO
    | p.PARALLEL_DIROPS
    | p.MAX_PAGES
    | p.INIT_EXT
)


def main(argv: Sequence[str] | None = None) -> int:
    """Mount and serve until unmounted; return the exit status."""
    options = _options(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        mount = Mount(options)
        mount.attach()
    except OSError as e:
        _say(options.ready_fd, str(e))
        _LOG.error("%s", e)
        return 2
    _say(options.ready_fd, "1")
    mount.serve()
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="lsfs-mount")
    a.add_argument("--root", type=Path, required=True)
    a.add_argument("--state", type=Path, required=True)
    a.add_argument("--mountpoint", type=Path, required=True)
    a.add_argument("--engine", type=Path, required=True, help="the engine's HTTP socket")
    a.add_argument("--control", type=Path, required=True, help="our control socket")
    a.add_argument("--no-passthrough", action="store_true")
    a.add_argument("--spool-max", type=int, default=1 << 32, metavar="BYTES")
    a.add_argument("--on-large", choices=("go-on", "refuse"), default="go-on")
    a.add_argument("--engine-command", type=json.loads, default=[], metavar="JSON")
    a.add_argument("--ready-fd", type=int, default=-1)
    return a.parse_args(argv)


def _say(fd: int, words: str) -> None:
    if fd >= 0:
        with suppress(OSError):
            os.write(fd, words.encode()[:4000])
        os.close(fd)


class Mount:
    """One mount, put together."""

    def __init__(self, options: argparse.Namespace) -> None:
        os.umask(0)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._options = options
        root_fd = os.open(options.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._session = Session(options.mountpoint)
        keeper = Keeper(
            Writer(options.state / "journal"),
            Spool(options.state / "spool"),
            Captured(options.state / "captured"),
            spool_max_bytes=options.spool_max,
            refuse_large=options.on_large == "refuse",
        )
        nodes = Nodes(root_fd, most_fds=min(MOST_NODE_FDS, hard // 2))
        self._shared = Shared(self._session, nodes, keeper, _hidden(options))
        self._files = Files(self._shared)
        self._virtual = Virtual(self._session, options.engine)
        handler = ControlHandler(self._shared, snapshot=options.state / "captured", stop=self._stop)
        self._control = Server(options.control, handler)
        self._ended = threading.Event()

    def attach(self) -> None:
        """Mount, and start the threads."""
        self._session.attach()
        self._control.start()
        threading.Thread(target=self._tick, name="mount-tick", daemon=True).start()
        if self._options.engine_command:
            threading.Thread(target=self._keep_engine, name="mount-keeper", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: threading.Thread(target=self._stop).start())

    def serve(self) -> None:
        """Answer the kernel until the file system is unmounted."""
        inodes, names = Inodes(self._shared), Names(self._shared)
        real = {**names.table(), **self._files.table(), **inodes.table(), Op.INIT: self._init, Op.DESTROY: lambda *_: b""}
        try:
            self._session.serve(routed(real, self._virtual), self._forget)
        finally:
            self._ended.set()
            self._control.close()
            self._session.close()

    def _forget(self, id_: int, count: int) -> None:
        if id_ >= VIRTUAL_ID:
            self._virtual.forget(id_, count)
        else:
            self._shared.nodes.forget(id_, count)

    def _init(self, _: Header, body: bytes) -> bytes:
        """Agree with the kernel on version, sizes and features."""
        major, minor, readahead, flags = struct.unpack_from("<IIII", body)
        flags2 = struct.unpack_from("<I", body, 16)[0] if flags & p.INIT_EXT and len(body) >= 20 else 0
        if major != p.MAJOR:
            raise OSError(71, f"the kernel speaks version {major} of the protocol, not {p.MAJOR}")
        through = os.geteuid() == 0 and not self._options.no_passthrough and bool(flags2 & p.PASSTHROUGH)
        self._session.passthrough = through
        return p.INIT_OUT.pack(
            *(p.MAJOR, min(minor, p.MINOR), readahead, _WANTED & flags),
            *(64, 48, p.MAX_WRITE, 1, p.MAX_WRITE // 4096, 0),
            *(p.PASSTHROUGH if through else 0, 1 if through else 0),
        )

    def _stop(self) -> bool:
        lazy = self._session.detach()
        if lazy:
            _LOG.warning("%s is busy; detached lazily", self._options.mountpoint)
        return lazy

    def _tick(self) -> None:
        while not self._ended.wait(TICK_S):
            with self._session.lock:
                self._files.note_quiet()
                self._shared.keeper.retry()

    def _keep_engine(self) -> None:
        """Start the engine again when its socket refuses."""
        failures = 0
        while not self._ended.wait(TICK_S):
            if _listens(self._options.engine):
                failures = 0
                continue
            _LOG.warning("the engine is gone; starting it again")
            with suppress(OSError, subprocess.TimeoutExpired):
                _start(self._options.engine_command, self._options.state / "engine.log")
            pause = _RESTART_PAUSES_S[min(failures, len(_RESTART_PAUSES_S) - 1)]
            failures += 1
            until = time.monotonic() + pause
            while time.monotonic() < until and not _listens(self._options.engine) and not self._ended.wait(0.1):
                continue


def _hidden(options: argparse.Namespace) -> frozenset[tuple[tuple[int, int], bytes]]:
    """Return (folder, name) of what is not shown: the state, and our own mount point where it lies inside."""
    root = os.path.realpath(options.root)
    out = set()
    for path in (options.state, options.mountpoint):
        real = os.path.realpath(path)
        if real.startswith(root + "/"):
            folder = os.stat(os.path.dirname(real))
            out.add(((folder.st_dev, folder.st_ino), os.fsencode(os.path.basename(real))))
    top = os.stat(root)
    if stat.S_ISDIR(top.st_mode):
        out.add(((top.st_dev, top.st_ino), b".lsfs"))
    return frozenset(out)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(2.0)
        try:
            s.connect(str(path))
        except OSError:
            return False
    return True


def _start(command: Sequence[str], log: Path) -> None:
    with log.open("ab") as out:
        subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/")


if __name__ == "__main__":
    sys.exit(main())
