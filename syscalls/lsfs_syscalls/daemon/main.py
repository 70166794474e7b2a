"""The engine process: `python -m lsfs_syscalls.daemon.main --root DIR [--state DIR] [--ready-fd N] [--for-mount PID]`.

Started by exec, by `lsfs up`, by a client on demand, or by a mount process whose engine is gone. It says on the ready
descriptor "1", or in words why not, and serves until it is asked to stop (POST /stop, SIGTERM, SIGINT).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsfs.config import Config, load_config
from lsfs.embed.embedder import Embedder
from lsfs.embed.onnx import OnnxEmbedder
from lsfs.embed.openai import embeddings
from lsfs.embed.remote import RemoteEmbedder
from lsfs.embed.sentence import SentenceTransformersEmbedder
from lsfs.endpoint import Endpoint
from lsfs.engine.engine import Engine
from lsfs.engine.home import make_home, resolve_root
from lsfs.errors import BadRequest, LsfsError
from lsfs.wire.http import Server
from lsfs_syscalls.daemon.routes import Routes
from lsfs_syscalls.daemon.stopping import Stopping
from lsfs_syscalls.daemon.upkeep import Upkeep
from lsfs_syscalls.parsers import make_parser
from lsfs_syscalls.render.plain import plain_text
from lsfs_syscalls.run.noticing import describer

_LOG = logging.getLogger(__name__)
LOOK_S = 2.0
"""So often the engine looks whether its root and state are still where they were."""
_OLLAMA = "http://127.0.0.1:11434/v1"


class _Plain(logging.Formatter):
    """Names of files are in the log, and a terminal shows it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        return plain_text(super().format(record))


def main(argv: Sequence[str] | None = None) -> int:
    """Serve a root; return the exit status."""
    options = _options(argv)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        _serve(options)
    except (LsfsError, OSError) as e:
        _LOG.error("%s", e)
        _say(options.ready_fd, str(e))
        return 2
    except Exception as e:  # noqa: BLE001 - the edge: who started us is told, the log has the traceback
        _LOG.exception("the engine failed")
        _say(options.ready_fd, f"{type(e).__name__}: {e}")
        return 2
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="lsfs-engine")
    p.add_argument("--root", required=True)
    p.add_argument("--state")
    p.add_argument("--ready-fd", type=int, default=-1)
    p.add_argument("--for-mount", type=int, default=0, metavar="PID", help="serve only if this mount process still lives")
    p.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=JSON", help="a setting, before all others")
    return p.parse_args(argv)


def _serve(options: argparse.Namespace) -> None:
    home = make_home(resolve_root(options.root), Path(options.state) if options.state else None, os.environ)
    flags = dict(_setting(text) for text in options.set)
    config = load_config(environ=os.environ, state=home.state, flags=flags)
    command = [
        sys.executable,
        "-m",
        __spec__.name if __spec__ else __name__,
        "--root",
        str(home.root),
        "--state",
        str(home.state),
    ]
    engine = Engine(home, config, make_embedder(config), [*command, *(x for s in options.set for x in ("--set", s))])
    engine.subscriptions.describe = describer(engine)
    stopping = Stopping()
    stopping.catch_signals()
    upkeep = Upkeep(engine)
    try:
        engine.start()
        if options.for_mount and os.getppid() != options.for_mount:
            _LOG.info("the mount that missed its engine is gone; nothing is served")
        else:
            upkeep.start()
            _answer(engine, Routes(engine, lambda: make_parser(config), stopping, upkeep), options.ready_fd, stopping)
    except BaseException:
        with suppress(Exception):  # what is told is why it ends, not what fails besides
            _end(engine, upkeep, stopping)
        raise
    _end(engine, upkeep, stopping)
    _LOG.info("ended")


def _end(engine: Engine, upkeep: Upkeep, stopping: Stopping) -> None:
    upkeep.stop()
    for words in engine.stop(unmount=stopping.unmount):
        _LOG.warning("%s", words)


def _answer(engine: Engine, routes: Routes, ready_fd: int, stopping: Stopping) -> None:
    """Serve requests until the end.

    It begins when what was cut off before is put right, and ends before the lock is let go: a next engine has the socket's
    name for itself.
    """
    server = Server(engine.home.socket, routes, _logged, routes)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="http", daemon=True)
    thread.start()
    _LOG.info("serving %s", engine.home.root)
    _say(ready_fd, "1")
    while not stopping.wait(LOOK_S):
        if words := engine.displaced():
            _LOG.warning("%s: this engine ends, and the next is started where they are", words)
            stopping.ask(unmount=True)
    server.close(engine.subscriptions.stop)  # or those that wait for events would hold the end up


def _setting(text: str) -> tuple[str, Any]:
    key, _, value = text.partition("=")
    try:
        return key, json.loads(value)
    except ValueError:
        raise BadRequest(f'--set {text}: the value is JSON, such as 5, true or "text"') from None


def make_embedder(config: Config) -> Embedder:
    """Return the embedder that the configuration names.

    Raises:
        BadRequest: there is no such embedder.
    """
    kind, _, model = config.embed.model.partition(":")
    if kind == "minilm":
        return OnnxEmbedder(threads=config.index.threads)
    if kind == "sentence-transformers" and model:
        return SentenceTransformersEmbedder(model)
    if kind in ("openai", "ollama") and model:
        base_url = config.embed.base_url or (_OLLAMA if kind == "ollama" else "")
        if not base_url:
            raise BadRequest(f"[embed] model is {config.embed.model!r}, which needs a base_url")
        endpoint = Endpoint(base_url, api_key=config.embed.api_key, timeout_s=config.embed.timeout_s)
        return RemoteEmbedder(config.embed.model, 0, embeddings(endpoint, model))
    known = "minilm, sentence-transformers:MODEL, openai:MODEL or ollama:MODEL"
    raise BadRequest(f"[embed] model is {config.embed.model!r}; it takes {known}")


def _logged(path: str, e: BaseException) -> None:
    _LOG.error("%s failed", path, exc_info=e)


def _say(fd: int, words: str) -> None:
    if fd >= 0:
        with suppress(OSError):  # who started us may be gone, or has been told already
            os.write(fd, words.encode(errors="backslashreplace")[:4000])
            os.close(fd)


if __name__ == "__main__":
    sys.exit(main())
