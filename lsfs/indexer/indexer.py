"""The indexer: from a committed change to a file that is found, by words within milliseconds, by meaning soon after.

Words come first over everything, vectors follow with the newest files first at low priority. Moves cost a row, equal contents
nothing. What is left to do is derived from the tables at each start, so that it goes on where it was.

Threading: three threads of its own. `lsfs-words` indexes text files, `lsfs-documents` those that a worker process reads (so
    that text need not wait behind a PDF), `lsfs-vectors` embeds, at niceness 10. `changed` only puts into the queue and is
    safe to call from the recorder's thread.
Durability: each file's rows are one transaction; a crash leaves files pending, never half indexed.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from lsfs.catalogue import Catalogue
from lsfs.errors import LsfsError
from lsfs.index import backlog
from lsfs.index.documents import Documents, NewDocument
from lsfs.index.passages import LivePassages
from lsfs.index.postings import Postings
from lsfs.index.warming import frequent_words
from lsfs.indexer.embedding import Embedding
from lsfs.indexer.past import Past
from lsfs.indexer.preparing import Look, Preparer
from lsfs.indexer.progress import IndexProgress
from lsfs.indexer.waiting import WorkQueue
from lsfs.model import Change, Fid
from lsfs.text.pool import WorkerPool

log = logging.getLogger(__name__)
RULE_FILES = frozenset([b".gitignore", b".ignore", b".lsfsignore"])
"""A change of one of these has every file's rules looked at again."""

_TOGETHER = 32
_TOGETHER_CHARS = 500_000
_TOGETHER_S = 0.25
"""A file that was read is written before one that can take long is begun, or when so much time has passed."""

_NICENESS = 10
_MANY = 500
_STOP_S = 30.0
_IDLE_S = 15.0
_RETRY_S = 5.0


