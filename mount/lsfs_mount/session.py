"""A mounted session with the kernel: attach, read requests, answer them, send notices, detach.

It knows requests by their number only; what they do is in the tables it is given. An operation returns its answer's payload,
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
from dataclasses import dataclass
from pathlib import Path

from lsfs_mount import protocol as p
from lsfs_mount.detaching import detach
from lsfs_mount.nodes import VIRTUAL_IDS
from lsfs_mount.protocol import Op

_LOG = logging.getLogger(__name__)
_LIBC = ctypes.CDLL(None, use_errno=True)
_MS_NOSUID, _MS_NODEV = 2, 4
WORKERS, ASKERS = 4, 8
_JOINED_BYTES = 4096
"""Answers below this size are cheaper copied behind their header than gathered by writev."""

Header = tuple[int, int, int, int, int, int, int, int, int]
"""length, opcode, unique, nodeid, uid, gid, pid, extension length, padding"""


class _Deferred:
    """The answer comes later."""


DEFERRED = _Deferred()
Answer = bytes | _Deferred
Operation = Callable[[Header, bytes], Answer]


@dataclass(frozen=True, slots=True)
class Table:
    """What serves a range of node ids.

    Attributes:
        operations: by operation code.
        forget: takes look-ups of a node id back.
    """

    operations: Mapping[int, Operation]
    forget: Callable[[int, int], None]


def _unknown(header: Header, _: bytes) -> Answer:
    """Refuse an operation that is in no table."""
    raise OSError(errno.ENOSYS, f"operation {header[1]} is not known")


_WITHOUT_ANSWER = (Op.FORGET, Op.BATCH_FORGET, Op.INTERRUPT)


class Session:
    """One mount."""

    def __init__(self, mountpoint: Path, *, passthrough: bool) -> None:
        self.mountpoint = mountpoint
        self.lock = threading.RLock()
        self.device = -1
        self.passthrough = passthrough and os.geteuid() == 0
        self.ready = threading.Event()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="mount-worker")
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="mount-asker")
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
        return detach(self.mountpoint)

    # Requests

    def serve(self, real: Table, virtual: Table, between: Callable[[], None]) -> None:
        """Answer requests until the file system is unmounted.

        Args:
            real: what serves the backing directory.
            virtual: what serves node ids from VIRTUAL_IDS on.
            between: called before each request, under the lock.
        """
        buffer = bytearray(p.BUFFER_BYTES)
        buffers, view = [buffer], memoryview(buffer)
        unpack, write = p.IN_HEADER.unpack_from, Op.WRITE
        device, lock, readv = self.device, self.lock, os.readv
        while True:
            try:
                n = readv(device, buffers)
            except OSError as e:
                if e.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue
                if e.errno != errno.ENODEV:
                    raise
                return
            header: Header = unpack(buffer)
            opcode = header[1]
            with lock:
                between()
                if opcode in _WITHOUT_ANSWER:
                    self._forget(opcode, header, buffer, real, virtual)
                else:
                    body = view[40:n] if opcode == write else bytes(view[40:n])
                    self._run((real if header[3] < VIRTUAL_IDS else virtual).operations.get(opcode), header, body)
            if opcode == Op.DESTROY:
                return

    def _run(self, operation: Operation | None, header: Header, body: bytes | memoryview) -> None:
        unique = header[2]
        try:
            answer = _unknown(header, b"") if operation is None else operation(header, body)  # type: ignore[arg-type]
        except OSError as e:
            self.fail(unique, e.errno or errno.EIO)
        except Exception:  # noqa: BLE001 - the edge: a bug in one operation must not end the mount
            _LOG.exception("operation %d failed", header[1])
            self.fail(unique, errno.EIO)
        else:
            if answer is not DEFERRED:
                self.reply(unique, answer)  # type: ignore[arg-type]

    def _forget(self, opcode: int, header: Header, buffer: bytearray, real: Table, virtual: Table) -> None:
        if opcode == Op.FORGET:
            (real if header[3] < VIRTUAL_IDS else virtual).forget(header[3], p.U64.unpack_from(buffer, 40)[0])
        elif opcode == Op.BATCH_FORGET:
            (count,) = struct.unpack_from("<I", buffer, 40)
            for i in range(count):
                id_, lookups = p.U64X2.unpack_from(buffer, 48 + 16 * i)
                (real if id_ < VIRTUAL_IDS else virtual).forget(id_, lookups)

    def init(self, _: Header, body: bytes) -> bytes:
        """Answer INIT: agree on the version and on what is spoken."""
        _major, minor, readahead, flags = struct.unpack_from("<IIII", body)
        flags2 = struct.unpack_from("<I", body, 16)[0] if len(body) >= 20 and flags & p.INIT_EXT else 0
        self.passthrough = bool(self.passthrough and flags2 & p.PASSTHROUGH)
        second = p.PASSTHROUGH if self.passthrough else 0
        depth = 1 if self.passthrough else 0
        self.ready.set()
        return p.INIT_OUT.pack(
            p.MAJOR,
            min(minor, p.MINOR),
            readahead,
            p.WANTED & flags,
            64,
            48,
            p.MAX_WRITE,
            1,
            p.MAX_WRITE // 4096,
            0,
            second,
            depth,
        )

    def reply(self, unique: int, payload: bytes = b"") -> None:
        """Answer a request. A request that was interrupted meanwhile (ENOENT) needs no answer."""
        head = p.OUT_HEADER.pack(16 + len(payload), 0, unique)
        try:
            if len(payload) < _JOINED_BYTES:
                os.write(self.device, head + payload)
            else:
                os.writev(self.device, (head, payload))
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

    def later(self, unique: int, work: Callable[[], bytes], *, asks: bool = False) -> _Deferred:
        """Do work in a worker and answer with its result.

        Args:
            asks: it asks the engine; such work has workers of its own, so that the disk's never wait for the engine.
        """

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

        (self._askers if asks else self._pool).submit(run)
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
        for pool in (self._pool, self._askers):
            pool.shutdown(wait=False, cancel_futures=True)
        if self.device >= 0:
            os.close(self.device)
            self.device = -1
