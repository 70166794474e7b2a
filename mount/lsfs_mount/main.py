"""The mount process: `python -m lsfs_mount.main --root R --state S --mountpoint M --engine SOCKET --control SOCKET`.

Started by exec. It says on the ready descriptor "1" when the mount stands, or why it does not. SIGTERM, SIGINT and SIGHUP
unmount; where programs still use the mount it is detached lazily and served until they leave.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from lsfs.config import DRIVERS
from lsfs.errors import LsfsError
from lsfs_mount.drivers import Mount, mount
from lsfs_mount.options import Options

_LOG = logging.getLogger("lsfs_mount")


def main(arguments: Sequence[str] | None = None) -> int:
    """Mount and serve; return the exit status."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s mount %(levelname)s %(message)s", stream=sys.stderr)
    try:
        mounted = mount(given.driver, _options(given), os.environ)
        mounted.attach()
    except (OSError, LsfsError) as e:
        _say(given.ready_fd, (e.strerror if isinstance(e, OSError) else None) or str(e))
        _LOG.error("%s", e)
        return 2
    _end_on_signals(mounted)
    gc.freeze()  # what is here stays; nodes come and go without cycles, so looking for some every 700 objects is in vain
    gc.set_threshold(50_000, 20, 50)
    try:
        _say(given.ready_fd, "1")
    except BrokenPipeError:  # who started us was killed meanwhile and has told nobody of us
        mounted.stop()
    _LOG.info("mounted at %s: %s", given.mountpoint, mounted.words)
    mounted.wait()
    _LOG.info("unmounted")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lsfs_mount.main", description="Serve a mount of a root.")
    for name in ("root", "state", "mountpoint", "engine", "control"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--engine-command", default="[]", help="JSON list of arguments that starts the engine")
    parser.add_argument("--ready-fd", type=int, default=-1)
    parser.add_argument("--spool-max", type=int, default=4 << 30, help="bytes above which content is not copied aside")
    parser.add_argument("--on-large", choices=("go-on", "refuse"), default="go-on")
    parser.add_argument("--most-nodes", type=int, default=100_000)
    parser.add_argument("--driver", choices=DRIVERS, default="auto")
    parser.add_argument("--no-passthrough", action="store_true")
    return parser


def _options(given: argparse.Namespace) -> Options:
    return Options(
        root=given.root,
        state=given.state,
        mountpoint=given.mountpoint,
        engine=given.engine,
        control=given.control,
        engine_command=[str(word) for word in json.loads(given.engine_command)],
        passthrough=not given.no_passthrough,
        spool_max_bytes=given.spool_max,
        refuse_large=given.on_large == "refuse",
        most_nodes=given.most_nodes,
    )


def _say(fd: int, words: str) -> None:
    if fd >= 0:
        os.write(fd, words.encode())
        os.close(fd)


def _end_on_signals(mounted: Mount) -> None:
    """Unmount on a signal, in a thread: the handler itself may have interrupted anything."""

    def stop() -> None:
        said = mounted.stop()
        if said:
            _LOG.warning("%s", said)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: threading.Thread(target=stop, name="mount-stop", daemon=True).start())


if __name__ == "__main__":
    sys.exit(main())
