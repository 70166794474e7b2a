"""Housekeeping in quiet hours: old versions go where the user wants that, and later ones become differences of earlier ones.

Quiet is when nobody has asked anything for two minutes and no file waits to be recorded or indexed; a question that comes in
between waits for a portion of the work at most (some tenths of a second).

Threading: a thread of its own; `asked` from any.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lsfs.engine.engine import Engine
from lsfs.errors import LsfsError
from lsfs_syscalls import times
from lsfs_syscalls.run.past import rules_of

_LOG = logging.getLogger(__name__)
LOOK_S = 30.0
QUIET_S = 120.0
REPACK_S = 6 * 3600.0
GC_S = 24 * 3600.0
_NOTE = "upkeep:"


class Upkeep:
    """Does what can wait.

    Args:
        look_s: so often it looks whether it is quiet.
        quiet_s: so long nobody has asked anything then.
        clock: the time in seconds since 1970.
    """

    def __init__(
        self, engine: Engine, *, look_s: float = LOOK_S, quiet_s: float = QUIET_S, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._look_s = look_s
        self._quiet_s = quiet_s
        self._clock = clock
        self._asked = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin to look for quiet moments."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits for the portion that is being done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def asked(self) -> None:
        """Note that somebody asked something."""
        self._asked = time.monotonic()

    def status(self) -> dict[str, Any]:
        """Return when old versions were last let go, and when versions were last repacked (ISO 8601, None: never)."""
        return {"upkeep": {name: self._when(name) for name in ("gc", "repack")}}

    def quiet(self) -> bool:
        """Tell whether nobody would notice."""
        if self._stopping.is_set() or time.monotonic() - self._asked < self._quiet_s:
            return False
        fresh = self._engine.freshness()
        return not fresh["pending"] and not fresh["vectors_pending"]

    def work(self) -> None:
        """Do what is due."""
        self._engine.changes.finish_forgetting()
        config = self._engine.config.versions
        if config.gc == "daily" and self._due("gc", GC_S):
            done = self._engine.changes.gc(rules_of(config, datetime.now().astimezone()))
            _LOG.info("%d old versions have gone, %d bytes are free again", done.versions, done.swept.freed)
            self._note("gc")
        if config.repack and self._due("repack", REPACK_S) and self._engine.changes.unpacked():
            packed = self._engine.changes.repack(self.quiet)
            _LOG.info("%d chunks are differences now: %d bytes instead of %d", packed.patched, packed.after, packed.before)
            if not self._engine.changes.unpacked():
                self._note("repack")

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            try:
                if self.quiet():
                    self.work()
            except (LsfsError, OSError) as e:
                _LOG.warning("housekeeping was put off: %s", e)
                self._stopping.wait(self._look_s * 10)

    def _due(self, name: str, every_s: float) -> bool:
        last = self._engine.catalogue.meta(_NOTE + name)
        return last is None or not 0 <= self._clock() - float(last) < every_s

    def _note(self, name: str) -> None:
        self._engine.catalogue.set_meta(_NOTE + name, f"{self._clock():.3f}")

    def _when(self, name: str) -> str | None:
        last = self._engine.catalogue.meta(_NOTE + name)
        return None if last is None else times.iso_ns(int(float(last) * 1e9))
