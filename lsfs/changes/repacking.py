"""Repacking file by file: what a file became is kept as a difference to what it was.

It goes on where it ended: the newest version that was looked at is noted in the catalogue, and only files with later ones are
looked at again.

Threading: one at a time (`Changes` sees to that); the recorder's lock is held for a portion of versions, then for a pack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from lsfs.capture.recorder import Recorder
from lsfs.packs.content import Content
from lsfs.packs.reports import RepackReport
from lsfs.packs.store import Packs
from lsfs.versions.collecting import chain, unpacked

_NOTE = "changes:repacked"
_PORTION = 128  # versions while the lock is held: some tenths of a second

GoOn = Callable[[], bool]
"""Asked between portions."""


def always() -> bool:
    """Go on to the end."""
    return True


def waiting(recorder: Recorder) -> int:
    """Return how many files have versions that were not looked at yet."""
    return len(unpacked(recorder.catalogue.read(), _since(recorder)))


def repack(recorder: Recorder, packs: Packs, go_on: GoOn) -> RepackReport:
    """Repack what has come since the last time, and give the room back.

    Raises:
        Unavailable: the disk is full or failing; what was done so far stays done.
    """
    since = _since(recorder)
    patched = before = after = 0
    for newest, fid in unpacked(recorder.catalogue.read(), since):
        for part in _portions(chain(recorder.catalogue.read(), fid, since)):
            if not go_on():
                return RepackReport(patched, before, after)
            with recorder.lock:
                done = packs.repack([part], compact=False)
            patched, before, after = patched + done.patched, before + done.before, after + done.after
        recorder.catalogue.set_meta(_NOTE, str(newest))
    for number in packs.sparse():
        if not go_on():
            break
        with recorder.lock:
            packs.compact(number)
    return RepackReport(patched, before, after)


def _since(recorder: Recorder) -> int:
    return int(recorder.catalogue.meta(_NOTE) or 0)


def _portions(contents: list[Content]) -> Iterator[list[Content]]:
    """Yield pieces of a chain, each with the last content of the one before."""
    rest = iter(contents[1:])
    part = contents[:1]
    while more := list(islice(rest, _PORTION)):
        yield [*part, *more]
        part = more[-1:]
