"""The inode table: which node id of the kernel stands for which inode of the backing directory.

A node knows its inode (device and number), a name by which it can be opened again, and, while it is in use, a descriptor. A
look-up costs one fstatat and opens nothing; an O_PATH descriptor is opened when an operation needs it and closed again under
the limit, because it can be opened by parent and name. Where the name is about to go (unlink, rename over) the descriptor is
opened first and pinned, so that open-unlinked files and hard links stay exact.

Threading: the dispatch thread, or another under the session's lock. Descriptors are closed by `shrink` only, between
    operations, so one that `fd` returned is good until the operation ends.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterator

Key = tuple[int, int]
"""Device and inode number."""

VIRTUAL_IDS = 1 << 48
"""Node ids from here on belong to the semantic tree."""
_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_BY_NAME = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


_NONE: list[int] = []
"""What all nodes without open handles share; never changed."""


class Node:
    """One inode that the kernel knows.

    Attributes:
        lookups: how often the kernel was told of it; it forgets so often.
        fd: its O_PATH descriptor, or -1.
        pinned: `fd` must stay: the inode could not be opened by name any more.
        opens: descriptors of its open handles.
        writers: how many of them are open for writing.
        backing, backing_users: FUSE passthrough's id of the inode, shared by all its opens.
        lost: its last name went through us; a name that the spool still has does not count.
        bare_until: monotonic time until which it has no `security.capability`, because it had none a moment ago.
    """

    __slots__ = (
        "backing",
        "backing_users",
        "bare_until",
        "fd",
        "id",
        "key",
        "kind",
        "lookups",
        "lost",
        "name",
        "opens",
        "parent",
        "pinned",
        "writers",
    )

    def __init__(self, id_: int, key: Key, kind: int, parent: Node | None, name: bytes) -> None:
        self.id = id_
        self.key = key
        self.kind = kind
        self.parent = parent
        self.name = name
        self.lookups = 0
        self.fd = -1
        self.pinned = False
        self.opens: list[int] = _NONE
        self.writers = 0
        self.backing = 0
        self.backing_users = 0
        self.lost = False
        self.bare_until = 0.0

    @property
    def path(self) -> bytes:
        """The path by which it was met last, relative to the root."""
        parts: list[bytes] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            parts.append(node.name)
            node = node.parent
        parts.reverse()
        return b"/".join(parts)


class Nodes:
    """The table.

    Args:
        root_fd: an O_PATH descriptor of the root, opened before anything was mounted over it.
        most_fds: descriptors that nodes may hold beside the pinned ones.
        crowd: how many nodes are a crowd; `crowded` is set when one more than that is met.

    Attributes:
        device: the root's.
    """

    def __init__(self, root_fd: int, *, most_fds: int, crowd: int) -> None:
        st = os.fstat(root_fd)
        self.root = Node(1, (st.st_dev, st.st_ino), stat.S_IFDIR, None, b"")
        self.device = st.st_dev
        self.root.fd = root_fd
        self.root.pinned = True
        self.root.lookups = 1
        self._by_id: dict[int, Node] = {1: self.root}
        self._by_key: dict[Key, Node] = {self.root.key: self.root}
        self._by_name: dict[tuple[int, bytes], Node] = {}
        self._open: OrderedDict[int, Node] = OrderedDict()
        self._most_fds = most_fds
        self._next_id = 2
        self._crowd = crowd
        self.crowded = threading.Event()

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def open_descriptors(self) -> int:
        """How many descriptors the nodes hold that may be closed."""
        return len(self._open)

    def get(self, id_: int) -> Node:
        """Return a node; raises ESTALE for one that is not known, EXDEV for one of the semantic tree."""
        node = self._by_id.get(id_)
        if node is None:
            raise OSError(errno.EXDEV if id_ >= VIRTUAL_IDS else errno.ESTALE, "the inode is not known here")
        return node

    # Meeting, naming, forgetting

    def meet(self, parent: Node, name: bytes, st: os.stat_result) -> Node:
        """Return the node for what was found under a name, counted as one look-up."""
        key = (st.st_dev, st.st_ino)
        node = self._by_key.get(key)
        if node is None or node.kind != stat.S_IFMT(st.st_mode):
            node = self._new(key, stat.S_IFMT(st.st_mode), parent, name)
            self._by_name[parent.id, name] = node
        elif node.parent is not parent or node.name != name:
            self._named(node, parent, name)
        node.lookups += 1
        return node

    def _new(self, key: Key, kind: int, parent: Node, name: bytes) -> Node:
        node = Node(self._next_id, key, kind, parent, name)
        self._next_id += 1
        self._by_id[node.id] = node
        self._by_key[key] = node
        if len(self._by_id) > self._crowd:
            self.crowded.set()
        return node

    def meet_nameless(self, fd: int) -> Node:
        """Return the node of an inode without a name (O_TMPFILE), counted as one look-up.

        Args:
            fd: an O_PATH descriptor, kept by the node.
        """
        st = os.fstat(fd)
        node = self._new((st.st_dev, st.st_ino), stat.S_IFMT(st.st_mode), self.root, b"")
        node.fd, node.pinned, node.lookups = fd, True, 1
        return node

    def known(self, parent: Node, name: bytes) -> Node | None:
        """Return the node that was met under a name, if the kernel still knows it."""
        return self._by_name.get((parent.id, name))

    def find(self, path: bytes) -> Node | None:
        """Return the node of a path if the kernel knows every step of it."""
        node: Node | None = self.root
        for part in path.split(b"/") if path else ():
            node = None if node is None else self._by_name.get((node.id, part))
        return node

    def of_key(self, key: Key) -> Node | None:
        """Return the node of an inode, if the kernel knows it."""
        return self._by_key.get(key)

    def oldest(self) -> Iterator[Node]:
        """Yield the nodes, the one met first before the others."""
        return iter(self._by_id.values())

    def forget(self, id_: int, count: int) -> None:
        """Take `count` look-ups back; the node goes with the last."""
        node = self._by_id.get(id_)
        if node is None or node is self.root:
            return
        node.lookups -= count
        if node.lookups <= 0:
            self._drop(node)

    def _drop(self, node: Node) -> None:
        del self._by_id[node.id]
        if self._by_key.get(node.key) is node:
            del self._by_key[node.key]
        self._unname(node)
        self._open.pop(node.id, None)
        if node.fd >= 0:
            os.close(node.fd)
            node.fd = -1

    def _named(self, node: Node, parent: Node, name: bytes) -> None:
        self._unname(node)
        node.parent, node.name, node.lost = parent, name, False
        self._by_name[parent.id, name] = node
        self.unpin(node)

    def _unname(self, node: Node) -> None:
        if node.parent is not None and self._by_name.get((node.parent.id, node.name)) is node:
            del self._by_name[node.parent.id, node.name]

    def unnamed(self, node: Node, *, lost: bool = False) -> None:
        """Take note that the node's name is gone (it was pinned before).

        Args:
            lost: it was the last one.
        """
        self._unname(node)
        node.lost = lost

    def moved(self, node: Node, parent: Node, name: bytes) -> None:
        """Take note that the node has another name now."""
        old = self._by_name.get((parent.id, name))
        if old is not None and old is not node:
            self._unname(old)
        self._named(node, parent, name)

    # Descriptors

    def fd(self, node: Node) -> int:
        """Return a descriptor of the node (it may be O_PATH), opened if need be.

        Raises:
            OSError: ESTALE where another inode has taken its place behind our back.
        """
        if node.fd >= 0:
            if not node.pinned:
                self._open.move_to_end(node.id)
            return node.fd
        return node.opens[-1] if node.opens else self._open_path(node)

    def _open_path(self, node: Node) -> int:
        """Open a node by its name, and the folders above it where they are closed (a loop: trees can be deep)."""
        chain = [node]
        while (above := chain[-1].parent) is not None and above.fd < 0:
            chain.append(above)
        assert above is not None, "the root is always open"
        at = above.fd
        for n in reversed(chain):
            at = os.open(n.name, _PATH, dir_fd=at)
            st = os.fstat(at)
            if (st.st_dev, st.st_ino) != n.key:
                os.close(at)
                raise OSError(errno.ESTALE, "another file has taken its place")
            n.fd = at
            self._open[n.id] = n
        return at

    def proc_path(self, node: Node) -> bytes:
        """Return the path by which the node itself (not its name) can be opened."""
        return b"/proc/self/fd/%d" % self.fd(node)

    def shrink(self) -> None:
        """Close the descriptors above the limit, the longest unused first. Call between operations."""
        while len(self._open) > self._most_fds:
            _, node = self._open.popitem(last=False)
            os.close(node.fd)
            node.fd = -1

    def open(self, node: Node, flags: int) -> tuple[int, os.stat_result]:
        """Open a regular file's content by its name, or by its descriptor where it has one; never wait for it.

        Raises:
            OSError: ESTALE where another inode has taken its place behind our back; EAGAIN where a program holds a lease of it.
        """
        if node.fd >= 0 or node.opens or node.parent is None:
            fd = os.open(self.proc_path(node), flags | os.O_NONBLOCK | os.O_CLOEXEC)
            return fd, os.fstat(fd)
        fd = os.open(node.name, flags | _BY_NAME, dir_fd=self.fd(node.parent))
        st = os.fstat(fd)
        if (st.st_dev, st.st_ino) != node.key:
            os.close(fd)
            raise OSError(errno.ESTALE, "another file has taken its place")
        return fd, st

    def stat(self, node: Node) -> os.stat_result:
        """Return the node's attributes: by its descriptor, else by its name, without opening it."""
        if node.fd < 0 and not node.opens and node.parent is not None:
            st = os.lstat(node.name, dir_fd=self.fd(node.parent))
            if (st.st_dev, st.st_ino) == node.key:
                return st
        return os.fstat(self.fd(node))

    def pin(self, node: Node) -> None:
        """Keep a descriptor of the node: its name is about to go."""
        if node.fd < 0 and node.opens:  # sure also where the name that it was met by last has gone
            node.fd = os.open(b"/proc/self/fd/%d" % node.opens[-1], os.O_PATH | os.O_CLOEXEC)
        elif node.fd < 0:
            self._open_path(node)
        node.pinned = True
        self._open.pop(node.id, None)

    def unpin(self, node: Node) -> None:
        """Let the node's descriptor be closed again: it has a name."""
        if node.pinned and node is not self.root:
            node.pinned = False
            self._open[node.id] = node
