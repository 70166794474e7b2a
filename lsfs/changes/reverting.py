"""Taking back a transaction that failed while the engine runs; after a crash `recovery` does it.

What a program has changed there since stays as it is, as that program's change, and what is wrong with one path is no reason to
leave the rest: only a disk that refuses as a whole leaves it half done, to be tried again.

Threading: takes the recorder's lock.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from lsfs.capture.recorder import Recorder
from lsfs.changes.cutoff import read_cut, theirs
from lsfs.changes.hand import Hand
from lsfs.changes.ledger import Ledger
from lsfs.changes.putback import Putback, live_names, vids_of
from lsfs.changes.stock import Stock
from lsfs.model import RelPath, TransactionId, show
from lsfs.versions.records import BeginRecord
from lsfs.versions.versions import Versions

_LOG = logging.getLogger(__name__)
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Recovered:
    """A transaction that was taken back, because a crash had cut it off or it failed.

    Attributes:
        restored: paths that were put back.
        kept: paths that were left as they are, with the reason.
        why: how it ended, in words.
    """

    id: TransactionId
    prompt: str
    restored: tuple[RelPath, ...]
    kept: dict[RelPath, str]
    why: str = "was cut off and taken back"

    @property
    def words(self) -> str:
        """What `status` tells of it."""
        said = f"transaction {self.id} ({self.prompt or 'no prompt'}) {self.why}: {len(self.restored)} paths put back"
        if self.kept:
            said += f", {len(self.kept)} left as they are: {left(self.kept)}"
        return said


def left(kept: dict[RelPath, str]) -> str:
    """Name what was left as it is."""
    named = [f"{show(path)} ({why})" for path, why in sorted(kept.items())[:_NAMED]]
    return ", ".join(named) + (f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else "")


def revert(recorder: Recorder, versions: Versions, hand: Hand, ledger: Ledger, begin: BeginRecord) -> Recovered:
    """Put back what the steps changed, and record the end.

    Raises:
        LsfsError, OSError: the disk refuses as a whole.
    """
    with recorder.lock:
        others = theirs(recorder.disk, read_cut(recorder.catalogue.read(), begin.tx))
        ledger.leave(others)
        before = {path: target for path, target in ledger.before.items() if path not in others}
        vids = vids_of(before)
        current = ledger.sync(list(before))
        with hand.staging.helper(vids) as helper:
            putback = Putback(hand, Stock(versions, vids), current, helper, all_of_it=True)
            try:
                putback.run(before, live_names(versions, before, current))
            finally:
                ledger.put_back(putback.result)
    hand.sync()
    ledger.close("reverted")
    kept = putback.result.kept | dict.fromkeys(others, "changed since")
    done = Recovered(
        TransactionId(begin.tx), begin.prompt, tuple(sorted(putback.result.touched)), kept, "failed and was taken back"
    )
    if kept:
        _LOG.warning("%s", done.words)
    return done
