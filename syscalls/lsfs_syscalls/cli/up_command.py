"""`lsfs up ROOT [MOUNTPOINT]`: serve a directory."""

from __future__ import annotations

import os
import signal
import threading

from lsfs.errors import EXIT_FOUND, BadRequest
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.cli.wait_command import wait_with_progress
from lsfs_syscalls.connect import Client
from lsfs_syscalls.lifecycle import down, up


def run(session: Session) -> int:
    """Start, mount, and say how to go on; with --foreground stay until Ctrl-C and take everything down again."""
    options = session.options
    root = options.directory or getattr(options, "root", None)
    if root is None:
        raise BadRequest("say which directory: lsfs up DIR [MOUNTPOINT]")
    answer = up(root, options.mountpoint, state=getattr(options, "state", None), environ=os.environ)
    if session.flag("json"):
        session.print_json(answer)
    else:
        session.print(f"serving {answer['root']} (engine {answer['pid']}{'' if answer['started'] else ', ran already'})")
        if answer["mount"]:
            session.print(f"mounted at {answer['mount']['mountpoint']}; the semantic side is .lsfs/ in it (ls .lsfs)")
    return _stay(session, answer["root"]) if options.foreground else EXIT_FOUND


def _stay(session: Session, root: str) -> int:
    client = Client.find(root=root, state=getattr(session.options, "state", None), environ=os.environ)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    wait_with_progress(client, timeout_s=None, ended=ended)
    session.note(f'ready: in another shell, cd {root} and type lsfs "what you want"; Ctrl-C ends it')
    ended.wait()
    for words in down(client)["said"]:
        session.note(words)
    session.note("ended; nothing is mounted")
    return EXIT_FOUND
