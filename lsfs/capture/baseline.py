"""The baseline: content of what was there before us, taken in the background, smallest files first, within a byte budget.

`up` gives every file a row at once (state pending); this module works these rows off. A file that changes first is
recorded as missed for its old state, unless the mount spooled it, and captured anew: never passed over.

Threading: the capture worker calls it when it has nothing else to do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lsfs.capture.describing import Author
from lsfs.capture.events import Dirty
from lsfs.capture.recorder import Recorder
from lsfs.model import FOREVER, RelPath

DONE = "capture:baseline"
_SPENT = "capture:baseline_bytes"
_PORTION = 256
_PORTION_BYTES = 16 << 20  # so long others wait who want to record


@dataclass(frozen=True, slots=True)
class BaselineProgress:
    """How far the baseline is.

    Attributes:
        pending: files whose content is still to be taken.
        over_budget: of these, those that the byte budget leaves out; their content is taken at their first change only when
            the mount can spool it.
        pending_bytes: what they hold.
    """

    pending: int
    over_budget: int
    pending_bytes: int


class Baseline:
    """Works off the versions whose content is pending."""

    def __init__(self, recorder: Recorder, budget_bytes: int) -> None:
        self._recorder = recorder
        self._budget = budget_bytes
        self._spent = int(recorder.catalogue.meta(_SPENT) or 0)
        self._skip: set[int] = set()

    def needed(self) -> bool:
        """Return whether the first walk over the root has not come to its end yet."""
        return self._recorder.catalogue.meta(DONE) is None

    def walk(self) -> None:
        """Give everything in the root a row."""
        author = Author("baseline", baseline=True)
        self._recorder.record([Dirty(RelPath(b""), subtree=True)], author, patient=False, pending=True)
        self._recorder.catalogue.set_meta(DONE, "walked")

    def portion(self) -> bool:
        """Take the content of some files; return whether there is more to do."""
        rows = self._next()
        if not rows:
            return False
        self._recorder.fill([RelPath(path) for _, path, _ in rows], Author("program"))
        self._skip |= self._pending([vid for vid, _, _ in rows])
        self._spent += sum(size for _, _, size in rows)
        self._recorder.catalogue.set_meta(_SPENT, str(self._spent))
        return True

    def _pending(self, vids: list[int]) -> set[int]:
        """Return those that are pending still: they could not be taken, and are not tried again and again."""
        sql = "SELECT vid FROM version WHERE state='pending' AND vid IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._recorder.catalogue.read().execute(sql, (json.dumps(vids),))}

    def _next(self) -> list[tuple[int, bytes, int]]:
        """Return (vid, path, size) of the next files within the budget, smallest first."""
        found, room, taken = [], self._budget - self._spent, 0
        rows = self._recorder.catalogue.read().execute(
            "SELECT v.vid, d.path, v.size FROM version v INDEXED BY version_pending JOIN file f ON f.fid=v.fid AND f.vid=v.vid "
            f"JOIN dentry d ON d.fid=v.fid AND d.to_ns={FOREVER} WHERE v.state='pending' AND v.size<=? ORDER BY v.size",
            (max(room, -1),),
        )
        for vid, path, size in rows:
            if vid in self._skip or size > room - taken:
                continue
            taken += size
            found.append((vid, path, size))
            if len(found) >= _PORTION or taken >= _PORTION_BYTES:
                break
        rows.close()
        return found

    def progress(self) -> BaselineProgress:
        """Return what is left."""
        con = self._recorder.catalogue.read()
        count, total = con.execute("SELECT count(*), coalesce(sum(size), 0) FROM version WHERE state='pending'").fetchone()
        room = self._budget - self._spent
        over = con.execute("SELECT count(*) FROM version WHERE state='pending' AND size>?", (max(room, -1),)).fetchone()[0]
        return BaselineProgress(count, over, total)