class Indexer:
    """Keeps the index of one root up to date."""

    def __init__(
        self, catalogue: Catalogue, documents: Documents, preparer: Preparer, live: LivePassages, postings: Postings,
        embedding: Embedding, pool: WorkerPool,
    ) -> None:  # fmt: skip
        self._catalogue = catalogue
        self._documents = documents
        self._preparer = preparer
        self._live = live
        self._postings = postings
        self._embedding = embedding
        self._past = Past(catalogue, documents, preparer, embedding)
        self._pool = pool
        self._queue = WorkQueue()
        self._written = 0  # counts writes of documents
        self._embedded = -1  # the count up to which every document has its vectors
        self._synchronised = -1  # and to which the search structure has them
        self._known = False
        self._rules_changed = False
        self._degraded: str | None = None
        self._to_warm: list[str] = []  # frequent words, the most frequent last
        self._warmed = False
        self._vectors_waiting = (0.0, 0)  # when they were counted, and how many documents it were
        self._threads: list[threading.Thread] = []
        self._forgetting = threading.Lock()
        self._counting = threading.Lock()

    def start(self) -> None:
        """Begin with what the tables say is left."""
        for name, run in (("words", self._words), ("documents", self._slow), ("vectors", self._vectors)):
            thread = threading.Thread(target=run, name=f"lsfs-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads after the file they are at; what is left stays for the next start."""
        self._queue.stop()
        self._pool.close()
        for thread in self._threads:
            thread.join(_STOP_S)

    def changed(self, changes: Sequence[Change]) -> None:
        """Take note of committed changes."""
        if any(path.rpartition(b"/")[2] in RULE_FILES for c in changes for path in (c.path, c.old_path or b"")):
            self._rules_changed = True
        self._queue.put(change.fid for change in changes)

    def recheck(self) -> None:
        """Look at every file's rules again."""
        con = self._catalogue.read()
        self._queue.put(Fid(r[0]) for r in con.execute("SELECT fid FROM file WHERE kind='file' AND names>0"))

    def retry_skipped(self) -> None:
        """Read the files again whose content could not be indexed."""
        self._documents.drop_skipped()
        self._queue.put(backlog.pending(self._catalogue.read()))

    def forget(self, fid: Fid) -> None:
        """Remove every trace of a file's contents from the index, its files on the disk included."""
        with self._forgetting:
            row = self._catalogue.read().execute("SELECT did FROM doc WHERE fid=? ORDER BY did DESC", (fid,)).fetchone()
            hashes = self._documents.forget(fid)
            self._live.replace(None if row is None else row[0], None)
            self._postings.replace(None if row is None else row[0], None)
            self._embedding.forget(hashes)
        self._queue.put([fid])

    def waiting(self) -> tuple[int, int]:
        """Return how many files wait to be found by words, and for vectors (when many, as of a moment ago). Cheap."""
        con = self._catalogue.read()
        pending = self._queue.waiting() if self._known else backlog.count(con)
        counted_s, count = self._vectors_waiting
        if count < _MANY or time.monotonic() - counted_s > 1.0:
            count = backlog.vectors_count(con)
            self._vectors_waiting = time.monotonic(), count
        return pending, count

    def progress(self) -> IndexProgress:
        """Return how far the index is."""
        con = self._catalogue.read()
        pending, vectors_pending = self.waiting()
        degraded = [self._degraded] if self._degraded else []
        if (past := self._past.waiting()) > 0:
            degraded.append(f"the past of {past} files is not searched yet: words and vectors are made again after a rebuild")
        return IndexProgress(backlog.indexed_count(con), pending, vectors_pending, list(backlog.skipped(con)), degraded)

    def why_without_text(self, fid: Fid) -> str | None:
        """Return why a file is not found by what is in it; None where it is, or is not known yet."""
        return backlog.why_without_text(self._catalogue.read(), fid)

    def settle(self, timeout_s: float | None, *, vectors: bool = True) -> bool:
        """Wait until nothing waits to be indexed (and for vectors); False when the time is up or vectors cannot be made."""

        def settled() -> bool:
            return self._known and not self._queue.waiting() and (not vectors or self._embedded == self._written)

        return self._queue.wait_for(lambda: settled() or bool(vectors and self._degraded), timeout_s) and settled()

    def settle_nearest(self, timeout_s: float | None) -> bool:
        """Wait until the search structure has just the live vectors too; False when the time is up."""
        return self._queue.wait_for(lambda: self._synchronised == self._written, timeout_s)

    # Words

    def _words(self) -> None:
        self._reconcile()
        while fids := self._queue.take(_TOGETHER):
            if self._rules_changed:
                self._rules_changed = False
                self.recheck()
            self._index(fids, slow=False)

    def _slow(self) -> None:
        while fids := self._queue.take(_TOGETHER, slow=True):
            self._index(fids, slow=True)

    def _reconcile(self) -> None:
        """Queue what the tables say is left, newest first."""
        con = self._catalogue.read()
        self._queue.put(backlog.gone(con))
        self._queue.put(backlog.misplaced(con))
        self._queue.put(backlog.pending(con))
        self._known = True
        self._queue.wake()

    def _index(self, fids: Sequence[Fid], *, slow: bool) -> None:
        """Index files, together in one transaction up to some size and for so long as nobody waits for them."""
        ready: list[tuple[Look, NewDocument | None]] = []
        size, done, begun_s = 0, 0, time.monotonic()
        for fid in fids:
            try:
                look = self._preparer.look(fid)
                if not slow and self._preparer.is_slow(look) and backlog.is_pending(self._catalogue.read(), fid):
                    self._queue.put([fid], slow=True)
                    continue
                if ready and self._preparer.takes_long(look):
                    done += self._written_out(ready)
                    ready, size, begun_s = [], 0, time.monotonic()
                new = self._prepared(look)
            except Exception:  # the file stays pending; the thread must live
                log.exception("cannot look at file %d", fid)
                continue
            ready.append((look, new))
            size += len(new.extracted.text) if new else 0
            if size > _TOGETHER_CHARS or time.monotonic() - begun_s > _TOGETHER_S:
                done += self._written_out(ready)
                ready, size, begun_s = [], 0, time.monotonic()
        self._write(ready)
        self._queue.done(len(fids) - done)

    def _written_out(self, ready: Sequence[tuple[Look, NewDocument | None]]) -> int:
        self._write(ready)
        self._queue.done(len(ready))
        return len(ready)

    def _prepared(self, look: Look) -> NewDocument | None:
        """Return the document to write, or None where the one that is there will do or the file has to wait."""
        if self._queue.stopped or look.version is None:
            return None
        if not self._is_new(look):
            return None
        new = self._preparer.prepare(look)
        if new is None:
            self._queue.put_later(look.fid)
        return new

    def _is_new(self, look: Look) -> bool:
        """Tell whether a file has content (or a rule) that the index does not have."""
        assert look.version is not None
        row = self._documents.live(look.fid)
        if row is None:
            return True
        vid, digest, ignored = row
        if ignored != (not look.paths):
            return True
        return vid != look.version.vid and (digest is None or digest != look.version.digest)

    def _write(self, ready: Iterable[tuple[Look, NewDocument | None]]) -> None:
        if self._queue.stopped:  # a reader that was killed over a file says nothing about the file
            return
        replaced: list[tuple[int | None, int | None]] = []
        try:
            with self._catalogue.write():
                for look, new in ready:
                    replaced += self._write_one(look, new)
        except Exception:  # a full disk, say: the files stay pending
            log.exception("cannot write the index")
            return
        for old, now in replaced or [(None, None)]:
            self._live.replace(old, now)
            self._postings.replace(old, now)
        if replaced:
            self._count_write()
            self._queue.wake()

    def _count_write(self) -> None:
        with self._counting:
            self._written += 1

    def _write_one(self, look: Look, new: NewDocument | None) -> list[tuple[int | None, int | None]]:
        if look.version is None:
            self._documents.place(look.fid, [])
            old = self._documents.close(look.fid, self._catalogue.tick())
            return [] if old is None else [(old, None)]
        if not backlog.is_known(self._catalogue.read(), look.version.vid):
            return []  # forgotten since it was read
        if new is None:
            if self._documents.renew(look.version) or not self._is_new(look):
                self._documents.place(look.fid, look.paths)
            return []
        did, old = self._documents.put(new)
        self._documents.place(look.fid, look.paths)
        return [(old, did)]

    # Vectors

    def _vectors(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while not self._queue.stopped:
            try:
                busy = self._vector_step()
            except Exception as e:  # noqa: BLE001 - a model that cannot be loaded must not end the words
                self._without_vectors(e)
                continue
            if not busy and not self._queue.stopped:
                self._rest()

    def _without_vectors(self, error: Exception) -> None:
        """Note why vectors cannot be made and wait before the next try: the endpoint may be back then."""
        said = f"meaning: {error}"
        if said != self._degraded:
            log.warning("vectors are not made: %s", error, exc_info=not isinstance(error, LsfsError))
        self._degraded = said
        self._queue.wake()
        self._queue.wait_for(lambda: self._queue.stopped, _RETRY_S)

    def _vector_step(self) -> bool:
        """Do one piece of the work that can wait; False when there is none."""
        written = self._written
        if self._warm():
            return True
        with self._forgetting:
            busy = self._embedding.step(self._go_on)
        self._degraded = None
        if busy:
            return True
        if self._embedded != written:
            self._embedded = written
            self._queue.wake()
        if self._documents.move_past_words():
            return True
        try:
            with self._forgetting:  # a forgotten vector must not come into the search structure behind its clearing
                busy = self._embedding.synchronise(self._go_on)
            if busy:
                return True
            self._synchronised = written
            self._queue.wake()
            return self._past_step()
        except LsfsError as e:  # everything is scanned then, which is right if slow
            log.warning("the search structure is not up to date: %s", e)
            return False

    def _past_step(self) -> bool:
        """Make one more file's past searchable; False when all are, or when something is waiting."""
        if self._queue.waiting() or not self._known:
            return False
        with self._forgetting:
            return self._past.step(lambda: self._go_on() and not self._queue.waiting())

    @property
    def warmed(self) -> bool:
        """Whether the frequent words of a large index are ready, so that a search computes few postings."""
        return self._warmed

    def _warm(self) -> bool:
        """Have one more of the frequent words ready; False when they are, or when something is waiting."""
        if self._warmed or self._queue.waiting() or not self._known:
            return False
        con = self._catalogue.read()
        if not self._to_warm:
            self._to_warm = frequent_words(con)[::-1]
        if not self._to_warm:
            return False
        self._warmed = not self._postings.warm(con, self._to_warm.pop()) or not self._to_warm
        return True

    def _rest(self) -> None:
        """Wait for the next document; end workers that have nothing to do."""
        woken = self._queue.wait_for(lambda: self._queue.stopped or self._embedded != self._written, _IDLE_S)
        if not woken:
            self._pool.end_idle()

    def _go_on(self) -> bool:
        return not self._queue.stopped
