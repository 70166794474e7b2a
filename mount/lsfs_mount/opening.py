"""Opening and closing files: what a writer could destroy is set aside first, and a changed file is journaled at the end.

With FUSE passthrough the kernel reads and writes the backing file itself, and no READ or WRITE arrives; whether a handle
changed the file is told by its stat, in both cases. A version is asked for (a CONTENT record) when a handle opened for
writing is released and the stat has moved; when such a handle was flushed, has been quiet for 2 s, and stays open; and every
10 minutes of a handle that is held long. Of the closes of a file that was made by O_EXCL, as archives are unpacked and
programs save, the kernel is asked not to tell: that is one request in ten of unpacking. Such a file is looked at instead, and
is a version when it has been quiet for 2 s, then 4, 8 and so on.

Source of the passthrough rules: the kernel's Documentation/filesystems/fuse/fuse-passthrough.rst; all opens of an inode share
one backing id, else the second opener gets EIO.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
from collections.abc import Callable

from lsfs.wire.journal import RecordKind
from lsfs_mount import protocol as p
from lsfs_mount.keeping import INLINE_BYTES
from lsfs_mount.leases import when_given_up
from lsfs_mount.nodes import Node
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation
from lsfs_mount.shared import VALID_S, Handle, Shared, drop_set_ids, give_nameless, own

QUIET_S = 2.0
LONG_S = 600.0
_BACKING, _U32 = struct.Struct("<iIQ"), struct.Struct("<I")
_monotonic = time.monotonic
_NOT_NOW, _MAKE = ~(os.O_DIRECT | os.O_TRUNC), os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_DROP = ~(os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_TRUNC | os.O_DIRECT)


class Opening:
    """The operations; `table` says which request is whose."""

    def __init__(self, shared: Shared) -> None:
        self._s = shared
        self._nodes = shared.nodes

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        return {
            Op.OPEN: self.open,
            Op.CREATE: self.create,
            Op.TMPFILE: self.tmpfile,
            Op.FLUSH: self.flush,
            Op.RELEASE: self.release,
        }

    def open(self, header: Header, body: bytes) -> Answer:
        """Open a file; where a program holds a lease of it, when that is given up."""
        try:
            return self._open(header, body)
        except BlockingIOError:
            flags, node = p.U32X2.unpack_from(body)[0], self._nodes.get(header[3])
            if flags & os.O_NONBLOCK:
                raise
            changes = os.O_WRONLY if flags & (os.O_ACCMODE | os.O_TRUNC) else os.O_RDONLY
            return when_given_up(self._s, header, node, changes, lambda: self._open(header, body))

    def _open(self, header: Header, body: bytes) -> Answer:
        """Open a file; what a writer could destroy is set aside first, in a worker where it is large."""
        flags, kernel_flags = p.U32X2.unpack_from(body)
        node = self._nodes.get(header[3])
        if flags & os.O_ACCMODE == os.O_RDONLY and not flags & os.O_TRUNC:
            fd, st = self._nodes.open(node, flags & _DROP)
            return self._opened(Handle(fd, node, False), st)
        path = node.path
        self._s.check_lock(path)
        fd, st = self._nodes.open(node, flags & _DROP)
        try:
            if kernel_flags & p.OPEN_KILL_SUIDGID and flags & os.O_TRUNC:
                drop_set_ids(fd)
            if (not node.writers or flags & os.O_TRUNC) and self._s.keeper.needs_keeping(st):
                if st.st_size > INLINE_BYTES:
                    return self._open_later(header, node, fd, flags, st)
                self._keep(fd, flags, st, path)
            return self._opened_for_writing(header, node, fd, flags, st)
        except OSError:
            os.close(fd)
            raise

    def _keep(self, fd: int, flags: int, st: os.stat_result, path: bytes) -> None:
        """Set a file's content aside by its descriptor, or by another one where that cannot read."""
        if flags & os.O_ACCMODE != os.O_WRONLY:
            self._s.keeper.copy_aside(fd, st, path)
        else:
            self._s.keeper.copy_node_aside(fd, st, path)

    def _open_later(self, header: Header, node: Node, fd: int, flags: int, st: os.stat_result) -> Answer:
        node.lookups += 1  # the node must outlive the copying
        path = node.path

        def work() -> bytes:
            try:
                self._keep(fd, flags, st, path)
                with self._s.session.lock:
                    return self._opened_for_writing(header, node, fd, flags, os.fstat(fd))
            except OSError:
                os.close(fd)
                raise
            finally:
                with self._s.session.lock:
                    self._nodes.forget(node.id, 1)

        return self._s.session.later(header[2], work)

    def _opened_for_writing(self, header: Header, node: Node, fd: int, flags: int, base: os.stat_result) -> bytes:
        writable = flags & os.O_ACCMODE != os.O_RDONLY
        who = self._s.who(header)
        if flags & os.O_TRUNC:
            if writable:
                os.ftruncate(fd, 0)
            else:
                os.truncate(b"/proc/self/fd/%d" % fd, 0)
                new = os.fstat(fd)
                self._s.keeper.record(RecordKind.TRUNCATE, node.path, base.st_ino, old=base, new=new, who=who)
        unflushed_s = QUIET_S if flags & os.O_EXCL and flags & os.O_CREAT else 0.0
        return self._opened(Handle(fd, node, writable, base, 0.0, _monotonic(), who, unflushed_s), base)

    def _opened(self, handle: Handle, st: os.stat_result) -> bytes:
        node, fd = handle.node, handle.fd
        self._s.handles[fd] = handle
        through = self._s.session.passthrough and (
            node.backing_users > 0 if node.opens else not st.st_mode & 0o6000
        )  # as for the file's other opens, and not with set-ids to drop
        if node.opens:
            node.opens.append(fd)
        else:
            node.opens = [fd]
        if handle.writable:
            node.writers += 1
        # only a writer's closes mean something, and of a file that is just being made mostly the last one
        answer = 0 if handle.writable and not handle.unflushed_s else p.FOPEN_NOFLUSH
        if through and (backing := self._backing(node, fd)):
            return p.OPEN_OUT.pack(fd, answer | p.FOPEN_PASSTHROUGH, backing)
        return p.OPEN_OUT.pack(fd, answer | p.FOPEN_KEEP_CACHE, 0)

    def _backing(self, node: Node, fd: int) -> int:
        """Return the backing id of the inode, one use more; 0 where the kernel does not take the file."""
        if not node.backing:
            try:
                node.backing = fcntl.ioctl(self._s.session.device, p.BACKING_OPEN, bytearray(_BACKING.pack(fd, 0, 0)), True)
            except OSError as e:
                if e.errno == errno.EPERM:
                    self._s.session.passthrough = False  # not privileged after all
                return 0
        node.backing_users += 1
        return node.backing

    # Making

    def create(self, header: Header, body: bytes) -> bytes:
        """Make and open a file."""
        flags, mode, umask, _ = p.U32X4.unpack_from(body)
        name = body[16:-1]
        parent = self._nodes.get(header[3])
        self._s.check_name(parent, name)
        parent_fd = self._nodes.fd(parent)
        if umask:
            os.umask(umask)
        try:
            fd = os.open(name, flags & _NOT_NOW | _MAKE, mode, dir_fd=parent_fd)
        finally:
            if umask:
                os.umask(0)
        own(parent_fd, name, header, mode & ~umask)
        st = os.fstat(fd)
        node = self._nodes.meet(parent, name, st)
        node.bare_until = _monotonic() + VALID_S
        entry = p.entry(node.id, VALID_S, st, self._nodes.device)
        self._s.keeper.record(RecordKind.CREATE, node.path, st.st_ino, new=st, who=(header[6], header[4]))
        if flags & os.O_ACCMODE == os.O_RDONLY:
            return entry + self._opened(Handle(fd, node, False), st)
        if st.st_size == 0:
            flags &= ~os.O_TRUNC
        elif self._s.keeper.needs_keeping(st):
            self._keep(fd, flags, st, node.path)  # somebody made it behind the mount just now
        return entry + self._opened_for_writing(header, node, fd, flags, st)

    def tmpfile(self, header: Header, body: bytes) -> bytes:
        """Make and open a file without a name."""
        flags, mode, umask, _ = p.U32X4.unpack_from(body)
        folder_fd = self._nodes.fd(self._nodes.get(header[3]))
        os.umask(umask)
        try:
            fd = os.open(
                b"/proc/self/fd/%d" % folder_fd, flags & ~(os.O_DIRECT | os.O_CREAT) | os.O_TMPFILE | os.O_CLOEXEC, mode
            )
        finally:
            os.umask(0)
        give_nameless(fd, folder_fd, header, mode)
        st = os.fstat(fd)
        node = self._nodes.meet_nameless(os.open(f"/proc/self/fd/{fd}", os.O_PATH | os.O_CLOEXEC))
        return p.entry(node.id, VALID_S, st, self._nodes.device) + self._opened_for_writing(
            header, node, fd, flags & ~os.O_TRUNC, st
        )

    # Closing

    def flush(self, _: Header, body: bytes) -> bytes:
        """Take note that a descriptor of the handle was closed; it may live on in another process."""
        handle = self._s.handles.get(p.U64.unpack_from(body)[0])
        if handle is not None and handle.writable:
            handle.flushed_at = _monotonic()
        return b""

    def release(self, header: Header, body: bytes) -> Answer:
        """Close a handle; a changed file becomes a version."""
        (fd,) = p.U64.unpack_from(body)
        handle = self._s.handles.pop(fd)
        node = handle.node
        node.opens.remove(fd)
        later: Callable[[], bytes] | None = None
        if handle.writable:
            node.writers -= 1
            later = self._changed(handle)
        if node.backing_users:
            self._release_backing(node)
        if later is not None:
            return self._s.session.later(header[2], later)
        os.close(fd)
        return b""

    def _release_backing(self, node: Node) -> None:
        node.backing_users -= 1
        if not node.backing_users:
            fcntl.ioctl(self._s.session.device, p.BACKING_CLOSE, _U32.pack(node.backing))
            node.backing = 0

    def _changed(self, handle: Handle, *, closing: bool = True) -> Callable[[], bytes] | None:
        """Journal that a handle's file changed, if it did; return the work that has to follow in a worker, if any."""
        st, base = os.fstat(handle.fd), handle.base
        if base is None or (st.st_size, st.st_mtime_ns, st.st_ctime_ns) == (base.st_size, base.st_mtime_ns, base.st_ctime_ns):
            return None
        node, path = handle.node, handle.node.path
        if st.st_nlink == 0 or node.lost:  # what it has now is kept when its last writer closes it
            for other in (self._s.handles[fd] for fd in node.opens if closing):
                other.base = base if other.writable else None
            return self._keep_nameless(handle, st, path) if closing and path else None
        handle.base, handle.flushed_at, handle.noted_at = st, 0.0, time.monotonic()
        self._s.keeper.record(RecordKind.CONTENT, path, st.st_ino, old=base, new=st, who=handle.who)
        return None

    def _keep_nameless(self, handle: Handle, st: os.stat_result, path: bytes) -> Callable[[], bytes] | None:
        """Set aside the content of a file that was unlinked while it was open, when its last writer closes it."""
        if not stat.S_ISREG(st.st_mode) or st.st_size == 0 or handle.node.writers:
            return None

        def work() -> bytes:
            try:
                self._keep(handle.fd, os.O_WRONLY, st, path)
            finally:
                os.close(handle.fd)
            return b""

        return work

    def note_quiet(self) -> None:
        """Journal handles that were flushed and are quiet, and those that are held long (called every second)."""
        now = time.monotonic()
        for handle in list(self._s.handles.values()):
            if not handle.writable:
                continue
            quiet = handle.flushed_at and now - handle.flushed_at >= QUIET_S
            if quiet or now - handle.noted_at >= LONG_S or (handle.unflushed_s and _is_quiet(handle)):
                handle.flushed_at, handle.noted_at = 0.0, now
                self._changed(handle, closing=False)


def _is_quiet(handle: Handle) -> bool:
    """Tell whether a handle of whose closes nobody tells has changed its file, but not lately; next time it takes longer."""
    st, base = os.fstat(handle.fd), handle.base
    if base is None or st.st_ctime_ns == base.st_ctime_ns or time.time_ns() - st.st_ctime_ns < handle.unflushed_s * 1e9:
        return False
    handle.unflushed_s = min(2 * handle.unflushed_s, LONG_S)
    return True
