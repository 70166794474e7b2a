"""Operations on inodes: attributes and extended attributes. Those of the prefix `user.lsfs.` are the engine's."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import time
from collections.abc import Iterable

from lsfs.wire.journal import RecordKind
from lsfs_mount import protocol as p
from lsfs_mount.keeping import INLINE_BYTES
from lsfs_mount.leases import is_leased, when_given_up
from lsfs_mount.nodes import Node
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation
from lsfs_mount.shared import VALID_S, Shared, drop_set_ids

_LIBC = ctypes.CDLL(None, use_errno=True)
_UTIME_NOW, _UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2
_AT_EMPTY_PATH = 0x1000
_TIMES = struct.Struct("<qqqq")
_CAPABILITY = b"security.capability\0"
"""What the kernel asks for before the first write and before every chown."""
OURS = b"user.lsfs."
"""Extended attributes of this prefix are the engine's."""


class Inodes:
    """The operations; `table` says which request is whose."""

    def __init__(self, shared: Shared) -> None:
        self._s = shared
        self._nodes = shared.nodes

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        return {
            Op.GETATTR: self.getattr,
            Op.SETATTR: self.setattr,
            Op.GETXATTR: self.getxattr,
            Op.SETXATTR: self.setxattr,
            Op.LISTXATTR: self.listxattr,
            Op.REMOVEXATTR: self.removexattr,
        }

    # Attributes

    def getattr(self, header: Header, body: bytes) -> bytes:
        """Return an inode's attributes."""
        flags, _, handle = p.GETATTR_IN.unpack_from(body)
        node = self._nodes.get(header[3])
        held = flags & p.GETATTR_FH and handle in self._s.handles
        st = os.fstat(handle) if held else self._nodes.stat(node)
        return p.attributes(VALID_S, st, self._nodes.device, lost=node.lost)

    def setattr(self, header: Header, body: bytes) -> Answer:
        """Set mode, owner, size or times."""
        fields = p.SETATTR_IN.unpack_from(body)
        valid, handle = fields[0], fields[2]
        node = self._nodes.get(header[3])
        self._s.check_node(node)
        fd = handle if valid & p.SET_FH and handle in self._s.handles else -1
        if valid & p.SET_SIZE and fd < 0 and is_leased(self._s, node):
            return when_given_up(self._s, header, node, os.O_WRONLY, lambda: self._set_kept(header, node, fields, fd))
        return self._set_kept(header, node, fields, fd)

    def _set_kept(self, header: Header, node: Node, fields: tuple[int, ...], fd: int) -> Answer:
        """Set what is asked for; content that would be lost is set aside first."""
        valid = fields[0]
        if node.writers and (fd >= 0 or not valid & p.SET_SIZE):  # a writer's release tells of it
            return self._set(header, node, fields, None, fd)
        old = self._nodes.stat(node)
        if valid & p.SET_SIZE and fd < 0 and self._s.keeper.needs_keeping(old):
            return self._truncate_kept(header, node, fields, old)
        return self._set(header, node, fields, old, fd)

    def _truncate_kept(self, header: Header, node: Node, fields: tuple[int, ...], old: os.stat_result) -> Answer:
        """Set the content aside before a truncation, in a worker where it is large."""
        path = node.path
        if old.st_size <= INLINE_BYTES:
            self._s.keeper.copy_node_aside(self._nodes.fd(node), old, path)
            return self._set(header, node, fields, old, -1)
        node.lookups += 1
        source = os.open(self._nodes.proc_path(node), os.O_PATH | os.O_CLOEXEC)

        def work() -> bytes:
            try:
                self._s.keeper.copy_node_aside(source, old, path)
                with self._s.session.lock:
                    return self._set(header, node, fields, old, -1)
            finally:
                os.close(source)
                with self._s.session.lock:
                    self._nodes.forget(node.id, 1)

        return self._s.session.later(header[2], work)

    def _set(self, header: Header, node: Node, fields: tuple[int, ...], old: os.stat_result | None, fd: int) -> bytes:
        valid, size = fields[0], fields[3]
        held = fd if fd >= 0 else node.opens[-1] if node.opens else -1
        target: int | bytes = held if held >= 0 else self._nodes.proc_path(node)
        if valid & (p.SET_UID | p.SET_GID):
            self._chown(node, fields[13] if valid & p.SET_UID else -1, fields[14] if valid & p.SET_GID else -1, held)
        if valid & p.SET_MODE:
            os.chmod(target, fields[11] & 0o7777)
        if valid & p.SET_SIZE:
            os.ftruncate(fd, size) if fd >= 0 else os.truncate(self._nodes.proc_path(node), size)
            if valid & p.SET_KILL_SUIDGID:
                drop_set_ids(fd if fd >= 0 else self._nodes.fd(node))
        if valid & (p.SET_ATIME | p.SET_MTIME):
            self._utimes(node, fields, held)
        if not valid & p.SET_ANY:  # somebody unprivileged is about to write to a file with set-ids, by passthrough too
            drop_set_ids(held if held >= 0 else self._nodes.fd(node))
        st = os.fstat(held) if held >= 0 else self._nodes.stat(node)
        if old is not None:
            self._record_set(header, node, old, st)
        return p.attributes(VALID_S, st, self._nodes.device, lost=node.lost)

    def _record_set(self, header: Header, node: Node, old: os.stat_result, st: os.stat_result) -> None:
        if node.writers and st.st_size == old.st_size:
            return  # a writer's release tells of it
        kind = RecordKind.TRUNCATE if st.st_size != old.st_size else RecordKind.ATTRIBUTES
        self._s.keeper.record(kind, node.path, st.st_ino, old=old, new=st, who=self._s.who(header))

    def _chown(self, node: Node, uid: int, gid: int, held: int) -> None:
        """Set the owner; an O_PATH descriptor of a symbolic link takes fchownat with an empty path only."""
        if held >= 0:
            os.chown(held, uid, gid)
            return
        ids = ctypes.c_uint(uid & 0xFFFFFFFF), ctypes.c_uint(gid & 0xFFFFFFFF)
        _checked(_LIBC.fchownat(self._nodes.fd(node), b"", *ids, _AT_EMPTY_PATH))

    def _utimes(self, node: Node, fields: tuple[int, ...], held: int) -> None:
        valid, atime, mtime, atime_ns, mtime_ns = fields[0], fields[5], fields[6], fields[8], fields[9]
        a = _UTIME_OMIT if not valid & p.SET_ATIME else _UTIME_NOW if valid & p.SET_ATIME_NOW else atime_ns
        m = _UTIME_OMIT if not valid & p.SET_MTIME else _UTIME_NOW if valid & p.SET_MTIME_NOW else mtime_ns
        times = _TIMES.pack(p.signed(atime), a, p.signed(mtime), m)
        if held >= 0:
            _checked(_LIBC.futimens(held, times))
        elif node.kind == stat.S_IFLNK:
            _checked(_LIBC.utimensat(self._nodes.fd(node), b"", times, _AT_EMPTY_PATH))
        else:
            _checked(_LIBC.utimensat(-100, self._nodes.proc_path(node), times, 0))

    # Extended attributes

    def getxattr(self, header: Header, body: bytes) -> Answer:
        """Return an extended attribute, or its size."""
        node = self._nodes.get(header[3])
        if body[8:] == _CAPABILITY:
            return self._capability(node, body)
        (size,) = struct.unpack_from("<I", body)
        name = body[8:-1]
        if name.startswith(OURS):
            path = node.path
            return self._s.session.later(
                header[2], lambda: sized(self._s.attribute("getxattr", path, name, b""), size), asks=True
            )
        return self._getxattr(node, name, size)

    def _getxattr(self, node: Node, name: bytes, size: int) -> bytes:
        return sized(os.getxattr(node.opens[-1] if node.opens else self._nodes.proc_path(node), name), size)

    def _capability(self, node: Node, body: bytes) -> Answer:
        """Return a file's capabilities; that it has none is believed as long as the kernel believes attributes."""
        now = time.monotonic()
        if now < node.bare_until:
            return errno.ENODATA
        try:
            return self._getxattr(node, _CAPABILITY[:-1], p.U32X2.unpack_from(body)[0])
        except OSError as e:
            if e.errno != errno.ENODATA:
                raise
            node.bare_until = now + VALID_S
            return errno.ENODATA

    def listxattr(self, header: Header, body: bytes) -> Answer:
        """Return the names of the extended attributes, or their size; those of lsfs are reachable by name only."""
        (size,) = struct.unpack_from("<I", body)
        names = os.listxattr(self._nodes.proc_path(self._nodes.get(header[3])))
        return sized(b"".join(n + b"\0" for n in listed(names, header[4])), size)

    def setxattr(self, header: Header, body: bytes) -> Answer:
        """Set an extended attribute."""
        size, flags = p.U32X2.unpack_from(body)
        begin, more = (16, p.U32X4.unpack_from(body)[2]) if self._s.session.long_setxattr else (8, 0)
        name = p.c_string(body, begin)
        value = body[begin + len(name) + 1 :][:size]
        node = self._nodes.get(header[3])
        self._s.check_node(node)
        if name.startswith(OURS):
            return self._ask_later(header, "setxattr", node, name, value)
        node.bare_until = 0.0
        path = self._nodes.proc_path(node)
        os.setxattr(path, name, value, flags)
        if more & p.SETXATTR_ACL_KILL_SGID:
            os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) & ~stat.S_ISGID)
        self._attributes_changed(header, node)
        return b""

    def removexattr(self, header: Header, body: bytes) -> Answer:
        """Remove an extended attribute."""
        node, name = self._nodes.get(header[3]), body[:-1]
        self._s.check_node(node)
        if name.startswith(OURS):
            return self._ask_later(header, "removexattr", node, name, b"")
        os.removexattr(self._nodes.proc_path(node), name)
        self._attributes_changed(header, node)
        return b""

    def _ask_later(self, header: Header, op: str, node: Node, name: bytes, value: bytes) -> Answer:
        path = node.path

        def work() -> bytes:
            self._s.attribute(op, path, name, value)
            return b""

        return self._s.session.later(header[2], work, asks=True)

    def _attributes_changed(self, header: Header, node: Node) -> None:
        self._s.keeper.record(RecordKind.ATTRIBUTES, node.path, node.key[1], who=self._s.who(header))


def _checked(result: int) -> None:
    """Raise OSError where a call of the C library failed."""
    if result:
        e = ctypes.get_errno()
        raise OSError(e, os.strerror(e))


def listed(names: Iterable[str], uid: int) -> list[bytes]:
    """Return the names of extended attributes that a user is shown: those of the administrator are root's to know."""
    return [b for n in names if not (b := os.fsencode(n)).startswith(b"trusted.") or uid == 0]


def sized(value: bytes, size: int) -> bytes:
    """Return a value, or its length where no room was offered.

    Raises:
        OSError: ERANGE, the room is too small.
    """
    if size == 0:
        return p.U32X2.pack(len(value), 0)
    if len(value) > size:
        raise OSError(errno.ERANGE, "the value is larger")
    return value
