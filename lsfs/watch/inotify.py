"""watchdog's inotify observer, made safe for bursts and large trees.

What is changed and why (watchdog 7.1, each measured): one thread only drains the kernel's queue, so that it does not overflow
while events are parsed (stock loses most of a burst of 50,000 creates); folders that are not wanted get no watch; an overflow
re-adds the watches and reports a rescan of the whole tree instead of walking it under the lock (stock livelocks on 20,000
folders); a folder that appears, by creation or by a move, is reported as a rescan, because what was made in it before its
watch has no events; a reached watch limit is reported instead of hidden; a removed watch whose folder is unknown does not end
the reader.

Source: the experiment of the design (watcher), on watchdog's own classes.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirModifiedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver, InotifyWatchGroup
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper, PathedInotifyEvent
from watchdog.utils.delayed_queue import DelayedQueue

EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    DirCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    DirMovedEvent,
    FileDeletedEvent,
    DirDeletedEvent,
]
"""What is wanted; never opened or closed-without-writing, which our own reading causes."""

Prune = Callable[[bytes], bool]


class RescanEvent(DirModifiedEvent):
    """The folder has to be looked at as a whole."""

    event_type = "rescan"


class LimitEvent(DirModifiedEvent):
    """The folder could not be watched: the machine's watch limit is reached."""

    event_type = "limit"


class _DrainedFD(InotifyFD):
    """One thread only empties the kernel's queue (16,384 events); another parses: the queue becomes unlimited."""

    def run(self) -> None:
        parts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._parse, args=(parts,), name="inotify-parse", daemon=True).start()
        while self.should_keep_running():
            if data := self._read_event_buffer(1 << 20):
                parts.put(data)
        parts.put(None)

    def _parse(self, parts: queue.SimpleQueue[bytes | None]) -> None:
        while (data := parts.get()) is not None:
            for wd, mask, cookie, name in self._parse_event_buffer(data):
                if wd != -1 or mask & InotifyConstants.IN_Q_OVERFLOW:
                    self.handle_event(InotifyEvent(wd, mask, cookie, name))

    def _read_event_buffer(self, event_buffer_size: int) -> bytes:
        if self._poller is None or any(fd == self._kill_r for fd, _ in self._poller.poll()):
            self._close_resources()
            return b""
        return os.read(self._inotify_fd, event_buffer_size)

    def _add_callback(self, path: bytes, mask: Any, callback: Any, id_: Any) -> Any:
        watch = self._get_or_create_watch(path, mask)
        watch.callbacks[id_] = callback
        return watch.wd


class _TailQueue(DelayedQueue[Any]):
    """Looks for the first half of a rename from the newest on, where it is."""

    def _index_and_item(self, predicate: Callable[[Any], bool]) -> Any:
        for i in range(len(self._queue) - 1, -1, -1):
            if predicate(self._queue[i][0]):
                return i, self._queue[i][0]
        return None


class _Grouper(InotifyMoveEventGrouper):
    def __init__(self) -> None:
        self._queue = _TailQueue(self.delay)


def _never(_: bytes) -> bool:
    return False


def _nothing(_: bytes, __: bool) -> None:
    return None


