"""A mounted session with the kernel: attach, answer requests, send notices, detach.

`lsfs_mount.serving` reads the requests. An operation returns its answer's payload or an errno, raises OSError, or returns
DEFERRED and answers later through `reply`.

Threading: one dispatch thread serves. `lock` is held while an operation runs; a deferred one takes it again when it
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
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from lsfs_mount import protocol as p
from lsfs_mount.detaching import detach

_LOG = logging.getLogger(__name__)
_LIBC = ctypes.CDLL(None, use_errno=True)
_MS_NOSUID, _MS_NODEV = 2, 4
WORKERS, ASKERS, WAITERS = 4, 8, 8
_pack_head = p.OUT_HEADER.pack
_JOINED_BYTES = 4096
"""Answers below this size are cheaper copied behind their header than gathered by writev."""

Header = tuple[int, int, int, int, int, int, int, int, int]
"""length, opcode, unique, nodeid, uid, gid, pid, extension length, padding"""


class _Deferred:
    """The answer comes later."""


DEFERRED = _Deferred()
Answer = bytes | int | _Deferred
"""A payload; an errno, where failing is so common that an exception would cost too much; or DEFERRED."""
Operation = Callable[[Header, bytes], Answer]


def errno_of(e: Exception) -> int:
    """Return the errno to answer with for an exception; one that is a bug is logged.

    Never ENOSYS, which the kernel would take for every file of the mount.
    """
    if isinstance(e, OSError):
        return errno.EOPNOTSUPP if e.errno == errno.ENOSYS else e.errno or errno.EIO
    _LOG.error("an operation failed", exc_info=e)
    return errno.EIO


def _refused(e: OSError) -> None:
    if e.errno not in (errno.ENOENT, errno.ENODEV):
        _LOG.warning("an answer was refused: %s", e)


class Session:
    """One mount."""

    def __init__(self, mountpoint: Path, *, passthrough: bool) -> None:
        self.mountpoint = mountpoint
        self.lock = threading.RLock()
        self.device = -1
        self.minor = 0
        self.long_setxattr = False
        self.passthrough = passthrough and os.geteuid() == 0
        self.ready = threading.Event()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="mount-worker")
        self._working: set[Future[None]] = set()
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="mount-asker")
        self._waiters = ThreadPoolExecutor(WAITERS, thread_name_prefix="mount-waiter")
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

    def init(self, _: Header, body: bytes) -> bytes:
        """Answer INIT: agree on the version and on what is spoken."""
        _major, minor, readahead, flags = struct.unpack_from("<IIII", body)
        flags2 = struct.unpack_from("<I", body, 16)[0] if len(body) >= 20 and flags & p.INIT_EXT else 0
        self.passthrough = bool(self.passthrough and flags2 & p.PASSTHROUGH)
        second = p.PASSTHROUGH if self.passthrough else 0
        depth = 1 if self.passthrough else 0
        self.minor = min(minor, p.MINOR)
        self.long_setxattr = bool(flags & p.SETXATTR_EXT)
        self.ready.set()
        return p.INIT_OUT.pack(
            p.MAJOR,
            self.minor,
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
        length = len(payload) + 16
        head = _pack_head(length, 0, unique)
        try:
            if length < _JOINED_BYTES:
                os.write(self.device, head + payload)
            else:
                os.writev(self.device, (head, payload))
        except OSError as e:
            _refused(e)

    def fail(self, unique: int, error: int) -> None:
        """Answer a request with an errno."""
        try:
            os.write(self.device, _pack_head(16, -error, unique))
        except OSError as e:
            _refused(e)

    def later(self, unique: int, work: Callable[[], Answer], *, asks: bool = False) -> _Deferred:
        """Do work in a worker and answer with its result.

        Args:
            asks: it asks the engine; such work has workers of its own, so that the disk's never wait for the engine.
        """
        return self._submit(self._askers if asks else self._pool, unique, work)

    def when_free(self, unique: int, work: Callable[[], Answer]) -> _Deferred:
        """Do work that waits for another program, up to a minute, in a worker for such work; answer with its result."""
        return self._submit(self._waiters, unique, work)

    def _submit(self, pool: ThreadPoolExecutor, unique: int, work: Callable[[], Answer]) -> _Deferred:
        def run() -> None:
            try:
                answer = work()
            except Exception as e:  # noqa: BLE001 - the edge: a bug in one operation must not end the mount
                self.fail(unique, errno_of(e))
                return
            if isinstance(answer, bytes):
                self.reply(unique, answer)
            elif isinstance(answer, int):
                self.fail(unique, answer)

        future = pool.submit(run)
        if pool is self._pool:
            self._working.add(future)
            future.add_done_callback(self._working.discard)
        return DEFERRED

    def settle(self, timeout_s: float) -> None:
        """Wait until the disk's workers have done what they have been given; that includes a request being served now."""
        with self.lock:
            working = tuple(self._working)
        wait(working, timeout_s)

    # Notices

    def invalidate_entry(self, parent_id: int, name: bytes) -> None:
        """Make the kernel look a name up again when it is used next; who works in such a folder stays in it."""
        self._notify_entry(parent_id, name, p.EXPIRE_ONLY)

    def drop_entry(self, parent_id: int, name: bytes) -> None:
        """Make the kernel forget a name at once. A folder that is used is lost to its users, and what is mounted in it too."""
        self._notify_entry(parent_id, name, 0)

    def _notify_entry(self, parent_id: int, name: bytes, flags: int) -> None:
        self._notify(p.NOTIFY_INVAL_ENTRY, p.INVAL_ENTRY_OUT.pack(parent_id, len(name), flags) + name + b"\0")

    def prune(self, ids: Sequence[int]) -> None:
        """Make the kernel forget those of the nodes that nobody uses (it must have agreed on PRUNE_MINOR)."""
        self._notify(p.NOTIFY_PRUNE, p.PRUNE_OUT.pack(len(ids), 0) + struct.pack(f"<{len(ids)}Q", *ids))

    def invalidate_inode(self, id_: int) -> None:
        """Make the kernel forget a node's attributes and content."""
        self._notify(p.NOTIFY_INVAL_INODE, p.INVAL_INODE_OUT.pack(id_, 0, 0))

    def _notify(self, code: int, body: bytes) -> None:
        self._notices.put(p.OUT_HEADER.pack(16 + len(body), code, 0) + body)

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
        for pool in (self._pool, self._askers, self._waiters):
            pool.shutdown(wait=False, cancel_futures=True)
        if self.device >= 0:
            os.close(self.device)
            self.device = -1
