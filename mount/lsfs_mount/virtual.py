"""The semantic folder `.lsfs` at the top of the mount: its nodes come from the engine, one short question each.

Nothing here runs in the dispatch thread: every operation becomes a question in a worker, bounded in time, and its answer goes
to the kernel when it is there. An engine that is dead or slow costs the caller 300 ms and an honest error (EAGAIN), and costs
file I/O nothing.

Node ids begin at VIRTUAL_ID; a node is the tuple of its names below `.lsfs`.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsfs.errors import LsfsError
from lsfs.wire.http import request
from lsfs.wire.tree import ERRNO, WireNode, b64, node_from_json, unb64
from lsfs_mount import protocol as p
from lsfs_mount.inodes import sized
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation, Session

VIRTUAL_ID = 1 << 48
ANSWER_S = 0.3
_BLOCK = 512
_KINDS = {"directory": stat.S_IFDIR | 0o555, "file": stat.S_IFREG | 0o444, "symlink": stat.S_IFLNK | 0o777}
_TYPES = {"directory": 4, "file": 8, "symlink": 10}
Parts = tuple[bytes, ...]


@dataclass(slots=True)
class Known:
    """A node that the kernel was told of."""

    parts: Parts
    node: WireNode
    lookups: int = 0


class Virtual:
    """The operations on virtual nodes.

    Args:
        engine: the engine's HTTP socket.
    """

    def __init__(self, session: Session, engine: Path) -> None:
        self._session = session
        self._engine = engine
        self._lock = threading.Lock()
        top = WireNode(b".lsfs", "directory")
        self._by_id: dict[int, Known] = {VIRTUAL_ID: Known((), top, 1)}
        self._by_parts: dict[Parts, int] = {(): VIRTUAL_ID}
        self._next_id = VIRTUAL_ID + 1
        self._listings: dict[int, list[WireNode]] = {}
        self._next_handle = 1

    def table(self) -> dict[int, Callable[[Header, bytes], Answer]]:
        """Return the operations by number; every other one is refused as read-only."""
        return {
            Op.LOOKUP: self.lookup,
            Op.GETATTR: self.getattr,
            Op.READLINK: self.readlink,
            Op.OPEN: self.open,
            Op.READ: self.read,
            Op.RELEASE: self.release,
            Op.FLUSH: self.release,
            Op.OPENDIR: self.opendir,
            Op.READDIR: self.readdir,
            Op.RELEASEDIR: self.releasedir,
            Op.MKDIR: self.mkdir,
            Op.RMDIR: self.rmdir,
            Op.STATFS: self.statfs,
            Op.GETXATTR: self.no_attribute,
            Op.LISTXATTR: self.no_attributes,
        }

    def ask(self, message: dict[str, Any], *, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Ask the engine.

        Raises:
            OSError: its error as an errno.
        """
        try:
            return request(self._engine, "POST", "/tree", message, timeout_s=timeout_s)
        except LsfsError as e:
            raise OSError(ERRNO.get(e.kind, errno.EIO), str(e)) from e

    def _node(self, id_: int) -> Known:
        with self._lock:
            known = self._by_id.get(id_)
        if known is None:
            raise OSError(errno.ESTALE, "not known any more")
        return known

    def forget(self, id_: int, count: int) -> None:
        """Take look-ups back."""
        with self._lock:
            known = self._by_id.get(id_)
            if known is None or id_ == VIRTUAL_ID:
                return
            known.lookups -= count
            if known.lookups <= 0:
                del self._by_id[id_]
                del self._by_parts[known.parts]

    def entry(self, parts: Parts, node: WireNode) -> bytes:
        """Return the protocol's entry of a node, counted as one look-up."""
        with self._lock:
            id_ = self._by_parts.get(parts)
            if id_ is None:
                id_ = self._next_id
                self._next_id += 1
                self._by_parts[parts] = id_
                self._by_id[id_] = Known(parts, node)
            known = self._by_id[id_]
            known.node = node
            known.lookups += 1
        return p.ENTRY.pack(id_, 0, 0, 0, 0, 0, *attributes(id_, node))

    def top_entry(self) -> bytes:
        """Return the entry of `.lsfs` itself, which needs no question."""
        return self.entry((), self._by_id[VIRTUAL_ID].node)

    # Operations

    def lookup(self, header: Header, body: bytes) -> Answer:
        """Find a name in a virtual folder."""
        parts = (*self._node(header[3]).parts, body[:-1])

        def work() -> bytes:
            answer = self.ask({"op": "lookup", "path_b64": b64(b"/".join(parts))})
            return self.entry(parts, node_from_json(answer["node"]))

        return self._session.later(header[2], work)

    def getattr(self, header: Header, _: bytes) -> Answer:
        """Return a virtual node's attributes."""
        return p.ATTR.pack(0, 0, 0, *attributes(header[3], self._node(header[3]).node))

    def readlink(self, header: Header, _: bytes) -> Answer:
        """Return where a result's link points."""
        return self._node(header[3]).node.target or b""

    def open(self, header: Header, body: bytes) -> Answer:
        """Open a virtual file for reading."""
        if p.U32X2.unpack_from(body)[0] & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EROFS, "what is in .lsfs cannot be written")
        self._node(header[3])
        return p.OPEN_OUT.pack(0, p.FOPEN_DIRECT_IO, 0)

    def read(self, header: Header, body: bytes) -> Answer:
        """Return bytes of a virtual file."""
        _, offset, size, *_rest = p.READ_IN.unpack_from(body)
        parts = self._node(header[3]).parts

        def work() -> bytes:
            message = {"op": "read", "path_b64": b64(b"/".join(parts)), "offset": offset, "size": size}
            return unb64(self.ask(message, timeout_s=10.0)["data_b64"])

        return self._session.later(header[2], work)

    def release(self, _: Header, __: bytes) -> Answer:
        """Close a virtual file."""
        return b""

    def opendir(self, header: Header, _: bytes) -> Answer:
        """Open a virtual folder: this is where a query is run."""
        parts = self._node(header[3]).parts

        def work() -> bytes:
            try:
                answer = self.ask({"op": "list", "path_b64": b64(b"/".join(parts))}, timeout_s=ANSWER_S)
                nodes = [node_from_json(n) for n in answer["nodes"]]
            except OSError as e:
                if e.errno != errno.EAGAIN or parts:
                    raise
                nodes = []
            with self._lock:
                handle = self._next_handle
                self._next_handle += 1
                self._listings[handle] = nodes
            return p.OPEN_OUT.pack(handle, 0, 0)

        return self._session.later(header[2], work)

    def readdir(self, _: Header, body: bytes) -> Answer:
        """Return names of an open virtual folder."""
        handle, offset, size, *_rest = p.READ_IN.unpack_from(body)
        names = [(b".", 4), (b"..", 4), *((n.name, _TYPES[n.kind]) for n in self._listings.get(handle, []))]
        out: list[bytes] = []
        used = 0
        for at in range(offset, len(names)):
            name, kind = names[at]
            length = 24 + len(name)
            length += -length % 8
            if used + length > size:
                break
            used += length
            out.append((p.DIRENT.pack(VIRTUAL_ID + at, at + 1, len(name), kind) + name).ljust(length, b"\0"))
        return b"".join(out)

    def releasedir(self, _: Header, body: bytes) -> Answer:
        """Close a virtual folder."""
        with self._lock:
            self._listings.pop(p.U64.unpack_from(body)[0], None)
        return b""

    def mkdir(self, header: Header, body: bytes) -> Answer:
        """Make a saved search."""
        parts = (*self._node(header[3]).parts, p.c_string(body, 8))

        def work() -> bytes:
            self.ask({"op": "mkdir", "path_b64": b64(b"/".join(parts))})
            return self.entry(parts, WireNode(parts[-1], "directory"))

        return self._session.later(header[2], work)

    def rmdir(self, header: Header, body: bytes) -> Answer:
        """Remove a saved search."""
        parts = (*self._node(header[3]).parts, body[:-1])

        def work() -> bytes:
            self.ask({"op": "rmdir", "path_b64": b64(b"/".join(parts))})
            return b""

        return self._session.later(header[2], work)

    def statfs(self, _: Header, __: bytes) -> Answer:
        """Return an empty file system's size."""
        return p.STATFS_OUT.pack(0, 0, 0, 0, 0, 4096, 255, 4096, 0)

    def no_attribute(self, _: Header, __: bytes) -> Answer:
        """Virtual nodes have no extended attributes."""
        raise OSError(errno.ENODATA, "no extended attributes here")

    def no_attributes(self, _: Header, body: bytes) -> Answer:
        """Return the empty list of extended attributes."""
        return sized(b"", int.from_bytes(body[:4], "little"))


