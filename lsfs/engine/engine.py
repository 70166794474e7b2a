"""The engine of one root: the stores and services put together, started and stopped in the right order.

It is the only thing that opens the catalogue, the packs and Chroma. What is below knows nothing of it; what is above (the
calls, the daemon) reaches every part through its attributes.

Threading: `start` and `stop` from the program's main thread; everything else from any thread.
Durability: see the packs and the catalogue. kill -9 at any point is a case like any other: `start` finishes or takes back
    what was cut off, reads the journal on, and compares the root with what is known of it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from lsfs.capture.acknowledging import Acknowledger
from lsfs.capture.capture import Capture
from lsfs.capture.disk import Disk
from lsfs.capture.events import Dirty
from lsfs.capture.kept import Kept
from lsfs.capture.recorder import Recorder
from lsfs.catalogue import Catalogue
from lsfs.changes.changes import Changes
from lsfs.config import Config
from lsfs.embed.embedder import Embedder
from lsfs.engine.home import BEFORE_REBUILD, Home
from lsfs.engine.lock import Lock
from lsfs.engine.mounts import Mounts
from lsfs.index.readings import Readings
from lsfs.indexer.opening import IndexSettings, open_index
from lsfs.links.links import Links
from lsfs.model import Fid, RelPath, path_json
from lsfs.packs.store import Packs
from lsfs.rerank.choose import make_reranker
from lsfs.subscriptions.matching import IndexMatcher
from lsfs.subscriptions.subscriptions import Subscriptions
from lsfs.text.extract import Limits
from lsfs.versions.versions import Versions
from lsfs.watch.ignore import IgnoreRules
from lsfs.watch.watcher import Hint, Watcher
from lsfs.wire.control import Client

_LOG = logging.getLogger(__name__)
SHOWN_AT_MOST = 50
COMPARE_S = 2.0
"""`start` waits so long for the first compare, so that the first answer knows what changed meanwhile."""


class Engine:
    """Everything of one root.

    Args:
        embedder: makes the vectors.
        engine_command: starts this engine's process again (mount processes use it when it is gone).
        clock_ns: the time of all that is recorded.
    """

    def __init__(
        self,
        home: Home,
        config: Config,
        embedder: Embedder,
        engine_command: Sequence[str] = (),
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.home = home
        self.config = config
        self.root = home.backing
        self._lock = Lock(home.state, self.root)
        self.catalogue = Catalogue(home.state / "catalogue.db", clock_ns=clock_ns)
        self.packs = Packs(home.state / "packs", self.catalogue)
        self.versions = Versions(self.catalogue, self.packs)
        self.disk = Disk(os.fsencode(self.root), self._excluded())
        self.recorder = Recorder(self.catalogue, self.packs, self.disk)
        self.capture = Capture(self.recorder, state=home.state, baseline_bytes=config.versions.baseline_bytes)
        self.acknowledger = Acknowledger(self.recorder, home.state / "captured")
        self.mounts = Mounts(home, config.mount, engine_command, on_attach=self._attached, on_detach=self.acknowledger.detach)
        self.changes = Changes(self.recorder, self.versions, self.packs, writers=self.mounts.writers)
        self.ignore = IgnoreRules(self.root, config.index.ignore_files)
        settings = IndexSettings(
            limits=Limits(config.index.max_text_bytes, config.index.max_document_bytes),
            chroma_server=_server(config.index.chroma_url),
            rerank=config.search.rerank,
        )
        self._index = open_index(
            self.catalogue, self.versions, self.root, home.state, embedder, self.ignore.reason, settings,
            make_reranker(config.search),
        )  # fmt: skip
        self.indexer, self.search = self._index.indexer, self._index.search
        self.attributes, self.texts = self._index.attributes, self._index.texts
        self.extractor = self._index.extractor
        self.readings = Readings(self.catalogue)
        self.links = Links(self.recorder, self.versions, home.state, config.share)
        self.subscriptions = Subscriptions(self.recorder, self.versions, IndexMatcher(self.search, self.texts, self.indexer))
        self.saved_searches = Kept(self.recorder, "saved-search")
        self.watcher = Watcher(self.root, self._dirty, skip=self.disk.ignores, files=lambda: self.versions.counts()["files"])
        self.started_at = time.time()
        self._missing: list[int] = []
        self._recording = False
        self._stopped = threading.Event()

    def _excluded(self) -> tuple[bytes, ...]:
        """Return the state's path in the root, by either name of the root; the state must never be recorded."""
        state = self.home.state
        tops = {self.home.root, self.root}
        return tuple(os.fsencode(state.relative_to(t)) for t in tops if state.is_relative_to(t) and state != t)

    def start(self) -> None:
        """Recover what was cut off, then record, watch, index and serve the mounts that live."""
        self.changes.on_forget.append(self._forgotten)
        self.disk.aside.open(os.fsencode(self.home.state / "aside"), self.disk.device)
        self.changes.take_back_forgetting()
        self.capture.read_journal()
        for line in self.changes.recover():
            _LOG.warning("%s", line.words)
        self._missing = self.changes.mend_missing()
        self.capture.listen(self.indexer.changed)
        self.capture.listen(self.subscriptions.changed)
        self.acknowledger.start()
        self.capture.submit([Dirty(RelPath(b""), subtree=True)])  # from now on, answers say that something waits
        self.capture.start()
        self._recording = True
        self.watcher.start()
        self.indexer.start()
        self.subscriptions.start()
        self.links.start()
        self.mounts.adopt()
        self.capture.settle(COMPARE_S)

    def stop(self, *, unmount: bool) -> list[str]:
        """End everything, also after a start that failed; return what has to be said of mounts that were busy.

        Args:
            unmount: end the mounts too; else they go on and wait for the next engine.
        """
        self._stopped.set()
        said = self.mounts.stop_all() if unmount else []
        with ExitStack() as ends:  # the last one first; one that fails hinders no other
            for end in (
                self._lock.release, self.disk.close, self.catalogue.close, self.packs.close, self.acknowledger.stop,
                self.capture.stop, self._index.close, self.subscriptions.stop, self.links.stop, self._settle, self.watcher.stop,
            ):  # fmt: skip
                ends.callback(end)
        return said

    def _settle(self) -> None:
        """Have recorded what is noted already."""
        if self._recording:
            self.capture.poll()
            self.capture.settle(10.0)

    def displaced(self) -> str:
        """Say in words that the root or the state is not where it was, so that this engine has to end; else ""."""
        return self._lock.displaced()

    def _dirty(self, hints: list[Hint]) -> None:
        self.capture.submit([Dirty(h.path, subtree=h.subtree, old_path=h.old_path) for h in hints])

    def _attached(self, client: Client) -> None:
        self.acknowledger.attach(client)
        client.locks({bytes(p): who.encode() for p, who in self.versions.locks().items()})

    def mount(self, mountpoint: os.PathLike[str]) -> dict[str, Any]:
        """Mount the root at a folder and return the mount as `status` shows it."""
        real = self.home.root.__class__(os.path.realpath(mountpoint))
        if real.is_relative_to(self.home.root) and real != self.home.root:
            inside = RelPath(os.fsencode(real.relative_to(self.home.root)))
            self.disk.exclude(inside)
            self.capture.submit([Dirty(inside)])
        return self.mounts.start(real).to_json()

    def touched(self, paths: Sequence[RelPath]) -> None:
        """Tell the mounts what lsfs itself changed, so that programs see it at once."""
        if paths:
            self.mounts.invalidate(paths)
            self.mounts.locks(self.versions.locks())

    def settle(self, timeout_s: float, *, vectors: bool = True) -> bool:
        """Wait until every change that was made before is recorded and indexed; return whether that came to be.

        It compares the whole tree once, because an event of a change may still be on its way.
        """
        until = time.monotonic() + timeout_s
        settled = self.mounts.settle(timeout_s / 2)
        self.capture.poll()
        self.capture.submit([Dirty(RelPath(b""), subtree=True)])
        while True:
            left = until - time.monotonic()
            if not self.capture.settle(max(left, 0.0), baseline=True):
                return False
            if not self.indexer.settle(max(until - time.monotonic(), 0.0), vectors=vectors):
                return False
            if self.capture.settle(0.0, baseline=True):
                return settled

    def check(self, *, repair: bool = False, sample: float = 1.0) -> dict[str, Any]:
        """Verify packs, catalogue and tree against each other; return what is wrong, in words, after mending where asked."""
        before = self.changes.check(sample=sample)
        left = self.changes.check(sample=sample, mend=True) if repair and before else before
        words = [f.words for f in left]
        return {"damage": words, "repaired": [f.words for f in before if f.words not in words]}

    def _forgotten(self, fids: Sequence[Fid]) -> None:
        for fid in fids:
            self.indexer.forget(fid)
        for old in self.home.state.glob(f"{BEFORE_REBUILD}*"):
            old.unlink()  # a catalogue that a rebuild put aside holds words and texts of all files
        self.readings.forget(fids)
        self.links.forget(fids)
        self.subscriptions.forget(fids)
        self.capture.let_go_of_journal(newest=not self.mounts.rotate_journals())

    def freshness(self) -> dict[str, Any]:
        """Return what every answer says of itself: files waiting, degraded parts."""
        pending, vectors_pending = self.indexer.waiting()
        return {"pending": pending + self.capture.pending(), "vectors_pending": vectors_pending, "degraded": self.degraded()}

    def degraded(self) -> list[str]:
        """Return in words what does not work as it should."""
        said = [self.capture.degraded] if self.capture.degraded else []
        said += self.watcher.degraded()
        said += [_missing(self._missing)] if self._missing else []
        said += [f"transaction {t.id} is half done: the disk refused to take it back" for t in self.changes.unfinished]
        said += [self.changes.unforgotten] if self.changes.unforgotten else []
        said += [self.links.problem] if self.links.problem else []
        return said

    def status(self) -> dict[str, Any]:
        """Return how the root is, with the keys of the contract."""
        progress = self.indexer.progress()
        baseline = self.capture.baseline()
        counts = self.versions.counts()
        stats = self.packs.stats()
        missed = [{**path_json(v.path), "version": v.number} for v in self.capture.missed(SHOWN_AT_MOST)]
        skipped = [{**path_json(p), "reason": r} for p, r in progress.skipped[:SHOWN_AT_MOST]]
        return {
            "root": str(self.home.root),
            "state": str(self.home.state),
            "pid": os.getpid(),
            "engine_id": self.home.engine_id,
            "uptime_s": round(time.time() - self.started_at, 1),
            "files": counts["files"],
            "folders": counts["folders"],
            "indexed": progress.indexed,
            "pending": progress.pending + self.capture.pending(),
            "vectors_pending": progress.vectors_pending,
            "baseline_pending": baseline.pending,
            "baseline_over_budget": baseline.over_budget,
            "versions": counts["versions"],
            "transactions": counts["transactions"],
            "store_bytes": stats.bytes,
            "content_bytes": stats.content_bytes,
            "missed": missed,
            "missed_count": counts["missed"],
            "skipped": skipped,
            "skipped_count": len(progress.skipped),
            "recovered": [*(r.words for r in self.changes.recovered), *self.changes.cut_off],
            "degraded": self.degraded() + progress.degraded,
            "mounts": self.mounts.list(),
        }


def _missing(numbers: Sequence[int]) -> str:
    packs = ", ".join(str(n) for n in numbers)
    return (
        f"the store's packs {packs} are missing: earlier versions that were in them cannot be read, what the files have now "
        "was stored again; put them back from a backup and run `lsfs check --rebuild`"
    )


def _server(url: str) -> tuple[str, int] | None:
    if not url:
        return None
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    return host, int(port or 8000)
