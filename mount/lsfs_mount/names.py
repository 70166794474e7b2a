"""Operations on names: look-up, making, removing, renaming, linking.

Every operation that takes a name away pins the inode first, sets its content aside if the engine does not have it, and journals
what happened.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat

from lsfs.wire.journal import FileStat, RecordKind
from lsfs_mount import protocol as p
from lsfs_mount.nodes import Node
from lsfs_mount.protocol import Op
from lsfs_mount.session import Header, Operation
from lsfs_mount.shared import VIRTUAL_NAME, Shared, own

_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD, _AT_SYMLINK_FOLLOW = -100, 0x400
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2


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
            Op.UNLINK: self.unlink,
            Op.RMDIR: self.rmdir,
            Op.RENAME: self.rename,
            Op.RENAME2: self.rename2,
            Op.LINK: self.link,
        }

    def lookup(self, header: Header, body: bytes) -> bytes:
        """Find a name in a folder."""
        parent = self._nodes.get(header[3])
        name = body[:-1]
        if self._s.is_hidden(parent, name):
            raise OSError(errno.ENOENT, "hidden")
        return self._s.entry(parent, name)[1]

    def readlink(self, header: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Return what a symbolic link points to."""
        return os.readlink(b"", dir_fd=self._nodes.fd(self._nodes.get(header[3])))

    def _parent(self, header: Header, name: bytes) -> tuple[Node, int]:
        parent = self._nodes.get(header[3])
        self._may_be_made(parent, name)
        return parent, self._nodes.fd(parent)

    def _may_be_made(self, parent: Node, name: bytes) -> None:
        if self._s.is_hidden(parent, name) or (parent is self._nodes.root and name == VIRTUAL_NAME):
            raise OSError(errno.EPERM, "the name belongs to lsfs")

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

    def unlink(self, header: Header, body: bytes) -> bytes:
        """Remove a name; the content is kept aside if this was its last name and nobody has it."""
        name = body[:-1]
        parent, fd = self._parent(header, name)
        path, st = self._before_loss(parent, fd, name)
        os.unlink(name, dir_fd=fd)
        self._gone(parent, name)
        old = FileStat.of(st)
        self._s.keeper.record(RecordKind.UNLINK, path, st.st_ino, old=old, who=self._s.who(header))
        return b""

    def _before_loss(self, parent: Node, parent_fd: int, name: bytes) -> tuple[bytes, os.stat_result]:
        """Pin the inode under a name that is about to go, and set its content aside; return its path and stat."""
        st = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        path = parent.path + b"/" + name if parent.parent is not None else name
        self._s.check_lock(path)
        node = self._nodes.known(parent, name)
        known = node is not None and node.key == (st.st_dev, st.st_ino)
        if known and node is not None:
            self._nodes.pin(node)
        if st.st_nlink == 1 and self._s.keeper.needs_keeping(st):
            fd = (
                node.fd
                if known and node is not None
                else os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent_fd)
            )
            try:
                self._s.keeper.link_aside(fd, st, path)
            finally:
                if not known:
                    os.close(fd)
        return path, st

    def _gone(self, parent: Node, name: bytes) -> None:
        node = self._nodes.known(parent, name)
        if node is not None:
            self._nodes.unnamed(node)

    def rmdir(self, header: Header, body: bytes) -> bytes:
        """Remove an empty folder."""
        name = body[:-1]
        parent, fd = self._parent(header, name)
        node = self._nodes.known(parent, name)
        path = parent.path + b"/" + name if parent.parent is not None else name
        self._s.check_lock(path)
        if node is not None:
            self._nodes.pin(node)
        os.rmdir(name, dir_fd=fd)
        self._gone(parent, name)
        self._s.keeper.record(RecordKind.RMDIR, path, node.key[1] if node else 0, who=self._s.who(header))
        return b""

    def rename(self, header: Header, body: bytes) -> bytes:
        """Rename without flags."""
        (new_parent,) = p.U64.unpack_from(body)
        return self._rename(header, new_parent, body[8:-1], 0)

    def rename2(self, header: Header, body: bytes) -> bytes:
        """Rename with renameat2's flags."""
        new_parent, flags = p.U64U32.unpack_from(body)
        return self._rename(header, new_parent, body[16:-1], flags)

    def _rename(self, header: Header, new_parent_id: int, names: bytes, flags: int) -> bytes:
        old_name, new_name = names.split(b"\0", 1)
        old_parent, old_fd = self._parent(header, old_name)
        new_parent = self._nodes.get(new_parent_id)
        self._may_be_made(new_parent, new_name)
        new_fd = self._nodes.fd(new_parent)
        old_path, new_path = _join(old_parent, old_name), _join(new_parent, new_name)
        st = os.stat(old_name, dir_fd=old_fd, follow_symlinks=False)
        replaced = self._replaced(new_parent, new_fd, new_name, st, flags)
        self._s.check_lock(old_path)
        old_fd = self._nodes.fd(old_parent)
        if flags:
            if _LIBC.renameat2(old_fd, old_name, new_fd, new_name, flags):
                e = ctypes.get_errno()
                raise OSError(e, os.strerror(e))
        else:
            os.rename(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd)
        self._swap_names(
            old_parent, old_name, new_parent, new_name, exchange=bool(flags & RENAME_EXCHANGE), same=replaced == st.st_ino
        )
        who = self._s.who(header)
        self._s.keeper.record(
            RecordKind.RENAME, old_path, st.st_ino, path2=new_path, ino2=replaced, who=who, flags=flags & 0xFF
        )
        return b""

    def _replaced(self, parent: Node, fd: int, name: bytes, source: os.stat_result, flags: int) -> int:
        """Set aside what a rename is about to replace; return its inode, 0 for none."""
        try:
            st = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return 0
        if (
            flags
            or stat.S_ISDIR(source.st_mode) != stat.S_ISDIR(st.st_mode)
            or (source.st_dev, source.st_ino) == (st.st_dev, st.st_ino)
        ):
            return st.st_ino  # exchanged, refused by the disk, or the same file: nothing is lost
        self._before_loss(parent, fd, name)
        return st.st_ino

    def _swap_names(self, a: Node, a_name: bytes, b: Node, b_name: bytes, *, exchange: bool, same: bool) -> None:
        moved, other = self._nodes.known(a, a_name), self._nodes.known(b, b_name)
        if same:
            return
        if moved is not None:
            self._nodes.moved(moved, b, b_name)
        elif other is not None:
            self._nodes.unnamed(other)
        if exchange and other is not None:
            self._nodes.moved(other, a, a_name)

    def link(self, header: Header, body: bytes) -> bytes:
        """Give an inode a further name."""
        (old_id,) = p.U64.unpack_from(body)
        name = body[8:-1]
        parent, fd = self._parent(header, name)
        source = self._nodes.proc_path(self._nodes.get(old_id))
        if _LIBC.linkat(_AT_FDCWD, source, fd, name, _AT_SYMLINK_FOLLOW):
            e = ctypes.get_errno()
            raise OSError(e, os.strerror(e))
        old_path = self._nodes.get(old_id).path
        node, entry = self._s.entry(parent, name)
        self._s.keeper.record(RecordKind.LINK, old_path, node.key[1], path2=node.path, who=self._s.who(header))
        return entry


def _join(parent: Node, name: bytes) -> bytes:
    return parent.path + b"/" + name if parent.parent is not None else name
