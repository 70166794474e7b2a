"""Subscriptions as the engine has them: made, ended, and told of what happened, across restarts.

Threading: `lsfs-events` reads the feed and writes events; `changed` only wakes it (safe in the recorder's thread). Readers
wait on `_cond`, at most as long as they say. No lock is held while the index is asked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from lsfs.capture.recorder import Recorder
from lsfs.errors import BadRequest, Exists, LsfsError, NotFound
from lsfs.model import Change, ChangeKind, Entry, Fid, Kind, RelPath, State, Version, VersionId, show
from lsfs.subscriptions import feed
from lsfs.subscriptions.matching import Matcher
from lsfs.subscriptions.store import Began, SubscriptionStore
from lsfs.subscriptions.subscription import Event, Happening, Subscription, SubscriptionId
from lsfs.subscriptions.wording import line_changes
from lsfs.versions.versions import Versions

_log = logging.getLogger(__name__)
USER = "user"
"""The reader at the command line; others name themselves, and each has a position of its own."""
_LOOK_AGAIN_S = 0.5
_MOST_BYTES = 1 << 20


class Subscriptions:
    """The subscriptions of a root.

    Args:
        matcher: the index; without it, queries are refused.
    """

    def __init__(self, recorder: Recorder, versions: Versions, matcher: Matcher | None = None) -> None:
        self._catalogue = recorder.catalogue
        self._versions = versions
        self._matcher = matcher
        self._store = SubscriptionStore(recorder)
        self._cond = threading.Condition()
        self._awake = True
        self._ending = False
        self._thread: threading.Thread | None = None
        self.describe: Callable[[Version, Version], str | None] = lambda _old, _new: None
        """Says how a document or table differs from its version before; None leaves it to lines and sizes."""

    # Life

    def start(self) -> None:
        """Begin where the feed was left."""
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="lsfs-events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; readers that wait get what there is."""
        with self._cond:
            self._ending = True
            self._cond.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def changed(self, _: list[Change]) -> None:
        """Wake the thread: something was committed."""
        with self._cond:
            self._awake = True
            self._cond.notify_all()

    def _run(self) -> None:
        while not self._ending:
            waits = self._step()
            with self._cond:
                self._cond.notify_all()
                self._cond.wait_for(lambda: self._awake or self._ending, _LOOK_AGAIN_S if waits else None)
                self._awake = False

    def _step(self) -> bool:
        """Do what there is to do; tell whether something waits for the index."""
        try:
            self.read_feed()
            return self.look()
        except LsfsError as e:
            _log.warning("events: %s", e)
            return True
        except Exception:  # noqa: BLE001 - a full disk, say: the thread must live, the feed is read on from where it was
            _log.exception("events")
            return True

    # Making, ending, listing

    def subscribe(self, *, path: RelPath | None = None, query: str | None = None, actor: str) -> Subscription:
        """Keep a wish to be told of a file or folder (which may not exist yet), or of files that begin to match a query.

        Raises:
            Exists: there is one for the same already.
        """
        if (path is None) == (not query):
            raise BadRequest("watch either a path or a query")
        if query and self._matcher is None:
            raise BadRequest("queries cannot be watched without the index")
        if any(s.path == path and s.query == query for s in self._store.all()):
            raise Exists(f"{show(path) if path is not None else query!r} is watched already")
        entry = self._versions.live(path) if path else None
        made = self._store.add(path, entry.fid if entry else None, query or None, actor)
        if query:
            self._note_matching(made)
        return made

    def _note_matching(self, made: Subscription) -> None:
        """Remember what matches now, so that only files that begin to are told."""
        assert self._matcher is not None and made.query is not None
        paths = [e.path for e in self._versions.list(recursive=True) if e.kind is Kind.FILE]
        now = self._matcher.matching(made.query, paths) if paths else set()
        fids = [e.fid for p in now if (e := self._versions.live(p)) is not None]
        self._store.know(made.sid, fids)

    def unsubscribe(self, *, path: RelPath | None = None, query: str | None = None) -> list[Subscription]:
        """End the subscriptions to a path or query (neither: all), and return them.

        Raises:
            NotFound: there is none.
        """
        every = path is None and query is None
        found = [s for s in self._store.all() if every or (s.path == path and s.query == query)]
        if not found:
            raise NotFound(f"{show(path) if path is not None else query or 'nothing'} is not watched")
        self._store.remove([s.sid for s in found])
        return found

    def forget(self, fids: Sequence[Fid]) -> None:
        """Remove every trace of files that are forgotten, the subscriptions to them included."""
        self._store.forget(fids)

    def all(self) -> list[Subscription]:
        """Return the subscriptions, oldest first."""
        return self._store.all()

    # Being told

    def events(self, *, after: int | None = None, timeout_s: float = 0.0, limit: int = 1000, reader: str = USER) -> list[Event]:
        """Return the events behind number `after`, waiting at most `timeout_s` for one.

        Args:
            after: None goes on behind those that `reader` said to have received.
        """
        start = (self.position(reader) or 0) if after is None else after
        found = self._store.events(start, limit)
        if found or timeout_s <= 0:
            return found
        with self._cond:
            self._cond.wait_for(lambda: self._ending or bool(self._store.events(start, 1)), timeout_s)
        return self._store.events(start, limit)

    def latest(self) -> int:
        """Return the number of the newest event, 0 before the first."""
        return self._store.latest()

    def received(self, seq: int, reader: str = USER) -> None:
        """Note that `reader` received the events up to number `seq`; without a number it goes on behind them."""
        self._store.deliver(seq, _key(reader))

    def position(self, reader: str = USER) -> int | None:
        """Return up to which number a reader received the events; None where it never said so."""
        return self._store.delivered(_key(reader))

    def read_feed(self) -> None:
        """Make events of what happened since the feed was read last."""
        wishes = self._store.all()
        while wishes:
            found = feed.after(self._catalogue.read(), self._store.cursor())
            if not found:
                return
            told = [(s, h, *self._words(h)) for h in found for s in wishes if _concerns(s, h)]
            queries = any(s.query for s in wishes)
            waiting = [h for h in found if queries and h.after is not None]
            self._store.advance(found[-1].at_ns, told, waiting)

    def _words(self, h: Happening) -> tuple[str, int | None]:
        """Return what changed in short, and the number of the version."""
        new, old = self._version(h.after), self._version(h.before)
        number = new.number if new else None
        if h.kind is ChangeKind.DELETED or (new is not None and new.state is State.DELETED):
            return "deleted", number
        if h.kind is ChangeKind.MOVED and h.old_path is not None:
            return f"moved from {show(h.old_path)}", number
        if h.kind is ChangeKind.ATTRIBUTES:
            return "times, permissions or attributes changed", number
        if old is None or new is None or h.kind is ChangeKind.CREATED:
            return f"new, {new.size} bytes" if new else "new", number
        said = self.describe(old, new)
        if said is not None:
            return said, number
        a, b = self._text(old), self._text(new)
        return (f"{old.size} -> {new.size} bytes" if a is None or b is None else line_changes(a, b)), number

    def _version(self, vid: VersionId | None) -> Version | None:
        try:
            return None if vid is None else self._versions.version_by_id(vid)
        except NotFound:
            return None

    def _text(self, v: Version) -> str | None:
        if v.size > _MOST_BYTES or v.kind is not Kind.FILE:
            return None
        try:
            return self._versions.read(v).decode("utf-8")
        except (LsfsError, UnicodeDecodeError):
            return None

    # Queries

    def look(self) -> bool:
        """Ask the index about files that changed; tell whether some have to wait for it."""
        waiting = self._store.waiting()
        queries = [s for s in self._store.all() if s.query]
        if not waiting or not queries or self._matcher is None:
            self._store.looked([(f, a) for f, a, _ in waiting], [], [])
            return False
        final = self._matcher.settled()
        entries = {f: self._versions.entry_of(f) for f, _, _ in waiting}
        ready = {f: e for f, e in entries.items() if e is not None and (final or self._matcher.indexed(e.version))}
        began: list[Began] = []
        ended: list[tuple[SubscriptionId, Fid]] = []
        for s in queries:
            now = self._matching(s, ready)
            before = self._store.matched(s.sid)
            began += [
                (s.sid, f, at, now[f].path, who, now[f].number)
                for f, at, who in waiting
                if f in now and f not in before and at > s.made_ns
            ]
            ended += [(s.sid, f) for f in before if f in entries and f not in now and (f in ready or entries[f] is None)]
        matched = {f for _, f, *_ in began}
        done = [(f, a) for f, a, _ in waiting if entries[f] is None or (f in ready and (final or f in matched))]
        self._store.looked(done, began, ended)
        return len(done) < len(waiting)

    def _matching(self, s: Subscription, ready: dict[Fid, Entry]) -> dict[Fid, Entry]:
        assert self._matcher is not None and s.query is not None
        found = self._matcher.matching(s.query, [e.path for e in ready.values()]) if ready else set()
        return {f: e for f, e in ready.items() if e.path in found}


def _concerns(s: Subscription, h: Happening) -> bool:
    """Tell whether a change is of the watched path, of something below it, or of the file that was there."""
    if s.path is None or h.at_ns <= s.made_ns:
        return False
    if s.fid is not None and s.fid == h.fid:
        return True
    names = [h.path] if h.old_path is None else [h.path, h.old_path]
    return not s.path or any(n == s.path or n.startswith(s.path + b"/") for n in names)


def _key(reader: str) -> str:
    return "" if reader == USER else f":{reader}"
