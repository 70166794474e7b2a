"""Keeping what is about to be lost, and telling the engine: the mount's side of journal and spool.

Before an operation can destroy content (open for writing, truncation, the last unlink, a rename over) the content is set
aside unless the engine has acknowledged exactly this state as stored. After a change a record is journaled. Neither waits for
the engine. When the disk of the state is full the user's operation goes on, and the gap is remembered and journaled as MISSED
when there is room.

Threading: any thread; `_lock` keeps the journal's records whole. Large files are copied aside in workers.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
import time
from collections import deque

from lsfs.wire.captured import Captured
from lsfs.wire.journal import Fields, RecordKind, Writer, pack
from lsfs.wire.spool import Spool

_LOG = logging.getLogger(__name__)
INLINE_BYTES = 1 << 20
"""Larger content is copied aside in a worker."""
_MOST_GAPS = 10_000

_NOTHING = (0, 0, 0)


class Keeper:
    """Journal and spool of one mount.

    Args:
        spool_max_bytes: content above this size is not set aside by copying ...
        refuse_large: ... and the operation is refused (EFBIG) instead of going on.
    """

    def __init__(self, journal: Writer, spool: Spool, captured: Captured, *, spool_max_bytes: int, refuse_large: bool) -> None:
        self._journal = journal
        self._spool = spool
        self.captured = captured
        self._spool_max_bytes = spool_max_bytes
        self._refuse_large = refuse_large
        self._gaps: deque[Fields] = deque(maxlen=_MOST_GAPS)
        self._lock = threading.Lock()

    @property
    def gaps(self) -> int:
        """How many records wait for room."""
        return len(self._gaps)

    def needs_keeping(self, st: os.stat_result) -> bool:
        """Tell whether this state of an inode would be lost if it were destroyed now."""
        if not stat.S_ISREG(st.st_mode) or st.st_size == 0:
            return False
        return not self.captured.holds(st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns)

    def copy_aside(self, fd: int, st: os.stat_result, path: bytes) -> None:
        """Set content aside that is about to be written in place.

        Args:
            fd: a readable descriptor.

        Raises:
            OSError: EFBIG by policy.
        """
        if st.st_size > self._spool_max_bytes:
            if self._refuse_large:
                raise OSError(errno.EFBIG, "too large to keep what is there before it is written")
            self.missed(st, path)
            return
        try:
            name = self._spool.add_copy(fd, st)
        except OSError as e:
            _LOG.warning("content could not be set aside: %s", e)
            self.missed(st, path)
            return
        self._before(st, path, name)

    def link_aside(self, fd: int, st: os.stat_result, path: bytes) -> bool:
        """Set an inode aside that is about to lose its last name, by a hard link.

        Args:
            fd: a descriptor, O_PATH is enough.

        Returns:
            Whether it could be linked; else it has to be copied (the spool is on another file system).
        """
        try:
            name = self._spool.add_link(fd, st)
        except OSError:
            return False
        self._before(st, path, name)
        return True

    def copy_node_aside(self, fd: int, st: os.stat_result, path: bytes) -> None:
        """Set content aside by copying.

        Args:
            fd: a descriptor, O_PATH is enough.

        Raises:
            OSError: EFBIG by policy.
        """
        try:
            source = os.open(b"/proc/self/fd/%d" % fd, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.missed(st, path)  # its user may not read it, and neither may we
            return
        try:
            self.copy_aside(source, st, path)
        finally:
            os.close(source)

    def _before(self, st: os.stat_result, path: bytes, spool: bytes) -> None:
        self.record(RecordKind.BEFORE, path, st.st_ino, old=st, spool=spool)

    def missed(self, st: os.stat_result, path: bytes) -> None:
        """Journal that content is about to be lost that could not be set aside."""
        self.record(RecordKind.MISSED, path, st.st_ino, old=st)

    def record(
        self,
        kind: RecordKind,
        path: bytes,
        ino: int,
        *,
        path2: bytes = b"",
        ino2: int = 0,
        old: os.stat_result | None = None,
        new: os.stat_result | None = None,
        who: tuple[int, int] = (0, 0),
        flags: int = 0,
        spool: bytes = b"",
    ) -> None:
        """Journal one record; never fails.

        Args:
            who: process id and user id.
        """
        before = _NOTHING if old is None else (old.st_size, old.st_mtime_ns, old.st_ctime_ns)
        after = _NOTHING if new is None else (new.st_size, new.st_mtime_ns, new.st_ctime_ns)
        fields = (kind, ino, path, time.time_ns(), path2, ino2, before, after, who, flags, spool)
        with self._lock:
            if self._gaps or not self._put(fields):
                self._wait(fields)

    def _put(self, fields: Fields) -> bool:
        try:
            self._journal.put(pack(self._journal.next_seq, fields))
        except OSError as e:
            if not self._gaps:
                _LOG.warning("the journal cannot be written: %s", e)
            return False
        return True

    def _wait(self, fields: Fields) -> None:
        """Keep a record until there is room, in order; above a bound the oldest go (the compare finds what changed)."""
        self._gaps.append(fields)
        self._drain()

    def _drain(self) -> None:
        while self._gaps and self._put(self._gaps[0]):
            self._gaps.popleft()

    def rotate(self) -> None:
        """Go on in the journal's next file."""
        with self._lock:
            self._journal.rotate()

    def retry(self) -> None:
        """Journal what waits for room, if there is room now."""
        with self._lock:
            self._drain()