def attributes(id_: int, node: WireNode) -> tuple[int, ...]:
    """Return the protocol's attribute fields of a virtual node."""
    seconds, ns = divmod(node.mtime_ns or time.time_ns(), 1_000_000_000)
    mode = _KINDS[node.kind]
    links = 2 if node.kind == "directory" else 1
    size = node.size if node.kind != "directory" else 0
    blocks = -(-size // _BLOCK)
    return (id_, size, blocks, seconds, seconds, seconds, ns, ns, ns, mode, links, os.getuid(), os.getgid(), 0, 4096, 0)


def routed(real: dict[int, Operation], virtual: Virtual) -> dict[int, Operation]:
    """Return a table in which requests for virtual nodes go to them, and `.lsfs` at the top is found by name."""
    table = virtual.table()

    def route(opcode: int, operation: Operation | None) -> Operation:
        theirs = table.get(opcode)

        def run(header: Header, body: bytes) -> Answer:
            if header[3] >= VIRTUAL_ID:
                if theirs is None:
                    raise OSError(errno.EROFS, "what is in .lsfs cannot be changed")
                return theirs(header, body)
            if operation is None:
                raise OSError(errno.ENOSYS, "not implemented")
            return operation(header, body)

        return run

    def lookup(header: Header, body: bytes) -> Answer:
        if header[3] == p.ROOT_ID and body == b".lsfs\0":
            return virtual.top_entry()
        return routed_lookup(header, body)

    out = {code: route(code, real.get(code)) for code in {*real, *table}}
    routed_lookup = out[Op.LOOKUP]
    out[Op.LOOKUP] = lookup
    return out
