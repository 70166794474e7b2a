"""The hand that changes the user's files: every effect of lsfs on the backing root, and nothing else, happens here.

A file is written under a temporary name (`staging`), given its mode, owner, times and extended attributes, and exchanged with
what is at the name; only a file that is known by several hard links is written in place, so that its other names see the change
as well. A link of which nothing is known, outside of the root for one, keeps what it has.
What it was exchanged for is looked at afterwards, so that a file which a program has put there in this moment is given back and
not lost. What is replaced or removed is kept for a while where it is exactly a version (`capture.aside`). Folders on the way
are walked without following symbolic links (`lsfs.capture.disk`). It asks nobody.

Durability: content is durable before it gets its name (`staging`), names by `sync` at the end: after a power cut a name has the
    old content or the new one. One syncfs each for many files, fsync for few.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator

from lsfs.capture.aside import appear, exchange
from lsfs.capture.disk import MOVED, Disk, Look, look_of, read_xattrs
from lsfs.capture.known import Known
from lsfs.changes.dressing import Attributes, dress_fd
from lsfs.changes.staging import FEW, LINK, OLD, Staged, Staging, close_fd, copy_content, syncfs
from lsfs.changes.unchanged import changed, is_exactly, require, require_stat
from lsfs.errors import Conflict, Exists, NotFound
from lsfs.model import RelPath, show
from lsfs.versions.changing import parent_of


class Hand:
    """Changes files below a root.

    Args:
        label: of its temporary names.
        point: called before each effect.
    """

    def __init__(self, disk: Disk, label: str, point: Callable[[str], None]) -> None:
        self._disk = disk
        self._point = point
        self.staging = Staging(disk, label, point)
        self._written: list[RelPath] = []

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """Keep the folders that are changed last open, and free nothing, while many files are changed in a row."""
        with self._disk.folders.steady(), self._disk.freeing.later():
            yield

    def replace(self, staged: Staged, known: Known | None) -> Look:
        """Put the staged content at its path, if what is there still is what was captured; return what is there now.

        Raises:
            Conflict: somebody has changed it in this moment; it is as they left it, and the staged content is gone.
        """
        self._point("place")
        try:
            look = self._place(staged, known)
        except BaseException:
            self.staging.discard(staged)
            raise
        close_fd(staged.fd)
        return look

    def _place(self, staged: Staged, known: Known | None) -> Look:
        with self._disk.parent(staged.path) as (folder, name):
            there = _lstat(folder, name)
            require_stat(staged.path, known, there)
            source = folder if staged.folder < 0 else staged.folder
            if there is not None and stat.S_ISDIR(there.st_mode):
                raise Exists(f"{show(staged.path)} is a folder")
            if (
                there is not None
                and stat.S_ISREG(there.st_mode)
                and there.st_nlink > 1
                and known is not None
                and known.names > 1
            ):
                return self._into(staged, source, folder, name)
            try:
                self._give_name(staged, source, folder, name, there, known)
            except OSError as e:
                if e.errno != errno.EXDEV:
                    raise
                beside = self.staging.copy_beside(staged, folder)
                try:
                    self._give_name(beside, folder, folder, name, there, known)
                except BaseException:
                    self.staging.discard(beside)
                    raise
            self._written.append(staged.path)
            return look_of(os.lstat(name, dir_fd=folder))

    def _give_name(
        self, staged: Staged, source: int, folder: int, name: bytes, there: os.stat_result | None, known: Known | None
    ) -> None:
        if there is None:
            self._appear(staged, source, folder, name)
        else:
            self._swap(staged, source, folder, name, there, known)

    def _appear(self, staged: Staged, source: int, folder: int, name: bytes) -> None:
        try:
            appear(source, staged.name, folder, name)
        except FileExistsError:
            raise changed(staged.path) from None

    def _swap(self, staged: Staged, source: int, folder: int, name: bytes, there: os.stat_result, known: Known | None) -> None:
        """Exchange the staged content with what is at the name, and let that go if it is what was looked at."""
        try:
            exchange(source, staged.name, folder, name)
        except FileNotFoundError:
            raise changed(staged.path) from None
        except OSError as e:
            if e.errno != errno.EINVAL:
                raise
            self._rename_over(staged, source, folder, name)
            return
        self._point("swapped")
        try:
            self._let_go(staged.path, source, staged.name, there, known, staged.directory)
        except FileExistsError:
            self._give_back(staged, source, folder, name)
            raise changed(staged.path) from None

    def _give_back(self, staged: Staged, source: int, folder: int, name: bytes) -> None:
        """Exchange the staged content for what it was exchanged for; where there is a still newer file, that stays."""
        exchange(source, staged.name, folder, name)
        if os.lstat(staged.name, dir_fd=source).st_ino != staged.ino:
            exchange(source, staged.name, folder, name)

    def _rename_over(self, staged: Staged, source: int, folder: int, name: bytes) -> None:
        """Replace a file where the file system cannot exchange two."""
        held = self._disk.freeing.hold(folder, name)
        try:
            os.rename(staged.name, name, src_dir_fd=source, dst_dir_fd=folder)
        finally:
            self._disk.freeing.release(held)

    def _let_go(
        self,
        path: RelPath,
        folder: int,
        name: bytes,
        expected: os.stat_result,
        known: Known | None,
        directory: object = None,
    ) -> None:
        """Keep aside, or remove, what is at a name, or was at `path` and is at that name now.

        Raises:
            FileExistsError: it is not what was looked at; it is there still.
        """
        aside = self._disk.aside
        vid = known.vid if known is not None and is_exactly(expected, known) else None
        here = aside.holds(directory)
        if vid is not None and not here and aside.keep(folder, name, vid, expected, self.staging.purpose(path)):
            return
        there = os.lstat(name, dir_fd=folder)
        if (there.st_ino, there.st_size, there.st_mtime_ns) != (expected.st_ino, expected.st_size, expected.st_mtime_ns):
            raise FileExistsError
        if vid is not None and here and aside.adopt(name, vid, there):
            return
        held = self._disk.freeing.hold(folder, name)
        try:
            os.unlink(name, dir_fd=folder)
        finally:
            self._disk.freeing.release(held)

    def _into(self, staged: Staged, beside: int, folder: int, name: bytes) -> Look:
        source = os.open(staged.name, OLD, dir_fd=beside)
        target = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            self._point("truncate")
            os.ftruncate(target, 0)
            there = os.fstat(source)
            copy_content(source, target, there.st_size)
            dress_fd(target, Attributes(there.st_mode, there.st_uid, there.st_gid, there.st_mtime_ns, read_xattrs(source)))
            look = look_of(os.fstat(target))
            os.fdatasync(target)
        finally:
            os.close(source)
            os.close(target)
        self._written.append(staged.path)
        os.unlink(staged.name, dir_fd=beside)
        return look

    def make_folder(self, path: RelPath, attributes: Attributes) -> None:
        """Make one folder."""
        self._point("make_folder")
        with self._disk.parent(path) as (folder, name):
            os.mkdir(name, 0o777, dir_fd=folder)
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                if attributes.uid is None and os.geteuid() == 0:
                    above = os.fstat(folder)
                    os.fchown(fd, above.st_uid, above.st_gid)
                dress_fd(fd, attributes)
            finally:
                os.close(fd)

    def make_link(self, path: RelPath, target: bytes, attributes: Attributes, known: Known | None = None) -> None:
        """Make a symbolic link, or replace the one that was captured.

        Raises:
            Conflict: somebody has put something else there in this moment.
        """
        self._point("make_link")
        name = self.staging.temporary(path, LINK + target)
        with self._disk.parent(path) as (folder, _):
            os.symlink(target, name, dir_fd=folder)
            with contextlib.suppress(PermissionError):
                if attributes.uid is not None and attributes.gid is not None:
                    os.chown(name, attributes.uid, attributes.gid, dir_fd=folder, follow_symlinks=False)
            if attributes.mtime_ns is not None:
                times = (attributes.mtime_ns, attributes.mtime_ns)
                os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
            ino = os.lstat(name, dir_fd=folder).st_ino
        self.replace(Staged(path, name, -1, ino=ino), known)

    def make_pipe(self, path: RelPath, attributes: Attributes) -> None:
        """Make a FIFO."""
        self._point("make_pipe")
        with self._disk.parent(path) as (folder, name):
            os.mkfifo(name, stat.S_IMODE(attributes.mode or 0o600), dir_fd=folder)
        self.dress(path, attributes)

    def hard_link(self, old: RelPath, new: RelPath, known: Known | None = None) -> None:
        """Give a file one more name.

        Args:
            known: what was captured at the old name, where this transaction has not made it.

        Raises:
            Conflict: somebody has changed it since; it has no more names than before.
        """
        self._point("hard_link")
        with self._disk.parent(old) as (a, old_name), self._disk.parent(new) as (b, new_name):
            os.link(old_name, new_name, src_dir_fd=a, dst_dir_fd=b, follow_symlinks=False)
            if known is not None:
                try:
                    require_stat(old, known, os.lstat(new_name, dir_fd=b))
                except Conflict:
                    os.unlink(new_name, dir_fd=b)
                    raise

    def dress(self, path: RelPath, attributes: Attributes) -> None:
        """Set the attributes of what is there, content untouched."""
        self._point("dress")
        with self._disk.parent(path) as (folder, name):
            there = os.lstat(name, dir_fd=folder)
            if stat.S_ISLNK(there.st_mode):
                if attributes.mtime_ns is not None:
                    times = (there.st_atime_ns, attributes.mtime_ns)
                    os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
                return
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            try:
                dress_fd(fd, attributes)
            finally:
                os.close(fd)

    def rename(self, old: RelPath, new: RelPath) -> None:
        """Move a name to a free one."""
        self._point("rename")
        with self._disk.parent(old) as (a, old_name), self._disk.parent(new) as (b, new_name):
            if _lstat(b, new_name) is not None:
                raise Exists(f"{show(new)} is there already")
            os.rename(old_name, new_name, src_dir_fd=a, dst_dir_fd=b)
        self._disk.folders.forget()

    def remove(self, path: RelPath) -> None:
        """Remove a file, or an empty folder, whatever it is.

        Raises:
            Conflict: the folder is not empty.
        """
        self._point("remove")
        with self._disk.parent(path) as (folder, name):
            there = _lstat(folder, name)
            if there is not None:
                self._remove(path, folder, name, there, None)

    def remove_known(self, path: RelPath, known: Known | None) -> None:
        """Remove what was captured at a path.

        Raises:
            Conflict: somebody has written it in this moment, or the folder is not empty.
        """
        self._point("remove")
        try:
            with self._disk.parent(path) as (folder, name):
                there = _lstat(folder, name)
                require_stat(path, known, there)
                if there is not None:
                    self._remove(path, folder, name, there, known)
        except NotFound:
            require(path, known, None)

    def _remove(self, path: RelPath, folder: int, name: bytes, there: os.stat_result, known: Known | None) -> None:
        try:
            if not stat.S_ISDIR(there.st_mode):
                self._let_go(path, folder, name, there, known)
                return
            os.rmdir(name, dir_fd=folder)
        except FileNotFoundError:
            return
        except OSError as e:
            if not isinstance(e, FileExistsError) and e.errno != errno.ENOTEMPTY:
                raise
            if not stat.S_ISDIR(there.st_mode):
                raise changed(path) from e
            raise Conflict(f"the folder {show(path)} is not empty", [show(path)]) from e
        self._disk.folders.forget()

    def temporary_beside(self, path: RelPath) -> RelPath:
        """Return a free temporary path in the folder of `path`, for what is there and has to make room for a moment."""
        above = path.rpartition(b"/")[0]
        name = self.staging.temporary(path) + MOVED
        return RelPath(above + b"/" + name if above else name)

    def bring_home(self, folder: int, name: bytes, path: RelPath, *, over: bool) -> None:
        """Give what is at a name of ours (`aside`, `staging`) the path that it had.

        Args:
            over: in place of what is there.

        Raises:
            FileExistsError: there is something, and it is not `over`.
        """
        self._point("bring_home")
        with self._disk.parent(path) as (home, last):
            if over:
                exchange(folder, name, home, last)
                os.unlink(name, dir_fd=folder)
            else:
                appear(folder, name, home, last)
        self._written.append(path)

    def require(self, path: RelPath, known: Known | None) -> None:
        """Make sure, right before it is replaced or removed, that a file still is what was captured.

        Raises:
            Conflict: somebody has written it in this moment.
        """
        require(path, known, self._disk.look(path))

    def sync(self) -> None:
        """Make the names of what was written durable."""
        self._point("sync")
        written, self._written = self._written, []
        if len(written) > FEW:
            syncfs(self._disk.fd)
            return
        for path in {parent_of(path): path for path in written}.values():
            with contextlib.suppress(OSError, NotFound), self._disk.parent(path) as (folder, _):
                os.fsync(folder)


def seen_names(folder: bytes, last: bytes = b"") -> Iterator[RelPath]:
    """Yield names that the user sees, for something of his that cannot have its own."""
    for number in range(1, 1000):
        name = b"kept by lsfs %d" % number + (b" " + last[:200] if last else b"")
        yield RelPath(folder + b"/" + name if folder else name)


def _lstat(folder: int, name: bytes) -> os.stat_result | None:
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None
