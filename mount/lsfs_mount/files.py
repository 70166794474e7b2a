"""Operations on open files: open, create, read, write, flush, release and what belongs to them.

With FUSE passthrough the kernel reads and writes the backing file itself, and no READ or WRITE arrives; whether a handle
changed the file is told by its stat, in both cases. A version is asked for (a CONTENT record) when a handle opened for
writing is released and the stat has moved; when such a handle was flushed, has been quiet for 2 s, and stays open; and every
10 minutes of a handle that is held long.

Source of the passthrough rules: the kernel's Documentation/filesystems/fuse/fuse-passthrough.rst; all opens of an inode share
one backing id, else the second opener gets EIO.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
import struct
import time
from collections.abc import Callable

from lsfs.wire.journal import FileStat, RecordKind
from lsfs_mount import protocol as p
from lsfs_mount.keeping import INLINE_BYTES
from lsfs_mount.nodes import Node
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation
from lsfs_mount.shared import Handle, Shared, own

_LIBC = ctypes.CDLL(None, use_errno=True)
QUIET_S = 2.0
LONG_S = 600.0
_O_TMPFILE = os.O_TMPFILE
_DROP = ~(os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_TRUNC | os.O_DIRECT)


class Files:
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
            Op.READ: self.read,
            Op.WRITE: self.write,
            Op.FLUSH: self.flush,
            Op.RELEASE: self.release,
            Op.FSYNC: self.fsync,
            Op.FALLOCATE: self.fallocate,
            Op.LSEEK: self.lseek,
            Op.COPY_FILE_RANGE: self.copy_file_range,
        }

    # Opening

    def open(self, header: Header, body: bytes) -> Answer:
        """Open a file; what a writer could destroy is set aside first, in a worker where it is large."""
        flags = p.U32X2.unpack_from(body)[0]
        node = self._nodes.get(header[3])
        writes = flags & os.O_ACCMODE != os.O_RDONLY or bool(flags & os.O_TRUNC)
        if not writes:
            return self._opened(node, os.open(self._nodes.proc_path(node), flags & _DROP | os.O_CLOEXEC), writable=False)
        path = node.path
        self._s.check_lock(path)
        fd = os.open(self._nodes.proc_path(node), flags & _DROP | os.O_CLOEXEC)
        try:
            st = os.fstat(fd)
            keep = node.writers == 0 and self._s.keeper.needs_keeping(st)
            if keep and st.st_size > INLINE_BYTES:
                return self._open_later(header, node, fd, flags, st)
            if keep:
                self._keep(node, st, path)
            return self._opened_for_writing(header, node, fd, flags)
        except OSError:
            os.close(fd)
            raise

    def _keep(self, node: Node, st: os.stat_result, path: bytes) -> None:
        source = os.open(self._nodes.proc_path(node), os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._s.keeper.copy_aside(source, st, path)
        finally:
            os.close(source)

    def _open_later(self, header: Header, node: Node, fd: int, flags: int, st: os.stat_result) -> Answer:
        node.lookups += 1  # the node must outlive the copying
        source = os.open(self._nodes.proc_path(node), os.O_RDONLY | os.O_CLOEXEC)
        path = node.path

        def work() -> bytes:
            try:
                self._s.keeper.copy_aside(source, st, path)
                with self._s.session.lock:
                    return self._opened_for_writing(header, node, fd, flags)
            except OSError:
                os.close(fd)
                raise
            finally:
                os.close(source)
                with self._s.session.lock:
                    self._nodes.forget(node.id, 1)

        return self._s.session.later(header[2], work)

    def _opened_for_writing(self, header: Header, node: Node, fd: int, flags: int) -> bytes:
        base = os.fstat(fd)
        if flags & os.O_TRUNC:
            os.ftruncate(fd, 0)
            if flags & os.O_ACCMODE == os.O_RDONLY:
                new = FileStat.of(os.fstat(fd))
                self._s.keeper.record(
                    RecordKind.TRUNCATE, node.path, node.key[1], old=FileStat.of(base), new=new, who=self._s.who(header)
                )
        answer = self._opened(node, fd, writable=flags & os.O_ACCMODE != os.O_RDONLY)
        self._s.handles[fd].base = base
        return answer

    def _opened(self, node: Node, fd: int, *, writable: bool) -> bytes:
        self._s.handles[fd] = Handle(fd, node, writable, opened_at=time.monotonic())
        if writable:
            node.writers += 1
        if self._s.session.passthrough and (backing := self._backing(node, fd)):
            return p.OPEN_OUT.pack(fd, p.FOPEN_PASSTHROUGH, backing)
        return p.OPEN_OUT.pack(fd, p.FOPEN_KEEP_CACHE, 0)

    def _backing(self, node: Node, fd: int) -> int:
        """Return the backing id of the inode, one use more; 0 where the kernel does not take the file."""
        if not node.backing:
            try:
                request = bytearray(struct.pack("<iIQ", fd, 0, 0))
                node.backing = fcntl.ioctl(self._s.session.device, p.BACKING_OPEN, request, True)
            except OSError:
                return 0
        node.backing_users += 1
        return node.backing

    def create(self, header: Header, body: bytes) -> bytes:
        """Make and open a file."""
        flags, mode, umask, _ = p.U32X4.unpack_from(body)
        name = body[16:-1]
        parent = self._nodes.get(header[3])
        if self._s.is_hidden(parent, name) or (parent is self._nodes.root and name == b".lsfs"):
            raise OSError(errno.EPERM, "the name belongs to lsfs")
        parent_fd = self._nodes.fd(parent)
        os.umask(umask)
        try:
            keep = flags & ~os.O_DIRECT & ~os.O_TRUNC | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(name, keep, mode, dir_fd=parent_fd)
        finally:
            os.umask(0)
        own(parent_fd, name, header, mode & ~umask)
        node, entry = self._s.entry(parent, name, fd)
        self._s.keeper.record(RecordKind.CREATE, node.path, node.key[1], who=self._s.who(header))
        answer = (
            self._opened_for_writing(header, node, fd, flags)
            if flags & os.O_ACCMODE
            else self._opened(node, fd, writable=False)
        )
        return entry + answer

    def tmpfile(self, header: Header, body: bytes) -> bytes:
        """Make and open a file without a name."""
        flags, mode, umask, _ = p.U32X4.unpack_from(body)
        parent = self._nodes.get(header[3])
        fd = os.open(self._nodes.proc_path(parent), flags & ~os.O_DIRECT | _O_TMPFILE | os.O_CLOEXEC, mode & ~umask)
        if os.geteuid() == 0 and (header[4] or header[5]):
            os.fchown(fd, header[4], header[5])
        node = self._nodes.meet_nameless(os.open(f"/proc/self/fd/{fd}", os.O_PATH | os.O_CLOEXEC))
        entry = p.ENTRY.pack(node.id, 0, 1, 1, 0, 0, *p.attributes(os.fstat(fd)))
        return entry + self._opened_for_writing(header, node, fd, flags & ~os.O_TRUNC)

    # Data

    def read(self, _: Header, body: bytes) -> bytes:
        """Return bytes (without passthrough only)."""
        fd, offset, size, *_rest = p.READ_IN.unpack_from(body)
        return os.pread(fd, size, offset)

    def write(self, _: Header, body: bytes) -> bytes:
        """Write bytes (without passthrough only)."""
        fd, offset, size, *_rest = p.WRITE_IN.unpack_from(body)
        return p.U32X2.pack(os.pwrite(fd, memoryview(body)[40 : 40 + size], offset), 0)

    def fsync(self, header: Header, body: bytes) -> Answer:
        """Write a file through to the disk, in a worker."""
        fd, flags = p.U64U32.unpack_from(body)
        copy = os.dup(fd)

        def work() -> bytes:
            try:
                (os.fdatasync if flags & 1 else os.fsync)(copy)
            finally:
                os.close(copy)
            return b""

        return self._s.session.later(header[2], work)

    def fallocate(self, _: Header, body: bytes) -> bytes:
        """Reserve, punch or zero a range."""
        fd, offset, length, mode, _pad = p.FALLOCATE_IN.unpack_from(body)
        if _LIBC.fallocate(ctypes.c_int(fd), ctypes.c_int(mode), ctypes.c_int64(offset), ctypes.c_int64(length)):
            e = ctypes.get_errno()
            raise OSError(e, os.strerror(e))
        return b""

    def lseek(self, _: Header, body: bytes) -> bytes:
        """Find data or a hole."""
        fd, offset, whence, _pad = p.LSEEK_IN.unpack_from(body)
        return p.U64.pack(os.lseek(fd, p.signed(offset), whence))

    def copy_file_range(self, _: Header, body: bytes) -> bytes:
        """Copy between two open files on the disk itself."""
        source, source_at, _node, target, target_at, length, _flags = p.COPY_IN.unpack_from(body)
        return p.U32X2.pack(os.copy_file_range(source, target, min(length, 1 << 30), source_at, target_at), 0)

    # Closing

    def flush(self, _: Header, body: bytes) -> bytes:
        """Take note that a descriptor of the handle was closed; it may live on in another process."""
        (fd,) = p.U64.unpack_from(body)
        handle = self._s.handles.get(fd)
        if handle is not None and handle.writable:
            handle.flushed_at = time.monotonic()
        return b""

    def release(self, header: Header, body: bytes) -> Answer:
        """Close a handle; a changed file becomes a version."""
        (fd,) = p.U64.unpack_from(body)
        handle = self._s.handles.pop(fd)
        node = handle.node
        later: Callable[[], bytes] | None = None
        if handle.writable:
            node.writers -= 1
            later = self._changed(handle, self._s.who(header))
        if self._s.session.passthrough and node.backing_users:
            node.backing_users -= 1
            if not node.backing_users:
                fcntl.ioctl(self._s.session.device, p.BACKING_CLOSE, struct.pack("<I", node.backing))
                node.backing = 0
        if later is not None:
            return self._s.session.later(header[2], later)
        os.close(fd)
        return b""

    def _changed(self, handle: Handle, who: tuple[int, int], *, closing: bool = True) -> Callable[[], bytes] | None:
        """Journal that a handle's file changed, if it did; return the work that has to follow in a worker, if any."""
        st, base = os.fstat(handle.fd), handle.base
        if base is None or (st.st_size, st.st_mtime_ns, st.st_ctime_ns) == (base.st_size, base.st_mtime_ns, base.st_ctime_ns):
            return None
        handle.base, handle.flushed_at, handle.opened_at = st, 0.0, time.monotonic()
        path = handle.node.path
        if st.st_nlink == 0:
            return self._keep_nameless(handle, st, path) if closing and path else None
        self._s.keeper.record(RecordKind.CONTENT, path, st.st_ino, old=FileStat.of(base), new=FileStat.of(st), who=who)
        return None

    def _keep_nameless(self, handle: Handle, st: os.stat_result, path: bytes) -> Callable[[], bytes] | None:
        """Set aside the content of a file that was unlinked while it was open, when its last writer closes it."""
        if not stat.S_ISREG(st.st_mode) or st.st_size == 0 or handle.node.writers:
            return None

        def work() -> bytes:
            source = os.open(f"/proc/self/fd/{handle.fd}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                self._s.keeper.copy_aside(source, st, path)
            finally:
                os.close(source)
                os.close(handle.fd)
            return b""

        return work

    def note_quiet(self) -> None:
        """Journal handles that were flushed and are quiet, and those that are held long (called every second)."""
        now = time.monotonic()
        for handle in list(self._s.handles.values()):
            quiet = handle.flushed_at and now - handle.flushed_at >= QUIET_S
            if handle.writable and (quiet or now - handle.opened_at >= LONG_S):
                handle.flushed_at, handle.opened_at = 0.0, now
                self._changed(handle, (0, 0), closing=False)
