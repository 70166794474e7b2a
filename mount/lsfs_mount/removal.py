"""Operations that take a name away: unlink, rmdir, rename of every kind.

What could be lost is set aside first: the inode is pinned (so that open-unlinked files stay exact), and its content gets a hard
link in the spool, if this was its last name and the engine does not have it. Where the spool is on another file system it is
copied, a large one in a worker. A file that is open for writing is set aside by its last close instead, because until then its
content still changes.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass

from lsfs.wire.journal import RecordKind
from lsfs_mount import protocol as p
from lsfs_mount.keeping import INLINE_BYTES
from lsfs_mount.nodes import Node, Nodes
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation
from lsfs_mount.shared import Shared, joined

_LIBC = ctypes.CDLL(None, use_errno=True)
_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Victim:
    """What is under a name that is about to go.

    Attributes:
        node: None where the kernel does not know it by this name, unless this is the last name of one that is held.
        last: it is the inode's last name.
    """

    parent: Node
    name: bytes
    path: bytes
    st: os.stat_result
    node: Node | None
    last: bool


class Removal:
    """The operations; `table` says which request is whose."""

    def __init__(self, shared: Shared) -> None:
        self._s = shared
        self._nodes = shared.nodes

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        return {Op.UNLINK: self.unlink, Op.RMDIR: self.rmdir, Op.RENAME: self.rename, Op.RENAME2: self.rename2}

    def unlink(self, header: Header, body: bytes) -> Answer:
        """Remove a name."""
        name = body[:-1]
        parent = self._nodes.get(header[3])
        self._s.check_name(parent, name)
        victim = self._victim(parent, name)

        def act() -> bytes:
            with _Pinned(self._nodes, victim.node):
                os.unlink(name, dir_fd=self._nodes.fd(parent))
            self._gone(victim)
            old = victim.st
            self._s.keeper.record(RecordKind.UNLINK, victim.path, victim.st.st_ino, old=old, who=self._s.who(header))
            return b""

        return self._kept(header, victim, act)

    def _victim(self, parent: Node, name: bytes) -> Victim:
        st = os.lstat(name, dir_fd=self._nodes.fd(parent))
        path = joined(parent, name)
        key, last = (st.st_dev, st.st_ino), st.st_nlink == 1 or stat.S_ISDIR(st.st_mode)
        node = self._nodes.known(parent, name)
        if node is not None and node.key != key:
            node = None
        if node is None and last and (other := self._nodes.of_key(key)) is not None and (other.fd >= 0 or other.opens):
            node = other  # held, and met last by another name, which went before
        return Victim(parent, name, path, st, node, last)

    def _kept(self, header: Header, victim: Victim, act: Callable[[], bytes]) -> Answer:
        """Set the victim's content aside where it would be lost, then act; in a worker where that takes long."""
        st, node = victim.st, victim.node
        if not victim.last or (node is not None and node.writers) or not self._s.keeper.needs_keeping(st):
            return act()
        if node is not None:
            self._nodes.pin(node)
        fd = node.fd if node is not None else os.open(victim.name, _PATH, dir_fd=self._nodes.fd(victim.parent))
        try:
            if not self._s.keeper.link_aside(fd, st, victim.path):
                if st.st_size > INLINE_BYTES:
                    return self._kept_later(header, victim, os.dup(fd), act)
                self._s.keeper.copy_node_aside(fd, st, victim.path)
        finally:
            if node is None:
                os.close(fd)
        return act()

    def _kept_later(self, header: Header, victim: Victim, fd: int, act: Callable[[], bytes]) -> Answer:
        victim.parent.lookups += 1  # the folder must outlive the copying

        def work() -> bytes:
            try:
                self._s.keeper.copy_node_aside(fd, victim.st, victim.path)
                with self._s.session.lock:
                    return act()
            finally:
                os.close(fd)
                with self._s.session.lock:
                    self._nodes.forget(victim.parent.id, 1)

        return self._s.session.later(header[2], work)

    def _gone(self, victim: Victim) -> None:
        if victim.node is not None:
            self._nodes.unnamed(victim.node, lost=victim.last)

    def rmdir(self, header: Header, body: bytes) -> bytes:
        """Remove an empty folder."""
        name = body[:-1]
        parent = self._nodes.get(header[3])
        self._s.check_name(parent, name)
        victim = self._victim(parent, name)
        with _Pinned(self._nodes, victim.node):
            os.rmdir(name, dir_fd=self._nodes.fd(parent))
        self._gone(victim)
        self._s.keeper.record(RecordKind.RMDIR, victim.path, victim.st.st_ino, who=self._s.who(header))
        return b""

    # Renaming

    def rename(self, header: Header, body: bytes) -> Answer:
        """Rename without flags."""
        return self._rename(header, p.U64.unpack_from(body)[0], body[8:-1], 0)

    def rename2(self, header: Header, body: bytes) -> Answer:
        """Rename with renameat2's flags."""
        new_parent, flags = p.U64U32.unpack_from(body)
        return self._rename(header, new_parent, body[16:-1], flags)

    def _rename(self, header: Header, new_parent_id: int, names: bytes, flags: int) -> Answer:
        old_name, new_name = names.split(b"\0", 1)
        old_parent, new_parent = self._nodes.get(header[3]), self._nodes.get(new_parent_id)
        self._s.check_name(old_parent, old_name)
        self._s.check_name(new_parent, new_name)
        source = self._victim(old_parent, old_name)
        target = self._target(new_parent, new_name)

        def act() -> bytes:
            with _Pinned(self._nodes, target.node if target is not None and not flags else None):
                self._rename_on_disk(source, new_parent, new_name, flags)
            self._rename_nodes(source, target, new_parent, new_name, flags)
            self._record_rename(header, source, target, joined(new_parent, new_name), flags)
            return b""

        if target is None or flags or _same(source.st, target.st) or not stat.S_ISREG(target.st.st_mode):
            return act()
        return self._kept(header, target, act)

    def _target(self, parent: Node, name: bytes) -> Victim | None:
        try:
            return self._victim(parent, name)
        except FileNotFoundError:
            return None

    def _rename_on_disk(self, source: Victim, new_parent: Node, new_name: bytes, flags: int) -> None:
        new_fd = self._nodes.fd(new_parent)
        old_fd = self._nodes.fd(source.parent)
        if not flags:
            os.rename(source.name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd)
        elif _LIBC.renameat2(old_fd, source.name, new_fd, new_name, flags):
            e = ctypes.get_errno()
            raise OSError(e, os.strerror(e))

    def _rename_nodes(self, source: Victim, target: Victim | None, new_parent: Node, new_name: bytes, flags: int) -> None:
        if target is not None and _same(source.st, target.st):
            return  # two names of one file: nothing happened
        if target is not None and not flags:
            self._gone(target)
        if flags & RENAME_EXCHANGE and target is not None and target.node is not None:
            self._nodes.unnamed(target.node)
        if source.node is not None:
            self._nodes.moved(source.node, new_parent, new_name)
        if flags & RENAME_EXCHANGE and target is not None and target.node is not None:
            self._nodes.moved(target.node, source.parent, source.name)

    def _record_rename(self, header: Header, source: Victim, target: Victim | None, new_path: bytes, flags: int) -> None:
        self._s.keeper.record(
            RecordKind.RENAME,
            source.path,
            source.st.st_ino,
            path2=new_path,
            ino2=0 if target is None else target.st.st_ino,
            old=None if target is None else target.st,
            who=self._s.who(header),
            flags=flags & 0xFF,
        )


class _Pinned:
    """Pins a node for an operation that takes its name; lets it go where that failed (it has the name still)."""

    __slots__ = ("_node", "_nodes")

    def __init__(self, nodes: Nodes, node: Node | None) -> None:
        self._nodes = nodes
        self._node = node

    def __enter__(self) -> None:
        if self._node is not None:
            self._nodes.pin(self._node)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None and self._node is not None:
            self._nodes.unpin(self._node)


def _same(a: os.stat_result, b: os.stat_result) -> bool:
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
