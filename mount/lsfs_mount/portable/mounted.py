"""One mount of the portable driver put together.

Threading: `run` of the binding has the thread `mount-dispatch` and libfuse's own beside it; it returns when the file system is
    gone. The house-keeping thread looks once a second for quiet handles and for journal records that wait for room.
"""

from __future__ import annotations

import errno
import logging
import os
import resource
import threading

from lsfs.wire.control import Server
from lsfs_mount.meaning import Meaning
from lsfs_mount.options import READY_S, Options, hidden, keeper, root_text
from lsfs_mount.portable.binding import Binding
from lsfs_mount.portable.handles import Handles
from lsfs_mount.portable.nameless import Nameless
from lsfs_mount.portable.operations import Operations
from lsfs_mount.portable.root import Root
from lsfs_mount.portable.semantic import Semantic
from lsfs_mount.portable.steering import Steering
from lsfs_mount.portable.walk import Walk
from lsfs_mount.reviving import Reviver

_LOG = logging.getLogger(__name__)


class Mounted:
    """A mount of a root. Implements `lsfs_mount.drivers.Mount`."""

    def __init__(self, options: Options, binding: Binding) -> None:
        self._options = options
        self._binding = binding
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        root_fd = os.open(options.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        st = os.fstat(root_fd)
        kept, nameless = keeper(options), Nameless()
        self._root = Root(Walk(root_fd, hidden(options), nameless), nameless, Handles(kept), kept, binding.caller)
        self._meaning = Meaning(options.engine, root_text(options), self._late)
        self._semantic = Semantic(self._meaning, (st.st_uid, st.st_gid))
        self._steering = Steering(self._root, self._semantic, options.mountpoint, binding.words, options.state / "captured")
        self._reviver = Reviver(options.engine, options.engine_command)
        self._ready, self._gone = threading.Event(), threading.Event()
        self._refused: OSError | None = None

    def _late(self, _path: bytes) -> None:
        self._semantic.stale()

    @property
    def words(self) -> str:
        """What is said of the mount in the log."""
        return self._binding.words

    def attach(self) -> None:
        """Mount, serve in the background, and return when the kernel has agreed.

        Raises:
            OSError: the mount or the control socket was refused.
        """
        if not self._options.mountpoint.is_dir():  # libfuse mounts over a file as well
            raise NotADirectoryError(errno.ENOTDIR, f"the mount point {self._options.mountpoint}: Not a directory")
        os.umask(0)
        control = Server(self._options.control, self._steering)
        threading.Thread(target=self._serve, name="mount-dispatch", daemon=True).start()
        if not self._ready.wait(READY_S) or self._refused is not None:
            control.close()
            raise self._refused or OSError(f"the kernel did not answer within {READY_S:.0f} s")
        self._control = control
        threading.Thread(target=self._keep_house, name="mount-house", daemon=True).start()
        control.start()
        self._reviver.start()

    def _serve(self) -> None:
        operations = Operations(self._root, self._semantic, self._meaning.attribute, self._ready.set)
        try:
            self._binding.run(operations, self._options.mountpoint)
        except OSError as e:
            _LOG.exception("the session ended")
            if not self._ready.is_set():
                self._refused = e
        finally:
            self._gone.set()
            self._ready.set()

    def _keep_house(self) -> None:
        while not self._gone.wait(1.0):
            self._root.handles.note_quiet()
            self._root.keeper.retry()

    def stop(self) -> str:
        """Unmount; return what has to be said of it."""
        return self._steering.stop()

    def wait(self) -> None:
        """Return when the file system is gone."""
        self._gone.wait()
        self._reviver.stop()
        self._control.close()
        self._meaning.close()
