"""What all operations of a mount share: the session, the tables, what is hidden and what is locked."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lsfs_mount import protocol as p
from lsfs_mount.keeping import Keeper
from lsfs_mount.nodes import Node, Nodes
from lsfs_mount.session import Header, Session

VALID_S = 1
"""How long the kernel may trust names and attributes without asking; changes behind the mount show after that."""
VIRTUAL_NAME = b".lsfs"


@dataclass(slots=True)
class Handle:
    """An open file.

    Attributes:
        fd: its descriptor, which is also the handle that the kernel knows.
        base: the stat that the last CONTENT record, or the opening, saw; None for readers.
        flushed_at: monotonic time of the last FLUSH since then, 0 for none.
        noted_at: monotonic time of the last record or the opening.
        who: process id and user id of the opener; RELEASE does not tell.
        unflushed_s: the kernel does not tell of its closes; after so long without a change there is a version. 0: it tells.
    """

    fd: int
    node: Node
    writable: bool
    base: os.stat_result | None = None
    flushed_at: float = 0.0
    noted_at: float = 0.0
    who: tuple[int, int] = (0, 0)
    unflushed_s: float = 0.0


@dataclass(slots=True)
class Shared:
    """The state of one mount.

    Attributes:
        hidden: (device and inode of a folder, name in it) that are not shown: the state, our own mount point.
        reserved: their names, and the one of the semantic tree.
        virtual_entry: answers a look-up of the semantic tree's top.
        attribute: (operation, path, name, value) -> value; asks the engine for an extended attribute of lsfs. Waits.
        locks: locked paths and why.
    """

    session: Session
    nodes: Nodes
    keeper: Keeper
    hidden: frozenset[tuple[tuple[int, int], bytes]]
    reserved: frozenset[bytes] = field(init=False)
    virtual_entry: Callable[[], bytes]
    attribute: Callable[[str, bytes, bytes, bytes], bytes]
    handles: dict[int, Handle] = field(default_factory=dict)
    locks: Mapping[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reserved = frozenset((VIRTUAL_NAME, *(name for _, name in self.hidden)))

    def is_hidden(self, parent: Node, name: bytes) -> bool:
        """Tell whether a name is not shown."""
        return name in self.reserved and (parent.key, name) in self.hidden

    def check_name(self, parent: Node, name: bytes) -> None:
        """Raise EPERM for a name that nobody but lsfs may make or take away, EACCES for one that is locked."""
        if name in self.reserved and ((parent.key, name) in self.hidden or (parent.parent is None and name == VIRTUAL_NAME)):
            raise OSError(errno.EPERM, "the name belongs to lsfs")
        if self.locks:
            self.check_lock(joined(parent, name))

    def check_node(self, node: Node) -> None:
        """Raise EACCES if a node is locked."""
        if self.locks:
            self.check_lock(node.path)

    def check_lock(self, path: bytes) -> None:
        """Raise EACCES if a path, or a folder above it, is locked."""
        if self.locks:
            refuse_locked(self.locks, path)

    def entry(self, parent: Node, name: bytes) -> tuple[Node, bytes]:
        """Return the node of a name and the protocol's entry for it, counted as one look-up."""
        st = os.lstat(name, dir_fd=self.nodes.fd(parent))
        node = self.nodes.meet(parent, name, st)
        return node, p.entry(node.id, VALID_S, st, self.nodes.device)

    def who(self, header: Header) -> tuple[int, int]:
        """Return process id and user id of the caller."""
        return header[6], header[4]


def refuse_locked(locks: Iterable[bytes], path: bytes) -> None:
    """Raise EACCES if a path, or a folder above it, is among the locked ones."""
    for locked in locks:
        if path == locked or path.startswith(locked + b"/"):
            raise OSError(errno.EACCES, "locked")


def joined(parent: Node, name: bytes) -> bytes:
    """Return the path of a name in a folder."""
    return parent.path + b"/" + name if parent.parent is not None else name


def drop_set_ids(fd: int) -> None:
    """Take set-user-id, and set-group-id where it means one, from a file that somebody unprivileged changes.

    With HANDLE_KILLPRIV_V2 this is ours; without it the kernel asks for `security.capability` before every single write.
    """
    mode = os.fstat(fd).st_mode
    if mode & 0o6000:
        gone = stat.S_ISUID | (stat.S_ISGID if mode & stat.S_IXGRP else 0)
        os.chmod(b"/proc/self/fd/%d" % fd, stat.S_IMODE(mode) & ~gone)


def own(parent_fd: int, name: bytes, header: Header, mode: int) -> None:
    """Give what the server (root) has just made to the caller."""
    give(parent_fd, name, header[4], header[5], mode)


def give(parent_fd: int, name: bytes, uid: int, gid: int, mode: int) -> None:
    """Give what the server (root) has just made to a user; a set-group-id folder gives its group."""
    if not (uid or gid) or os.geteuid() != 0:
        return
    os.chown(name, uid, group_in(parent_fd, gid), dir_fd=parent_fd, follow_symlinks=False)
    if mode & 0o6000:  # the change of owner took them; the rest is as a default access control list made it
        made = stat.S_IMODE(os.stat(name, dir_fd=parent_fd, follow_symlinks=False).st_mode)
        os.chmod(name, made | mode & 0o6000, dir_fd=parent_fd)


def give_nameless(fd: int, folder_fd: int, header: Header, mode: int) -> None:
    """Give a file without a name that the server (root) has just made to the caller."""
    if not (header[4] or header[5]) or os.geteuid() != 0:
        return
    os.fchown(fd, header[4], group_in(folder_fd, header[5]))
    if mode & 0o6000:
        os.fchmod(fd, stat.S_IMODE(os.fstat(fd).st_mode) | mode & 0o6000)


def group_in(folder_fd: int, gid: int) -> int:
    """Return the group of what a user of group `gid` makes in a folder."""
    folder = os.fstat(folder_fd)
    return folder.st_gid if folder.st_mode & stat.S_ISGID else gid
