"""One mount put together: the tables, the operations, the semantic tree, the control socket and the house-keeping.

Threading: `run` dispatches in the thread `mount-dispatch` and returns when the file system is gone. The house-keeping thread
    looks once a second for quiet handles, for journal records that wait for room, and for nodes beyond the limit.
"""

from __future__ import annotations

import logging
import os
import resource
import threading

from lsfs.wire.control import Server
from lsfs_mount.files import Files
from lsfs_mount.folders import Folders
from lsfs_mount.forgetting import forget_oldest
from lsfs_mount.inodes import Inodes
from lsfs_mount.names import Names
from lsfs_mount.nodes import Nodes
from lsfs_mount.opening import Opening
from lsfs_mount.options import READY_S, Options, hidden, keeper, root_text
from lsfs_mount.protocol import Op
from lsfs_mount.removal import Removal
from lsfs_mount.reviving import Reviver
from lsfs_mount.serving import Table, serve
from lsfs_mount.session import Operation, Session
from lsfs_mount.shared import Shared
from lsfs_mount.steering import Steering
from lsfs_mount.virtual import VirtualTree

_LOG = logging.getLogger(__name__)
MOST_FDS = 4096
"""O_PATH descriptors that nodes may hold, if the process may have so many."""

BREATH_S = 0.05
"""Seconds between two rounds of house-keeping at least, so that the kernel's answers to the first arrive."""


class Mounted:
    """A mount of a root. Implements `lsfs_mount.drivers.Mount`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._raise_limit()
        root_fd = os.open(options.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.session = Session(options.mountpoint, passthrough=options.passthrough)
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        most_fds = max(32, min(MOST_FDS, soft // 4))
        self.nodes = Nodes(root_fd, most_fds=most_fds, crowd=options.most_nodes * 3 // 2)
        st = os.fstat(root_fd)
        self._virtual = virtual = VirtualTree(
            self.session, options.engine, owner=(st.st_uid, st.st_gid), root_text=root_text(options)
        )
        not_shown, kept = frozenset(hidden(options)), keeper(options)
        self.shared = Shared(self.session, self.nodes, kept, not_shown, virtual.entry, virtual.meaning.attribute)
        self._opening = Opening(self.shared)
        self.steering = Steering(self.shared, self._virtual, options.state / "captured")
        self._reviver = Reviver(options.engine, options.engine_command)
        self._gone = threading.Event()

    def _raise_limit(self) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def attach(self) -> None:
        """Mount, serve in the background, and return when the kernel has agreed.

        Raises:
            OSError: the mount or the control socket was refused.
        """
        os.umask(0)
        control = Server(self._options.control, self.steering)
        try:
            self.session.attach()
        except OSError:
            control.close()
            raise
        self._control = control
        threading.Thread(target=self._serve, name="mount-dispatch", daemon=True).start()
        threading.Thread(target=self._keep_house, name="mount-house", daemon=True).start()
        if not self.session.ready.wait(READY_S):
            raise OSError(f"the kernel did not answer within {READY_S:.0f} s")
        control.start()
        self._reviver.start()

    @property
    def words(self) -> str:
        """What is said of the mount in the log."""
        return f"native, passthrough {'on' if self.session.passthrough else 'off'}"

    def stop(self) -> str:
        """Unmount; return what has to be said of it."""
        return self.steering.stop()

    def wait(self) -> None:
        """Return when the file system is gone."""
        self._gone.wait()
        self._reviver.stop()
        self._control.close()
        self._virtual.close()
        self.session.close()

    def _serve(self) -> None:
        shared = self.shared
        operations: dict[int, Operation] = {int(Op.INIT): self.session.init}
        for part in (Names(shared), Removal(shared), self._opening, Files(shared), Folders(shared), Inodes(shared)):
            operations |= part.table()
        try:
            real = Table(operations, self.nodes.forget)
            serve(self.session, real, Table(self._virtual.table(), self._virtual.forget), self.nodes.shrink)
        except OSError:
            _LOG.exception("the session ended")
        finally:
            self._gone.set()

    # House-keeping

    def _keep_house(self) -> None:
        crowded = self.nodes.crowded
        while not self._gone.wait(BREATH_S):
            crowded.wait(1.0 - BREATH_S)
            crowded.clear()
            with self.session.lock:
                self._opening.note_quiet()
                self.shared.keeper.retry()
                forget_oldest(self.session, self.nodes, self._options.most_nodes)
