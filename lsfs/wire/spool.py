"""The spool: content that the mount set aside because the engine did not have it yet.

A spool file is a hard link to the inode (where the inode itself lives on or is about to lose its last name: 14 us at any
size) or a copy of it (where it is about to be written in place). It is named `<ino>-<mtime_ns>-<n>` and is announced by a
BEFORE record of the journal. The engine takes its content and removes it. A spool file that no record names is left over from
a crash between the two steps: `orphans` finds it, and the engine stores it as well.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

FICLONE = 0x40049409
_COPY_BYTES = 1 << 20


class Spool:
    """The directory `S/spool/`. Threading: `add_*` from any thread of the mount process."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = os.fsencode(directory)
        self._fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def add_link(self, fd: int, st: os.stat_result) -> bytes:
        """Set an inode aside by another name for it, and return the spool file's name.

        Args:
            fd: a descriptor of the inode, O_PATH is enough.

        Raises:
            OSError: the spool is on another file system (EXDEV), or the inode has no name left.
        """
        for name in _names(st):
            try:
                os.link(b"/proc/self/fd/%d" % fd, name, dst_dir_fd=self._fd, follow_symlinks=True)
            except FileExistsError:
                continue
            return name
        raise OSError(errno.EEXIST, "the spool has no free name for the inode")

    def add_copy(self, fd: int, st: os.stat_result) -> bytes:
        """Set content aside as a copy (shared blocks where the file system can), and return the spool file's name.

        Args:
            fd: a readable descriptor.
        """
        out = os.open(self._directory, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            _copy(fd, out, st.st_size)
            os.utime(out, ns=(st.st_atime_ns, st.st_mtime_ns))
            return self.add_link(out, st)  # nobody sees a copy that is not whole
        finally:
            os.close(out)

    def open(self, name: bytes) -> int:
        """Return a readable descriptor of a spool file."""
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._fd)

    def drop(self, names: Iterable[bytes]) -> None:
        """Remove spool files whose content is stored."""
        for name in names:
            try:
                os.unlink(name, dir_fd=self._fd)
            except FileNotFoundError:
                continue

    def orphans(self, announced: Iterable[bytes]) -> list[bytes]:
        """Return the spool files that are not among `announced`."""
        return sorted(set(os.listdir(self._directory)) - set(announced))

    def close(self) -> None:
        """Close the directory."""
        os.close(self._fd)


def _names(st: os.stat_result) -> Iterator[bytes]:
    """Yield the names that a spool file of an inode's state may have."""
    for count in range(1_000_000):
        yield b"%d-%d-%d" % (st.st_ino, st.st_mtime_ns, count)


def _copy(source: int, target: int, size: int) -> None:
    try:
        fcntl.ioctl(target, FICLONE, source)
        return
    except OSError:
        pass
    done = 0
    while done < size:
        try:
            n = os.copy_file_range(source, target, min(size - done, 1 << 30), done, done)
        except OSError as e:
            if e.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            n = 0
        if n == 0:
            break
        done += n
    while done < size and (data := os.pread(source, _COPY_BYTES, done)):
        done += os.pwrite(target, data, done)
