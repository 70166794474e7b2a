"""One transaction: everything that one prompt, command or tool call changes, all of it or nothing.

Before a step touches anything, what its names stand for is captured (so content that is replaced is in the store), and the
step is written down durably with it; then the disk changes; at the end the after-states are recorded together with the end of
the transaction. An exception puts back what the steps say; after kill -9 `Changes.recover` does the same.

Threading: one thread; the recorder's lock is taken for each step, not between steps.
Durability: when `commit` returns, versions and end are durable, and the files are synced.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType

from lsfs.capture.disk import Disk
from lsfs.capture.known import Known
from lsfs.capture.recorder import Recorder
from lsfs.changes.copying import copy_versions
from lsfs.changes.cutoff import FOLDER, expected, is_linked, mark
from lsfs.changes.dressing import Attributes
from lsfs.changes.filling import Data, Mode, fill
from lsfs.changes.guard import Guard
from lsfs.changes.hand import Hand
from lsfs.changes.helper import Helper
from lsfs.changes.ledger import Ledger
from lsfs.changes.putback import Putback, Result, Target, live_names, vids_of
from lsfs.changes.reverting import Recovered, left, revert
from lsfs.changes.stock import Stock, one
from lsfs.errors import BadRequest, Conflict, Exists, LsfsError, NotFound, Unavailable
from lsfs.model import Fid, Kind, RelPath, TransactionId, Version, VersionId, show
from lsfs.versions.changing import parent_of
from lsfs.versions.records import BeginRecord, LockRecord, SnapshotRecord, TagRecord
from lsfs.versions.versions import Versions

_NEW_FILE = 0o644


class Transaction:
    """Changes that belong together. Made by `Changes.begin`, used as a context manager.

    Attributes:
        id: as `log` shows it.
        kept: paths that a rollback or undo left as they are, with the reason.
    """

    def __init__(
        self,
        recorder: Recorder,
        versions: Versions,
        guard: Guard,
        begin: BeginRecord,
        *,
        unfinished: list[Transaction],
        reverted: list[Recovered],
    ) -> None:
        self._unfinished = unfinished
        self._reverted = reverted
        self.id = TransactionId(begin.tx)
        self.kept: dict[RelPath, str] = {}
        self._recorder = recorder
        self._versions = versions
        self._begin = begin
        self._disk: Disk = recorder.disk
        self._hand = Hand(recorder.disk, f"{begin.tx}", recorder.point)
        self._ledger = Ledger(recorder, guard, begin)

    @property
    def changed(self) -> list[RelPath]:
        """The paths that changed so far, sorted; after a move the new one."""
        return sorted(self._ledger.changed)

    # Steps

    def write(self, path: RelPath, data: Data, *, mode: Mode = "overwrite", exist_ok: bool = True) -> None:
        """Write a file; folders above it are made.

        Raises:
            Exists: it is there and `exist_ok` is false, or it is a folder.
            Denied, Conflict: it is locked, or open for writing.
        """
        was = self._ledger.enter([path])[path]
        if was is not None and (was.kind == Kind.DIRECTORY or not exist_ok):
            raise Exists(f"{show(path)} is there already")
        if was is not None and was.kind != Kind.FILE:
            raise BadRequest(f"{show(path)} is a {was.kind.value}, not a file; it is left as it is")
        self._need_folders(path)
        attributes = Attributes() if was is not None else Attributes(mode=_NEW_FILE)
        if was is not None:
            kept = one(self._versions, was.vid).attributes
            attributes = Attributes(kept.mode, kept.uid, kept.gid, None, kept.xattrs)
        staged = self._hand.staging.stage(
            path, lambda fd: fill(fd, data, mode, None if was is None else lambda: self._disk.open_file(path)), attributes
        )
        with ExitStack() as undo:
            undo.callback(lambda: self._hand.staging.discard(staged))
            with self._recorder.lock:
                content = self._recorder.packs.add_file(staged.fd, size_hint=os.fstat(staged.fd).st_size)
                self._recorder.reserve(self.id, content)
                self._ledger.intend("write", {path: was}, {path: None if is_linked(was) else content.digest})
            staged = self._hand.staging.name_whole(staged, content.digest)
            self._hand.require(path, was)
            self._hand.staging.make_durable([staged])
            undo.pop_all()
        self._ledger.touch(path, look=self._hand.replace(staged, was))

    def create_directory(self, path: RelPath, *, exist_ok: bool = True) -> None:
        """Make a folder, and those above it.

        Raises:
            Exists: something else is there, or a folder and `exist_ok` is false.
        """
        was = self._ledger.enter([path])[path]
        if was is not None:
            if was.kind == Kind.DIRECTORY and exist_ok:
                return
            raise Exists(f"{show(path)} is there already")
        self._need_folders(path)
        self._ledger.intend("create_directory", {path: None}, {path: FOLDER})
        self._hand.make_folder(path, Attributes())
        self._ledger.touch(path)

    def delete(self, path: RelPath, *, recursive: bool = True) -> None:
        """Remove a file, or a folder with what is in it; `undo` brings it back.

        Raises:
            NotFound: there is nothing.
            Conflict: the folder is not empty and `recursive` is false, or a file in it is open for writing.
        """
        inside = self._ledger.enter([path], below=True)
        if inside[path] is None:
            raise NotFound(f"there is no {show(path)}")
        if len(inside) > 1 and not recursive:
            raise Conflict(f"the folder {show(path)} is not empty", [show(path)])
        self._ledger.intend("delete", inside)
        for name in sorted(inside, reverse=True):
            self._hand.remove_known(name, inside[name])
            self._ledger.touch(name)

    def move(self, src: RelPath, dst: RelPath) -> None:
        """Give a file or folder another name; folders above the new name are made.

        Raises:
            NotFound: there is no `src`.
            Exists: `dst` is there already.
        """
        if dst == src or dst.startswith(src + b"/"):
            raise BadRequest(f"{show(src)} cannot be moved to {show(dst)}, into itself")
        inside = self._ledger.enter([src], below=True)
        if inside[src] is None:
            raise NotFound(f"there is no {show(src)}")
        if self._ledger.enter([dst])[dst] is not None:
            raise Exists(f"{show(dst)} is there already")
        self._need_folders(dst)
        arriving = {RelPath(dst + name[len(src) :]): mark(known) for name, known in inside.items() if known is not None}
        self._ledger.claim(list(arriving))
        self._ledger.intend("move", {**inside, **dict.fromkeys(arriving)}, arriving)
        self._hand.rename(src, dst)
        self._ledger.moved(src, dst)

    def copy(self, src: RelPath, dst: RelPath) -> None:
        """Copy a file or folder with its attributes; folders above the new name are made.

        Raises:
            NotFound: there is no `src`.
            Exists: `dst` is there already.
        """
        if dst == src or dst.startswith(src + b"/"):
            raise BadRequest(f"{show(src)} cannot be copied to {show(dst)}, into itself")
        inside = self._ledger.enter([src], below=True, change=False)
        if inside[src] is None:
            raise NotFound(f"there is no {show(src)}")
        if self._ledger.enter([dst])[dst] is not None:
            raise Exists(f"{show(dst)} is there already")
        self._need_folders(dst)
        where = {name: RelPath(dst + name[len(src) :]) for name in inside}
        contents = {where[n]: mark(known) for n, known in inside.items() if known is not None}
        self._ledger.intend("copy", dict.fromkeys(where.values()), contents)
        copies = (
            (self._versions.version_by_id(VersionId(k.vid)), where[n]) for n in sorted(inside) if (k := inside[n]) is not None
        )
        copy_versions(self._hand, self._versions, copies, self._ledger.touch)

    def set_time(self, path: RelPath, at_ns: int) -> None:
        """Set the modification time of a file, which is made if it is missing."""
        was = self._ledger.enter([path])[path]
        if was is None:
            self.write(path, b"")
            was = self._ledger.enter([path])[path]
        self._ledger.intend("set_time", {path: was})
        self._hand.dress(path, Attributes(mtime_ns=at_ns))
        self._ledger.touch(path)

    def refresh(self, path: RelPath) -> None:
        """Capture what is at a path, and below it, now."""
        with self._recorder.lock:
            self._ledger.capture([path], below=True)

    def settle(self) -> None:
        """Record what was changed so far, for a step that reads it; taking the transaction back takes that back as well."""
        with self._recorder.lock:
            self._ledger.settle()

    def refresh_all(self, paths: list[RelPath]) -> dict[RelPath, Known | None]:
        """Capture what is at the paths now, and return it."""
        with self._recorder.lock:
            return self._ledger.sync(paths)

    def restore(self, path: RelPath, version: Version) -> None:
        """Put a version at `path`, as a new version."""
        self.put_back({path: Target(version.fid, version.vid)}, operation="restore")

    def helper(self, targets: Mapping[RelPath, Target]) -> Helper:
        """Return what helps `put_back` with these targets, for a `with` block."""
        return self._hand.staging.helper(vids_of(targets))

    def put_back(
        self,
        targets: Mapping[RelPath, Target],
        *,
        operation: str,
        seen: Mapping[RelPath, Known | None] | None = None,
        captured: bool = False,
        helper: Helper | None = None,
    ) -> Result:
        """Bring the named paths to what the targets say; folders above them are made.

        Args:
            seen: what is at the paths, where they have just been captured and it decided on the targets.
            captured: they have just been captured.
            helper: one that was started for them already.
        """
        paths = [RelPath(p) for p in targets]
        with helper or self.helper(targets) as helper:
            current = self._ledger.enter_captured(paths) if captured else self._ledger.enter(paths, seen=seen)
            self._need_folders_of(targets)
            stock = Stock(self._versions, vids_of(targets))
            self._ledger.intend(operation, current, expected(stock, targets, current))
            putback = Putback(self._hand, stock, current, helper)
            try:
                return putback.run(targets, live_names(self._versions, targets, current))
            finally:
                self.kept |= putback.result.kept
                self._ledger.put_back(putback.result)

    # Labels: they are recorded with the end of the transaction

    def set_tags(self, path: RelPath, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Set and remove tags of a file; they stay with it through renames.

        Raises:
            NotFound: there is no such file.
        """
        known = self._ledger.enter([path], change=False)[path]
        if known is None:
            raise NotFound(f"there is no {show(path)}")
        self.set_tags_of(Fid(known.fid), add, remove)

    def set_tags_of(self, fid: Fid, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Set and remove tags of a file by its id."""
        plain = tuple(dict.fromkeys(t.strip().casefold() for t in add if t.strip()))
        gone = tuple(dict.fromkeys(t.strip().casefold() for t in remove if t.strip()))
        record = TagRecord(fid, self._recorder.catalogue.tick(), plain, gone, self.id)
        self._ledger.label(record, [e.path for e in self._versions.names_of(fid)])

    def lock(self, path: RelPath) -> None:
        """Lock a file or folder against changes through lsfs and the mount.

        Raises:
            NotFound: there is no such file.
        """
        if self._ledger.enter([path], change=False)[path] is None:
            raise NotFound(f"there is no {show(path)}")
        self._lock(path, locked=True)

    def unlock(self, path: RelPath) -> None:
        """Unlock a file or folder.

        Raises:
            NotFound: it is not locked.
        """
        if path not in self._versions.locks():
            raise NotFound(f"{show(path)} is not locked")
        self._lock(path, locked=False)

    def _lock(self, path: RelPath, *, locked: bool) -> None:
        at_ns = self._recorder.catalogue.tick()
        self._ledger.label(LockRecord(path, locked, at_ns, self._begin.actor, self.id), [path])

    def snapshot(self, name: str, at_ns: int | None = None) -> int:
        """Give the state of the tree, now or at a time, a name; return the time.

        Raises:
            Exists: the name is taken.
        """
        if name in self._versions.snapshots():
            raise Exists(f"there is a snapshot {name!r} already")
        made_ns = self._recorder.catalogue.tick()
        at = made_ns if at_ns is None else at_ns
        self._ledger.labels.append(SnapshotRecord(name, at, made_ns, self.id))
        return at

    # Beginning and end

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            try:
                self.commit()
            except BaseException as e:
                self._take_back_after(e)
                raise
            return
        self._take_back_after(error)
        if isinstance(error, OSError):
            as_before = "everything is as it was before" + self._but()
            raise Unavailable(f"the root's disk refused ({error.strerror}); {as_before}") from error

    def _but(self) -> str:
        """Say what could not be taken back."""
        kept = [done.kept for done in self._reverted if done.id == self.id]
        return f", but for what was left as it is: {left(kept[-1])}" if kept else ""

    def commit(self) -> None:
        """Record the after-states and the end; a transaction that did nothing leaves no trace."""
        if not self._ledger.begun and not self._ledger.labels:
            self._ledger.release()
            return
        self._hand.sync()
        self._ledger.close("committed")

    def _take_back_after(self, error: BaseException | None) -> None:
        try:
            self.take_back()
        except Exception as e:  # whatever it is, what is half done must not be forgotten
            self._unfinished.append(self)
            raise Unavailable(
                f"{error}; taking back what was done before that failed as well ({e}): "
                "this is made up for as soon as the disk lets us, before anything else is changed"
            ) from e

    def take_back(self) -> None:
        """Put everything back to what it was when this transaction touched it first.

        Raises:
            LsfsError, OSError: the disk refuses this too; it can be tried again, and the next start does it (`recovery`).
        """
        if not self._ledger.begun:
            self._ledger.release()
            return
        try:
            self._revert()
        except (LsfsError, OSError, sqlite3.Error):
            # Most likely there is no room to write down what is there now: what this transaction made takes it.
            for path, look in self._ledger.made():
                if self._disk.look(path) == look:
                    self._hand.remove(path)
            self._disk.aside.clear()
            self._disk.freeing.now()
            self._revert()

    def _revert(self) -> None:
        done = revert(self._recorder, self._versions, self._hand, self._ledger, self._begin)
        if done.kept:
            self._reverted.append(done)

    def _need_folders(self, path: RelPath) -> None:
        """Make the folders above `path` that are missing."""
        above = parent_of(path)
        if above and self._disk.look(above) is None:
            self.create_directory(RelPath(above))

    def _need_folders_of(self, targets: Mapping[RelPath, Target]) -> None:
        """Make the folders above the targets that are missing, but for those that the targets make."""
        folders = {parent_of(path) for path, target in targets.items() if target.fid is not None}
        for above in sorted(folders - {b""}):
            if RelPath(above) not in targets and self._disk.look(above) is None:
                self.create_directory(RelPath(above))
