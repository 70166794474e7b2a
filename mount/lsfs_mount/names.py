"""Operations on names that take nothing away: look-up, making, linking. `lsfs_mount.removal` has the others."""

from __future__ import annotations

import ctypes
import errno
import os
import stat

from lsfs.wire.journal import RecordKind
from lsfs_mount import protocol as p
from lsfs_mount.nodes import Node
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation
from lsfs_mount.shared import VIRTUAL_NAME, Shared, joined, own

_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD, _AT_SYMLINK_FOLLOW = -100, 0x400


class Names:
    """The operations; `table` says which request is whose."""

    def __init__(self, shared: Shared) -> None:
        self._s = shared
        self._nodes = shared.nodes

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        return {
            Op.LOOKUP: self.lookup,
            Op.READLINK: self.readlink,
            Op.SYMLINK: self.symlink,
            Op.MKNOD: self.mknod,
            Op.MKDIR: self.mkdir,
            Op.LINK: self.link,
        }

    def lookup(self, header: Header, body: bytes) -> Answer:
        """Find a name in a folder."""
        parent = self._nodes.get(header[3])
        name = body[:-1]
        if name in self._s.reserved:
            if parent is self._nodes.root and name == VIRTUAL_NAME:
                return self._s.virtual_entry()
            if self._s.is_hidden(parent, name):
                return errno.ENOENT
        try:
            return self._s.entry(parent, name)[1]
        except FileNotFoundError:
            return errno.ENOENT

    def readlink(self, header: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Return what a symbolic link points to."""
        return os.readlink(b"", dir_fd=self._nodes.fd(self._nodes.get(header[3])))

    def _parent(self, header: Header, name: bytes) -> tuple[Node, int]:
        parent = self._nodes.get(header[3])
        self._s.check_name(parent, name)
        return parent, self._nodes.fd(parent)

    def symlink(self, header: Header, body: bytes) -> bytes:
        """Make a symbolic link."""
        name, target = body[:-1].split(b"\0", 1)
        parent, fd = self._parent(header, name)
        os.symlink(target, name, dir_fd=fd)
        own(fd, name, header, 0)
        return self._made(header, parent, name, RecordKind.SYMLINK)

    def mknod(self, header: Header, body: bytes) -> bytes:
        """Make a file, FIFO, socket or device node."""
        mode, device, umask, _ = p.U32X4.unpack_from(body)
        name = p.c_string(body, 16)
        parent, fd = self._parent(header, name)
        os.umask(umask)
        try:
            os.mknod(name, mode, p.decode_device(device), dir_fd=fd)
        finally:
            os.umask(0)
        own(fd, name, header, mode & ~umask)
        return self._made(header, parent, name, RecordKind.CREATE if stat.S_ISREG(mode) else RecordKind.MKNOD)

    def mkdir(self, header: Header, body: bytes) -> bytes:
        """Make a folder."""
        mode, umask = p.U32X2.unpack_from(body)
        name = p.c_string(body, 8)
        parent, fd = self._parent(header, name)
        os.umask(umask)
        try:
            os.mkdir(name, mode, dir_fd=fd)
        finally:
            os.umask(0)
        own(fd, name, header, 0)
        return self._made(header, parent, name, RecordKind.MKDIR)

    def _made(self, header: Header, parent: Node, name: bytes, kind: RecordKind) -> bytes:
        node, entry = self._s.entry(parent, name)
        self._s.keeper.record(kind, node.path, node.key[1], who=self._s.who(header))
        return entry

    def link(self, header: Header, body: bytes) -> bytes:
        """Give an inode a further name."""
        node = self._nodes.get(p.U64.unpack_from(body)[0])
        name = body[8:-1]
        parent, fd = self._parent(header, name)
        if _LIBC.linkat(_AT_FDCWD, self._nodes.proc_path(node), fd, name, _AT_SYMLINK_FOLLOW):
            e = ctypes.get_errno()
            raise OSError(e, os.strerror(e))
        old_path = node.path
        _, entry = self._s.entry(parent, name)
        new_path = joined(parent, name)
        self._s.keeper.record(RecordKind.LINK, old_path, node.key[1], path2=new_path, who=self._s.who(header))
        return entry
