"""A language model in this process: a GGUF of the user's, run by llama.cpp through xllamacpp; the only module that uses it.

It is loaded by the first request and stays. llama.cpp comes with a server that always listens; here on a socket in a folder
of our own that is removed at once, so that nobody can reach it. Requests go to it by a function call instead.

What a request is sent first, its instructions, is kept as it was read: the next one begins where the texts part. A request that
is given up while it is read leaves what was read, and the next goes on from there.

Threading: `_LOADING` guards `_LOADED` and is held while a model is loaded, as all who wait want that model. A request runs in
a thread of its own, since llama.cpp calls back from where it was called; it ends at the next piece after its reader is gone
or the main thread has ended. llama.cpp takes the requests one after the other.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from lsfs.errors import Unavailable
from lsfs_syscalls.chat.chat import Piece
from lsfs_syscalls.chat.gguf import checked

_BATCH = 256
"""Tokens that are read at once: after each batch a request can be given up."""
_LOADED: dict[tuple[Path, int, int], Any] = {}
_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class LocalChat:
    """Which model, and how.

    Attributes:
        file: the GGUF.
        context_tokens: what it can have in view: the request and its answer.
        threads: 0 for one less than there are processors, and one at least.
        timeout_s: for an answer, or for its next piece; loading does not count, reading a long request does only for an answer.
    """

    file: Path
    context_tokens: int = 8192
    threads: int = 0
    timeout_s: float = 30.0

    @property
    def model(self) -> str:
        """The file's name, without the extension."""
        return self.file.stem

    @property
    def label(self) -> str:
        """Who made a plan."""
        return f"local:{self.model}"

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.file} in this process"

    @property
    def terse(self) -> bool:
        """A word costs time here, and llama.cpp's grammars know what is optional."""
        return True

    def loadable(self) -> None:
        """Look whether it could be loaded, without loading it; raises Unavailable with the reason where it cannot."""
        _binding()
        checked(self.file)

    def pieces(self, request: Mapping[str, Any], *, stream: bool) -> Generator[Piece, None, None]:
        """Yield the answer as it comes.

        Raises:
            Unavailable: it cannot be loaded, refuses the request, or takes too long.
        """
        answer = _Answer(loaded(self.file, self.context_tokens, self.threads), request)
        deadline = time.monotonic() + self.timeout_s
        began = False
        try:
            while (chunk := answer.next(deadline)) is not None:
                if error := chunk.get("error"):
                    raise Unavailable(f"{self.label} {_refusal(error)}")
                if stream:
                    deadline = time.monotonic() + self.timeout_s
                if chunk.get("choices") and "prompt_progress" not in chunk:
                    yield _piece(chunk)
                    began = True
        except Empty:
            raise Unavailable(f"{self.label} did not {'go on' if began else 'answer'} in time") from None
        finally:
            answer.give_up()


class _Answer:
    """One request that runs, and what has come of it."""

    def __init__(self, server: Any, request: Mapping[str, Any]) -> None:
        self._chunks: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._gone = threading.Event()
        sent = {**request, "stream": True, "return_progress": True}
        threading.Thread(target=self._run, args=(server.handle_chat_completions, sent), name="llama").start()

    def next(self, deadline: float) -> dict[str, Any] | None:
        """Return the next chunk, or None at the end; raises queue.Empty after `deadline` (of the monotonic clock)."""
        return self._chunks.get(timeout=max(0.0, deadline - time.monotonic()))

    def give_up(self) -> None:
        """Have the request ended at its next piece."""
        self._gone.set()

    def _run(self, handle: Callable[..., None], request: dict[str, Any]) -> None:
        try:
            handle(request, self._take)
        except Exception as e:  # noqa: BLE001 - the edge of a foreign library, which raises what it likes: the reader is told
            self._chunks.put({"error": {"message": str(e)}})
        finally:
            self._chunks.put(None)

    def _take(self, chunk: dict[str, Any]) -> bool:
        """Keep a chunk; return whether to stop."""
        self._chunks.put(chunk)
        return self._gone.is_set() or not threading.main_thread().is_alive()


def loaded(file: Path, context_tokens: int, threads: int = 0) -> Any:
    """Return the model, loaded now or before.

    Raises:
        Unavailable: the extra is not installed, or the file cannot be loaded.
    """
    with _LOADING:
        key = (file, context_tokens, threads)
        if key not in _LOADED:
            _LOADED[key] = _load(_binding(), checked(file), context_tokens, threads)
        return _LOADED[key]


def _binding() -> Any:
    try:
        return importlib.import_module("xllamacpp")
    except ImportError as e:
        raise Unavailable(f"a language model in process needs an extra: pip install 'lsfs[local]' ({e})") from e


def _load(xllamacpp: Any, file: Path, context_tokens: int, threads: int) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.n_ctx = context_tokens
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = threads or max(1, len(os.sched_getaffinity(0)) - 1)
    params.cache_ram_mib = 0
    params.ui = False
    params.verbosity = -1
    with tempfile.TemporaryDirectory(prefix="lsfs-llama-") as unreachable:
        params.hostnames = [os.path.join(unreachable, "llama.sock")]  # a path that ends so is a Unix socket
        try:
            return xllamacpp.Server(params)
        except RuntimeError as e:
            reason = "it is damaged, of a kind that this llama.cpp does not know, or needs more memory than there is"
            raise Unavailable(f"the language model {file} cannot be loaded: {reason}") from e


def _piece(chunk: Mapping[str, Any]) -> Piece:
    choice = chunk["choices"][0]
    delta = choice.get("delta") or {}
    calls = [(c.get("index", 0), c.get("function") or {}) for c in delta.get("tool_calls") or []]
    return Piece(
        delta.get("content") or "",
        tuple((n, f.get("name") or "", f.get("arguments") or "") for n, f in calls),
        choice.get("finish_reason") or "",
    )


def _refusal(error: Any) -> str:
    found = error if isinstance(error, Mapping) else {"message": error}
    code = f"answered {found['code']}" if "code" in found else "failed"
    return f"{code}: {str(found.get('message', ''))[:200]}"
