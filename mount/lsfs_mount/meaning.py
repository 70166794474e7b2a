"""What the names of the semantic tree are, as far as it does not matter by which driver the kernel asks.

What a name means the engine says (`lsfs_mount.asking`). The top folder and its `root` file are answered without the engine, so
that a client that runs inside the mount finds its root also when the engine is gone; so are folders that are questions, because
looking a name up never searches. A folder that the engine could not list in time shows a README.md that says so. The past
does not: what is in at/ and history/ is copied and compared as a whole, and a part of it that looks whole would be taken for
it (`rsync --delete`). There a listing waits longer and fails with EAGAIN, as looking a name up does: it can be tried again,
and nothing is broken, which EIO would say. (Copying programs do not go on reading after either.)

Threading: any thread; `asked`, `names`, `read`, `make`, `remove` and `attribute` wait for the engine, within bounds.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from lsfs.errors import Unavailable
from lsfs.wire.tree import WireNode, b64, is_question, unb64
from lsfs_mount.asking import ANSWER_S, LISTING_S, Asking

TOP = (b"search", b"ask", b"attr", b"group", b"history", b"at", b"saved")
README, ROOT_FILE, STATUS = b"README.md", b"root", b"status"
_FIXED = (b"history/", b"at/")

Meant = tuple[WireNode, bytes | None]
"""What a name is, and its content where we answer it ourselves."""
Named = tuple[bytes, WireNode, bytes | None]
"""A name, what it is, and its content where we answer it ourselves."""


def is_fixed(path: bytes) -> bool:
    """Tell whether a file never changes, so that its content may be cached."""
    return path.startswith(_FIXED) and not path.endswith(b"/" + README)


class Meaning:
    """The semantic tree. Paths are parts below `.lsfs/`, joined by slashes; b"" is its top.

    Args:
        engine: the engine's socket.
        root_text: the content of the `root` file.
        on_late: called with the path of a listing that came after its reader had been answered.
    """

    def __init__(self, engine: Path, root_text: bytes, on_late: Callable[[bytes], None]) -> None:
        self._asking = Asking(engine, on_late)
        self._root_text = root_text

    def own(self, path: bytes) -> Meant | None:
        """Return what a path is, as far as no engine is needed to tell."""
        if path in TOP or is_question(path):
            return WireNode(path.rpartition(b"/")[2], "directory"), None
        if path == ROOT_FILE:
            return WireNode(path, "file", len(self._root_text)), self._root_text
        return None

    def is_top_name(self, name: bytes) -> bool:
        """Tell whether there is such a name in the top folder."""
        return name in (README, STATUS, ROOT_FILE) or name in TOP

    def asked(self, path: bytes) -> Meant:
        """Return what the engine says that a path is; a README.md is there also without it, but not one of the past.

        Raises:
            OSError: ENOENT where it means nothing; EAGAIN where the engine does not answer.
        """
        try:
            return self._asking.node(path, _patience_s(path)), None
        except OSError as e:
            if e.errno != errno.EAGAIN or path.rsplit(b"/", 1)[-1] != README or _is_past(path):
                raise
            return _notice(f"The engine does not answer: {e.strerror}")

    def names(self, path: bytes) -> list[Named]:
        """Return the names in a folder with what they are, and the text of those that we answer ourselves.

        Raises:
            OSError: the path is no folder; EAGAIN where the engine cannot list the past.
        """
        try:
            found = self._asking.names(path, _patience_s(path))
        except Unavailable as e:
            if _is_past(path):
                raise OSError(errno.EAGAIN, str(e)) from e
            names: list[Named] = [(README, *_notice(str(e)))]
            if not path:
                names += [(n, *own) for n in (ROOT_FILE, *TOP) if (own := self.own(n)) is not None]
            return names
        if path:
            return [(n.name, n, None) for n in found]
        return [(n.name, *(self.own(n.name) or (n, None))) for n in found]

    def read(self, path: bytes, offset: int, size: int) -> bytes:
        """Return a part of a file's content."""
        return self._asking.read(path, offset, size)

    def make(self, path: bytes) -> Meant:
        """Make a saved search, and return what it is.

        Raises:
            OSError: EPERM anywhere but in saved/.
        """
        _check_saved(path)
        self._asking.ask("mkdir", path)
        return self.asked(path)

    def remove(self, path: bytes) -> None:
        """Remove a saved search.

        Raises:
            OSError: EPERM anywhere but in saved/.
        """
        _check_saved(path)
        self._asking.ask("rmdir", path)

    def attribute(self, op: str, path: bytes, name: bytes, value: bytes) -> bytes:
        """Ask the engine for an extended attribute of a file of the root, or set it.

        Raises:
            OSError: ENODATA where there is none; EBUSY where it cannot be set because the engine does not answer.
        """
        try:
            answer = self._asking.ask(op, path, name=name.decode("utf-8", "replace"), value_b64=b64(value))
        except OSError as e:
            known = {errno.ENOENT: errno.ENODATA}
            if op == "setxattr":
                known[errno.EAGAIN] = errno.EBUSY  # the kernel would show EAGAIN as "not supported" (__vfs_setxattr_noperm)
            raise OSError(known.get(e.errno or 0, e.errno), e.strerror) from e
        return unb64(answer.get("value_b64", ""))

    def close(self) -> None:
        """End the threads."""
        self._asking.close()


def _is_past(path: bytes) -> bool:
    return path == b"history" or (path.startswith(_FIXED) and path != b"at/" + README)


def _patience_s(path: bytes) -> float:
    """Return how long the engine is waited for; where no README.md can stand in for the answer, longer."""
    return ANSWER_S if _is_past(path) else LISTING_S


def _check_saved(path: bytes) -> None:
    if path.rpartition(b"/")[0] != b"saved":
        raise OSError(errno.EPERM, "folders can be made in saved/ only")


def _notice(words: str) -> Meant:
    text = (words + "\n").encode("utf-8", "surrogateescape")
    return WireNode(README, "file", len(text)), text
