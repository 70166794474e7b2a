"""The semantic tree at MOUNTPOINT/.lsfs: the operations that the kernel may ask of it.

What a name means the engine says (`lsfs_mount.asking`); here its answers become inodes. The top folder and its `root` file are
answered without the engine, so that a client that runs inside the mount finds its root also when the engine is gone. A folder
that the engine could not list in time shows a README.md that says so.

Threading: look-ups, listings and reads run in workers, never in the dispatch thread.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lsfs.errors import Unavailable
from lsfs.wire.tree import WireNode, b64, unb64
from lsfs_mount import protocol as p
from lsfs_mount.asking import Asking
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation, Session
from lsfs_mount.virtual_nodes import Virtual, VirtualNodes

TOP = (b"search", b"ask", b"attr", b"group", b"history", b"at", b"saved")
README, ROOT_FILE, STATUS = b"README.md", b"root", b"status"
_FIXED = (b"history/", b"at/")
"""Files below these never change; their content may be cached."""
_TYPES = {"directory": 4, "file": 8, "symlink": 10}

Named = tuple[bytes, WireNode, bytes | None]
"""A name, what it is, and its content where we answer it ourselves."""


class VirtualTree:
    """The operations; `table` says which request is whose.

    Args:
        engine: the engine's socket.
        owner: uid and gid that its files have.
        root_text: the content of the `root` file.
    """

    def __init__(self, session: Session, engine: Path, *, owner: tuple[int, int], root_text: bytes) -> None:
        self._session = session
        self._asking = Asking(engine, on_late=self._late)
        self._root_text = root_text
        self._nodes = VirtualNodes(owner)
        self._listings: dict[int, list[Named]] = {}
        self._next_handle = 1

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        table: dict[int, Operation] = {
            Op.LOOKUP: self.lookup,
            Op.GETATTR: self.getattr,
            Op.READLINK: self.readlink,
            Op.OPEN: self.open,
            Op.READ: self.read,
            Op.RELEASE: self.release,
            Op.FLUSH: self.release,
            Op.OPENDIR: self.opendir,
            Op.READDIR: lambda header, body: self._list(header, body, plus=False),
            Op.READDIRPLUS: lambda header, body: self._list(header, body, plus=True),
            Op.RELEASEDIR: self.releasedir,
            Op.MKDIR: self.mkdir,
            Op.RMDIR: self.rmdir,
            Op.GETXATTR: _no_data,
            Op.LISTXATTR: self.listxattr,
            Op.STATFS: self.statfs,
        }
        for op in (
            Op.SETATTR,
            Op.CREATE,
            Op.UNLINK,
            Op.SYMLINK,
            Op.MKNOD,
            Op.RENAME,
            Op.RENAME2,
            Op.LINK,
            Op.SETXATTR,
            Op.REMOVEXATTR,
        ):
            table[op] = _read_only
        return table

    # Telling the kernel

    def forget(self, id_: int, count: int) -> None:
        """Take look-ups of a node back."""
        self._nodes.forget(id_, count)

    def entry(self) -> bytes:
        """Return the protocol's entry of the top folder."""
        return self._nodes.entry(self._nodes.top)

    def _late(self, path: bytes) -> None:
        """Make the kernel read a folder again whose listing came late."""
        if (node := self._nodes.known(path)) is not None:
            self._session.invalidate_inode(node.id)

    def stale(self) -> None:
        """Make the kernel ask again for everything here: the root has changed under us."""
        for id_ in self._nodes.ids():
            self._session.invalidate_inode(id_)

    def attribute(self, op: str, path: bytes, name: bytes, value: bytes) -> bytes:
        """Ask the engine for an extended attribute of a file of the root, or set it.

        Raises:
            OSError: ENODATA where there is none.
        """
        try:
            answer = self._asking.ask(op, path, name=name.decode("utf-8", "replace"), value_b64=b64(value))
        except OSError as e:
            raise OSError(errno.ENODATA if e.errno == errno.ENOENT else e.errno, e.strerror) from e
        return unb64(answer.get("value_b64", ""))

    def close(self) -> None:
        """End the threads."""
        self._asking.close()

    # Names and attributes

    def lookup(self, header: Header, body: bytes) -> Answer:
        """Find a name."""
        parent, name = self._nodes.get(header[3]), body[:-1]
        path = parent.path + b"/" + name if parent.path else name
        if parent is self._nodes.top and name != README and (own := self._own(name)) is not None:
            return self._nodes.entry(self._nodes.meet(path, *own))
        if parent is self._nodes.top and name not in (README, STATUS):
            raise OSError(errno.ENOENT, "no such folder")
        return self._later(header, lambda: self._nodes.entry(self._nodes.meet(path, *self._asked(path))))

    def _own(self, name: bytes) -> tuple[WireNode, bytes | None] | None:
        """Return what a name in the top folder is, as far as no engine is needed to tell."""
        if name in TOP:
            return WireNode(name, "directory"), None
        if name == ROOT_FILE:
            return WireNode(name, "file", len(self._root_text)), self._root_text
        return None

    def _asked(self, path: bytes) -> tuple[WireNode, bytes | None]:
        """Return what the engine says that a path is; a README.md is there also without it."""
        try:
            return self._asking.node(path), None
        except OSError as e:
            if e.errno != errno.EAGAIN or path.rsplit(b"/", 1)[-1] != README:
                raise
            return _notice(f"The engine does not answer: {e.strerror}")

    def getattr(self, header: Header, _: bytes) -> Answer:
        """Return attributes; those of a file that the engine makes are asked for again."""
        node = self._nodes.get(header[3])
        if node.wire.kind != "file" or node.text is not None:
            return self._nodes.attributes(node)

        def work() -> bytes:
            node.wire = self._asked(node.path)[0]
            return self._nodes.attributes(node)

        return self._later(header, work)

    def readlink(self, header: Header, _: bytes) -> bytes:
        """Return what a link points to."""
        return self._nodes.get(header[3]).wire.target or b""

    def mkdir(self, header: Header, body: bytes) -> Answer:
        """Make a saved search."""
        path = self._below(header, p.c_string(body, 8))

        def work() -> bytes:
            self._asking.ask("mkdir", path)
            return self._nodes.entry(self._nodes.meet(path, *self._asked(path)))

        return self._later(header, work)

    def rmdir(self, header: Header, body: bytes) -> Answer:
        """Remove a saved search."""
        path = self._below(header, body[:-1])

        def work() -> bytes:
            self._asking.ask("rmdir", path)
            return b""

        return self._later(header, work)

    def _below(self, header: Header, name: bytes) -> bytes:
        parent = self._nodes.get(header[3])
        if parent.path != b"saved":
            raise OSError(errno.EPERM, "folders can be made in saved/ only")
        return parent.path + b"/" + name

    # Content

    def open(self, header: Header, body: bytes) -> bytes:
        """Open a file for reading."""
        node = self._nodes.get(header[3])
        if p.U32X2.unpack_from(body)[0] & (os.O_ACCMODE | os.O_TRUNC):
            raise OSError(errno.EROFS, "the semantic tree is read-only")
        cached = node.path.startswith(_FIXED) and not node.path.endswith(b"/" + README)
        return p.OPEN_OUT.pack(0, p.FOPEN_KEEP_CACHE if cached else p.FOPEN_DIRECT_IO, 0)

    def read(self, header: Header, body: bytes) -> Answer:
        """Return bytes."""
        node = self._nodes.get(header[3])
        _fh, offset, size, *_rest = p.READ_IN.unpack_from(body)
        if node.text is not None:
            return node.text[offset : offset + size]
        return self._later(header, lambda: self._asking.read(node.path, offset, size))

    def release(self, _: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Close a file."""
        return b""

    # Folders

    def opendir(self, header: Header, _: bytes) -> bytes:
        """Open a folder."""
        self._nodes.get(header[3])
        handle = self._next_handle
        self._next_handle += 1
        return p.OPEN_OUT.pack(handle, 0, 0)

    def releasedir(self, _: Header, body: bytes) -> bytes:
        """Close a folder."""
        self._listings.pop(p.U64.unpack_from(body)[0], None)
        return b""

    def _list(self, header: Header, body: bytes, *, plus: bool) -> Answer:
        handle, offset, size, *_rest = p.READ_IN.unpack_from(body)
        node = self._nodes.get(header[3])
        if offset and handle in self._listings:
            return self._packed(node, self._listings[handle], offset, size, plus=plus)

        def work() -> bytes:
            names = self._names(node)
            self._listings[handle] = names
            return self._packed(node, names, offset, size, plus=plus)

        return self._later(header, work)

    def _names(self, node: Virtual) -> list[Named]:
        """Return the names in a folder with what they are, and the text of those that we answer ourselves."""
        try:
            found = self._asking.names(node.path)
        except Unavailable as e:
            wire, text = _notice(str(e))
            names: list[Named] = [(README, wire, text)]
            if node is self._nodes.top:
                names += [(n, *own) for n in (ROOT_FILE, *TOP) if (own := self._own(n)) is not None]
            return names
        if node is not self._nodes.top:
            return [(n.name, n, None) for n in found]
        return [(n.name, *(self._own(n.name) or (n, None))) for n in found]

    def _packed(self, node: Virtual, names: list[Named], offset: int, size: int, *, plus: bool) -> bytes:
        here = replace(node.wire, kind="directory")
        all_names = [(b".", here, None), (b"..", here, None), *names]
        parts: list[bytes] = []
        used = 0
        for at in range(offset, len(all_names)):
            name, wire, text = all_names[at]
            padding = -(24 + len(name)) % 8
            need = 24 + len(name) + padding + (128 if plus else 0)
            if used + need > size:
                break
            id_ = node.id
            if at > 1 and plus:
                met = self._nodes.meet(node.path + b"/" + name if node.path else name, wire, text)
                id_ = met.id
                parts.append(self._nodes.entry(met))
            elif plus:
                parts.append(bytes(128))
            parts.append(p.DIRENT.pack(id_, at + 1, len(name), _TYPES[wire.kind]) + name + bytes(padding))
            used += need
        return b"".join(parts)

    def listxattr(self, _: Header, body: bytes) -> bytes:
        """There are no extended attributes."""
        return p.U32X2.pack(0, 0) if p.U32X2.unpack_from(body)[0] == 0 else b""

    def statfs(self, _: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Tell that there is no room."""
        return p.STATFS_OUT.pack(0, 0, 0, len(self._nodes), 0, 4096, 255, 4096, 0)

    def _later(self, header: Header, work: Callable[[], bytes]) -> Answer:
        return self._session.later(header[2], work, asks=True)


def _notice(words: str) -> tuple[WireNode, bytes]:
    text = (words + "\n").encode("utf-8", "surrogateescape")
    return WireNode(README, "file", len(text)), text


def _no_data(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    raise OSError(errno.ENODATA, "no such attribute")


def _read_only(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    raise OSError(errno.EROFS, "the semantic tree is read-only")
