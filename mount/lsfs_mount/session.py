"""A mounted session with the kernel: attach, read requests, answer them, send notices, detach.

It knows requests by their number only; what they do is in the table it is given. An operation returns its answer's payload,
raises OSError, or returns DEFERRED and answers later through `reply`.

Threading: one dispatch thread runs `serve`. `lock` is held while an operation runs; a deferred one takes it again when it
    touches the tables. Notices leave from their own thread, because the kernel may wait for us while it takes one.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import queue
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lsfs_mount import protocol as p
from lsfs_mount.protocol import Op

_LOG = logging.getLogger(__name__)
_LIBC = ctypes.CDLL(None, use_errno=True)
_MS_NOSUID, _MS_NODEV = 2, 4
_MNT_DETACH = 2
WORKERS = 4

Header = tuple[int, int, int, int, int, int, int, int, int]
"""length, opcode, unique, nodeid, uid, gid, pid, extension length, padding"""


class _Deferred:
    """The answer comes later."""


DEFERRED = _Deferred()
Answer = bytes | tuple[bytes, bytes] | _Deferred
Operation = Callable[[Header, bytes], Answer]


class Session:
    """One mount."""

    def __init__(self, mountpoint: Path) -> None:
        self.mountpoint = mountpoint
        self.lock = threading.RLock()
        self.device = -1
        self.passthrough = False
        self.unmounted_lazily = False
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="mount-worker")
        self._notices: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    # Attaching and detaching

    def attach(self) -> None:
        """Mount: by mount(2) as root, through fusermount3 for everybody else.

        Raises:
            OSError: the mount was refused.
        """
        self.device = self._attach_directly() if os.geteuid() == 0 else self._attach_by_helper()
        threading.Thread(target=self._send_notices, name="mount-notices", daemon=True).start()

    def _attach_directly(self) -> int:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions,max_read={p.MAX_WRITE}"
        flags = _MS_NOSUID | _MS_NODEV
        if _LIBC.mount(b"lsfs", os.fsencode(self.mountpoint), b"fuse.lsfs", flags, options.encode()):
            e = ctypes.get_errno()
            os.close(device)
            raise OSError(e, f"mounting at {self.mountpoint} was refused: {os.strerror(e)}")
        return device

    def _attach_by_helper(self) -> int:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            command = ["fusermount3", "-o", "default_permissions,fsname=lsfs,subtype=lsfs", "--", str(self.mountpoint)]
            environ = {**os.environ, "_FUSE_COMMFD": str(theirs.fileno())}
            try:
                done = subprocess.run(
                    command, env=environ, pass_fds=[theirs.fileno()], capture_output=True, timeout=20, check=False
                )
            except FileNotFoundError:
                raise OSError(errno.ENOENT, "fusermount3 is missing; install it (Debian: apt-get install fuse3)") from None
            if done.returncode:
                raise OSError(errno.EPERM, f"fusermount3: {done.stderr.decode(errors='replace').strip()}")
            _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        return descriptors[0]

    def detach(self) -> bool:
        """Unmount; return whether it had to be lazy, because programs still use it."""
        target = os.fsencode(self.mountpoint)
        if os.geteuid() == 0:
            if _LIBC.umount2(target, 0) == 0:
                return False
            _LIBC.umount2(target, _MNT_DETACH)
        else:
            for lazy, flags in ((False, ["-u"]), (True, ["-u", "-z"])):
                command = ["fusermount3", *flags, "--", str(self.mountpoint)]
                if subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0:
                    self.unmounted_lazily = lazy
                    return lazy
        self.unmounted_lazily = True
        return True

    # Requests

    def serve(self, operations: Mapping[int, Operation], forget: Callable[[int, int], None]) -> None:
        """Answer requests until the file system is unmounted."""
        buffer = bytearray(p.BUFFER_BYTES)
        view = memoryview(buffer)
        table = [operations.get(i) for i in range(64)]
        unpack = p.IN_HEADER.unpack_from
        device, lock, readv = self.device, self.lock, os.readv
        while True:
            try:
                n = readv(device, [buffer])
            except OSError as e:
                if e.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue
                if e.errno != errno.ENODEV:
                    raise
                return
            header: Header = unpack(buffer)
            opcode = header[1]
            with lock:
                if opcode in (Op.FORGET, Op.BATCH_FORGET):
                    self._forget(opcode, header, buffer, forget)
                elif opcode != Op.INTERRUPT:
                    operation = table[opcode] if opcode < 64 else None
                    self._run(operation, header, bytes(view[40:n]))
            if opcode == Op.DESTROY:
                return

    def _run(self, operation: Operation | None, header: Header, body: bytes) -> None:
        unique = header[2]
        if operation is None:
            self.fail(unique, errno.ENOSYS)
            return
        try:
            answer = operation(header, body)
        except OSError as e:
            self.fail(unique, e.errno or errno.EIO)
        except Exception:  # noqa: BLE001 - the edge: a bug in one operation must not end the mount
            _LOG.exception("operation %d failed", header[1])
            self.fail(unique, errno.EIO)
        else:
            if answer is not DEFERRED:
                self.reply(unique, answer)  # type: ignore[arg-type]

    def _forget(self, opcode: int, header: Header, buffer: bytearray, forget: Callable[[int, int], None]) -> None:
        if opcode == Op.FORGET:
            forget(header[3], p.U64.unpack_from(buffer, 40)[0])
            return
        (count,) = struct.unpack_from("<I", buffer, 40)
        for i in range(count):
            forget(*p.U64X2.unpack_from(buffer, 48 + 16 * i))

    def reply(self, unique: int, payload: bytes | tuple[bytes, bytes] = b"") -> None:
        """Answer a request. A request that was interrupted meanwhile (ENOENT) needs no answer."""
        parts = payload if isinstance(payload, tuple) else (payload,)
        head = p.OUT_HEADER.pack(16 + sum(map(len, parts)), 0, unique)
        try:
            os.writev(self.device, (head, *parts))
        except OSError as e:
            if e.errno not in (errno.ENOENT, errno.ENODEV):
                _LOG.warning("an answer was refused: %s", e)

    def fail(self, unique: int, error: int) -> None:
        """Answer a request with an errno."""
        try:
            os.write(self.device, p.OUT_HEADER.pack(16, -error, unique))
        except OSError as e:
            if e.errno not in (errno.ENOENT, errno.ENODEV):
                _LOG.warning("an error was refused: %s", e)

    def later(self, unique: int, work: Callable[[], bytes | tuple[bytes, bytes]]) -> _Deferred:
        """Do work in a worker and answer with its result."""

        def run() -> None:
            try:
                answer = work()
            except OSError as e:
                self.fail(unique, e.errno or errno.EIO)
            except Exception:  # noqa: BLE001 - the edge: a bug in one operation must not end the mount
                _LOG.exception("deferred work failed")
                self.fail(unique, errno.EIO)
            else:
                self.reply(unique, answer)

        self._pool.submit(run)
        return DEFERRED

    # Notices

    def invalidate_entry(self, parent_id: int, name: bytes) -> None:
        """Make the kernel look a name up again."""
        body = struct.pack("<QII", parent_id, len(name), 0) + name + b"\0"
        self._notices.put(p.OUT_HEADER.pack(16 + len(body), p.NOTIFY_INVAL_ENTRY, 0) + body)

    def invalidate_inode(self, id_: int) -> None:
        """Make the kernel forget a node's attributes and content."""
        body = struct.pack("<Qqq", id_, 0, 0)
        self._notices.put(p.OUT_HEADER.pack(16 + len(body), p.NOTIFY_INVAL_INODE, 0) + body)

    def _send_notices(self) -> None:
        while (notice := self._notices.get()) is not None:
            try:
                os.write(self.device, notice)
            except OSError as e:
                if e.errno == errno.ENODEV:
                    return
                if e.errno != errno.ENOENT:
                    _LOG.warning("a notice was refused: %s", e)

    def close(self) -> None:
        """End the threads and let the device go."""
        self._notices.put(None)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self.device >= 0:
            os.close(self.device)
            self.device = -1
