"""The node table of the semantic tree: ids from VIRTUAL_IDS on, met by path, dropped when the kernel forgets them.

Threading: any thread; `_lock` guards the tables.
"""

from __future__ import annotations

import errno
import stat
import threading
import time
from dataclasses import dataclass

from lsfs.wire.tree import WireNode
from lsfs_mount import protocol as p
from lsfs_mount.nodes import VIRTUAL_IDS

VALID_S = 1
"""How long the kernel may trust names and attributes without asking."""
MODES = {"directory": stat.S_IFDIR | 0o500, "file": stat.S_IFREG | 0o400, "symlink": stat.S_IFLNK | 0o777}
"""Only the owner of the root looks in here: what is shown tells of files that others may not read, their content too."""


@dataclass(slots=True)
class Virtual:
    """One name of the semantic tree that the kernel knows.

    Attributes:
        path: its parts below `.lsfs/`, joined by slashes.
        lookups: how often the kernel was told of it.
        text: the content of a file that we answer ourselves.
    """

    id: int
    path: bytes
    wire: WireNode
    lookups: int = 0
    text: bytes | None = None


class VirtualNodes:
    """The table.

    Args:
        owner: uid and gid that the files have.
    """

    def __init__(self, owner: tuple[int, int]) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._began_ns = time.time_ns()
        self.top = Virtual(VIRTUAL_IDS, b"", WireNode(b".lsfs", "directory"), 1)
        self._by_id: dict[int, Virtual] = {VIRTUAL_IDS: self.top}
        self._by_path: dict[bytes, Virtual] = {b"": self.top}
        self._next_id = VIRTUAL_IDS + 1

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, id_: int) -> Virtual:
        """Return a node; raises ESTALE for one that is not known."""
        with self._lock:
            node = self._by_id.get(id_)
        if node is None:
            raise OSError(errno.ESTALE, "the name is not known any more")
        return node

    def known(self, path: bytes) -> Virtual | None:
        """Return the node of a path, if the kernel knows it."""
        with self._lock:
            return self._by_path.get(path)

    def ids(self) -> list[int]:
        """Return the ids that the kernel knows."""
        with self._lock:
            return list(self._by_id)

    def meet(self, path: bytes, wire: WireNode, text: bytes | None) -> Virtual:
        """Return the node of a path, counted as one look-up."""
        with self._lock:
            node = self._by_path.get(path)
            if node is None or node.wire.kind != wire.kind:
                node = Virtual(self._next_id, path, wire)
                self._next_id += 1
                self._by_id[node.id] = self._by_path[path] = node
            node.wire, node.text = wire, text
            node.lookups += 1
            return node

    def forget(self, id_: int, count: int) -> None:
        """Take look-ups of a node back."""
        with self._lock:
            node = self._by_id.get(id_)
            if node is None or node is self.top:
                return
            node.lookups -= count
            if node.lookups <= 0:
                del self._by_id[id_]
                if self._by_path.get(node.path) is node:
                    del self._by_path[node.path]

    def entry(self, node: Virtual) -> bytes:
        """Return the protocol's entry of a node."""
        return p.ENTRY.pack(node.id, 0, VALID_S, VALID_S, 0, 0, *self._fields(node))

    def attributes(self, node: Virtual) -> bytes:
        """Return the answer that carries a node's attributes."""
        return p.ATTR.pack(VALID_S, 0, 0, *self._fields(node))

    def _fields(self, node: Virtual) -> tuple[int, ...]:
        wire = node.wire
        second, ns = divmod(wire.mtime_ns or self._began_ns, 1_000_000_000)
        mode = MODES[wire.kind] | (0o200 if node.path == b"saved" else 0)
        links = 2 if wire.kind == "directory" else 1
        size = len(wire.target or b"") if wire.kind == "symlink" else wire.size
        blocks = (size + 511) // 512
        return (node.id, size, blocks, second, second, second, ns, ns, ns, mode, links, *self._owner, 0, 4096, 0)