@dataclass
class _PrunedGroup(InotifyWatchGroup):
    prune: Prune = _never
    on_rescan: Callable[[bytes, bool], None] = _nothing
    _move_event_grouper: _Grouper = field(default_factory=_Grouper, init=False)

    def _add_all_callbacks(self, path: bytes) -> set[Any]:  # type: ignore[override]
        seen: set[Any] = set()
        stack = [path] if path == self.path or not self.prune(path) else []
        while stack:
            p = stack.pop()
            if (wd := self._add_callback(p)) is not None:
                seen.add(wd)
            try:
                with os.scandir(p) as it:
                    stack += [e.path for e in it if e.is_dir(follow_symlinks=False) and not self.prune(e.path)]
            except OSError:
                continue
        return seen

    def _add_callback(self, path: bytes) -> Any:
        try:
            wd: Any = self._inotify_fd.add_callback(path, self.event_mask, self, self._id)
        except OSError as e:
            if path == self.path:
                raise
            if e.errno == errno.ENOSPC:
                self.on_rescan(path, True)
            return None
        old = self._active_callbacks_by_watch.get(wd)
        if old not in (None, path) and self._active_callbacks_by_path.get(old) == wd:
            del self._active_callbacks_by_path[old]
        self._active_callbacks_by_path[path] = wd
        self._active_callbacks_by_watch[wd] = path
        return wd

    def _remove_watch_internally(self, wd: Any) -> None:
        path = self._active_callbacks_by_watch.pop(wd, None)
        if path is not None and self._active_callbacks_by_path.get(path) == wd:
            del self._active_callbacks_by_path[path]

    def on_queue_overflow(self) -> None:
        """Watch whatever is there now, and have everything looked at (the stock method livelocks)."""
        with self._lock:
            if not self.is_active:
                return
            self._move_event_grouper.discard_pending_events()
            seen = self._add_all_callbacks(self.path)
            self._remove_callbacks([w for w in self._active_callbacks_by_watch if w not in seen])
        self.on_rescan(self.path, False)

    def ensure(self, path: bytes) -> None:
        """Watch a folder and those below it, before it is rescanned."""
        with self._lock:
            if self.is_active:
                self._add_all_callbacks(path)

    def forget(self, path: bytes) -> None:
        """Take note that a folder left its place."""
        with self._lock:
            below = path + b"/"
            watches = self._active_callbacks_by_watch.items()
            self._remove_callbacks([w for w, p in watches if p == path or p.startswith(below)])
            if os.path.isdir(path):
                self._add_all_callbacks(path)
        self.on_rescan(path, False)


class _PrunedEmitter(InotifyEmitter):
    _inotify: _PrunedGroup | None

    def __init__(self, *args: Any, prune: Prune = _never, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prune = prune

    def on_thread_start(self) -> None:
        self._inotify = _PrunedGroup(
            self._inotify_fd,
            os.fsencode(self.watch.path),
            is_recursive=True,
            event_mask=self.get_event_mask_from_filter(),
            prune=self._prune,
            on_rescan=self._rescan,
        )

    def _rescan(self, path: bytes, limit: bool = False) -> None:
        event = LimitEvent if limit else RescanEvent
        self._event_queue.put((event(self._decode_path(path)), self.watch))

    def build_and_queue_event(self, event: Any, **kwargs: Any) -> None:
        super().build_and_queue_event(event, **kwargs)
        if isinstance(event, PathedInotifyEvent):
            if event.ev.is_directory and self._inotify:
                self._folder(event)
        elif event[1].ev.is_directory:
            self._rescan(event[1].path)

    def _folder(self, event: PathedInotifyEvent) -> None:
        if event.ev.is_moved_from and self._inotify is not None:
            self._inotify.forget(event.path)
        elif event.ev.is_moved_to or event.ev.is_create:
            self._rescan(event.path)


class PrunedObserver(InotifyObserver):
    """An observer that prunes, drains and asks for rescans."""

    def __init__(self, *, prune: Prune, timeout: float = 1.0) -> None:
        self._inotify_fd = _DrainedFD()
        self._inotify_fd.start()
        BaseObserver.__init__(self, _PrunedEmitter, timeout=timeout, inotify_fd=self._inotify_fd, prune=prune)

    def give_up(self) -> None:
        """End what has begun of an observer that could not be started."""
        self._clear_emitters()
        self._inotify_fd.stop()

    def ensure(self, path: bytes) -> None:
        """Watch a folder and those below it."""
        for emitter in self.emitters:
            if isinstance(emitter, _PrunedEmitter) and emitter._inotify is not None:
                emitter._inotify.ensure(path)
