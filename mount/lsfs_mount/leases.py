"""Files of which a program holds a lease (F_SETLEASE; Samba and NFS servers do, on the backing file).

Opening such a file, or cutting it, waits until the program has given the lease up, 45 s at most. That must not happen in the
dispatch thread, where every other program would wait too: there a file is opened without waiting, and what fails with EAGAIN is
begun anew when a worker has waited.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from lsfs_mount.nodes import Node
from lsfs_mount.session import Answer, Header
from lsfs_mount.shared import Shared


def when_given_up(shared: Shared, header: Header, node: Node, flags: int, act: Callable[[], Answer]) -> Answer:
    """Wait in a worker until a file can be opened with `flags`, then act under the session's lock."""
    inode = os.open(shared.nodes.proc_path(node), os.O_PATH | os.O_CLOEXEC)
    node.lookups += 1  # the node must outlive the waiting

    def work() -> Answer:
        try:
            fd = os.open(b"/proc/self/fd/%d" % inode, flags & os.O_ACCMODE | os.O_CLOEXEC)
            try:
                with shared.session.lock:
                    return act()  # still open, so that no new lease of writers can come between
            finally:
                os.close(fd)
        finally:
            os.close(inode)
            with shared.session.lock:
                shared.nodes.forget(node.id, 1)

    return shared.session.when_free(header[2], work)


def is_leased(shared: Shared, node: Node) -> bool:
    """Tell whether changing a file would wait for a program that holds a lease of it; that program is asked to give it up."""
    try:
        os.close(os.open(shared.nodes.proc_path(node), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except BlockingIOError:
        return True
    except OSError:
        return False  # the change itself says what is wrong
    return False
