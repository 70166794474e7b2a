"""The dispatch loop: reads a request from the kernel, finds the operation in the tables, answers.

Every request of every program passes here, one thread, one at a time, so each microsecond counts: what follows is flat, and
what an operation does not need is not done.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lsfs_mount import protocol as p
from lsfs_mount.nodes import VIRTUAL_IDS
from lsfs_mount.protocol import Op
from lsfs_mount.session import DEFERRED, Answer, Header, Operation, Session, errno_of

_BETWEEN = 32
"""Requests after which there is time for other things."""
_AGAIN = (errno.ENOENT, errno.EINTR, errno.EAGAIN)


@dataclass(frozen=True, slots=True)
class Table:
    """What serves a range of node ids.

    Attributes:
        operations: by operation code.
        forget: takes look-ups of a node id back.
    """

    operations: Mapping[int, Operation]
    forget: Callable[[int, int], None]


def serve(session: Session, real: Table, virtual: Table, between: Callable[[], None]) -> None:
    """Answer requests until the file system is unmounted.

    Args:
        real: what serves the backing directory.
        virtual: what serves node ids from VIRTUAL_IDS on.
        between: called every few requests, under the lock.

    Raises:
        OSError: the kernel's device failed.
    """
    ours, theirs = whole(real, real, virtual), whole(virtual, real, virtual)
    buffer = bytearray(p.BUFFER_BYTES)
    buffers, view = [buffer], memoryview(buffer)
    unpack, readv, device, lock = p.IN_HEADER.unpack_from, os.readv, session.device, session.lock
    reply, fail, write, a_few = session.reply, session.fail, int(Op.WRITE), [None] * _BETWEEN
    while True:
        for _ in a_few:
            try:
                n = readv(device, buffers)
            except OSError as e:
                if e.errno in _AGAIN:
                    continue
                if e.errno != errno.ENODEV:
                    raise
                return
            header: Header = unpack(buffer)
            opcode = header[1]
            operation = (ours if header[3] < VIRTUAL_IDS else theirs).get(opcode, _unknown)
            try:
                with lock:  # a WRITE's data is not copied: its body is a view, good until the next request
                    answer = operation(header, view[40:n] if opcode == write else bytes(buffer[40:n]))  # type: ignore[arg-type]
            except Exception as e:  # noqa: BLE001 - the edge: a bug in one operation must not end the mount
                fail(header[2], errno_of(e))
                continue
            if isinstance(answer, bytes):
                reply(header[2], answer)
            elif isinstance(answer, int):
                fail(header[2], answer)
        with lock:
            between()


def whole(table: Table, real: Table, virtual: Table) -> dict[int, Operation]:
    """Return a table's operations, with those on look-ups that the kernel takes back; they are not answered.

    What only the other table has is refused, but not as unknown: the kernel would ask for it nowhere in the mount any more.
    """

    def forget(header: Header, body: bytes) -> Answer:
        table.forget(header[3], p.U64.unpack_from(body)[0])
        return DEFERRED

    def forget_many(_: Header, body: bytes) -> Answer:
        for at in range(8, 8 + 16 * p.U32X2.unpack_from(body)[0], 16):
            id_, lookups = p.U64X2.unpack_from(body, at)
            (real if id_ < VIRTUAL_IDS else virtual).forget(id_, lookups)
        return DEFERRED

    ours = {Op.FORGET: forget, Op.BATCH_FORGET: forget_many, Op.INTERRUPT: _ignored}
    elsewhere = dict.fromkeys((*real.operations, *virtual.operations), _not_here)
    return {int(op): act for op, act in (elsewhere | dict(table.operations) | ours).items()}


def _ignored(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    """INTERRUPT: what was asked for goes on; nobody will wait for its answer."""
    return DEFERRED


def _not_here(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    """Refuse an operation for this part of the mount only; of this errno the kernel remembers nothing."""
    return errno.EOPNOTSUPP


def _unknown(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    """Refuse an operation that is in no table. The kernel may remember it for the whole mount."""
    return errno.ENOSYS
