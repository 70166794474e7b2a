"""Where inodes went, as the mount's journal tells, and under which name their content belongs.

The recorder's rules of identity (`events`) look at the disk, where the states of a burst of saves are gone; here they are
followed record by record: what is renamed over a name continues that name's history (an atomic save), what is moved to a backup
name (`x` to `x~`) stays in the history of `x`, anything else that is renamed takes its history along. Inode numbers are used
again at once, so each step of an inode counts only from its making to its end.

It reads no disk and no tables. Threading: the recorder's lock is held.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from lsfs.capture.events import is_backup
from lsfs.wire.journal import JournalRecord, RecordKind

EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_MOST = 16384


class _Step(NamedTuple):
    """What happened to an inode.

    Attributes:
        at: time and number of the record; the numbers of several mounts have nothing to do with each other.
        path2: where it was moved; empty where it was made or went.
        replaced: something else had been there.
        made: it was made.
    """

    at: tuple[int, int]
    path: bytes
    path2: bytes = b""
    replaced: bool = False
    made: bool = False


class Way(NamedTuple):
    """Where the inode of a record is, and whose content it had.

    Attributes:
        names: the names in whose history its content belongs, the likeliest first.
        place: where the inode is now, which may be a backup name; None: it has gone.
    """

    names: tuple[bytes, ...]
    place: bytes | None


class Ways:
    """The steps of inodes, from a bounded part of the journal."""

    def __init__(self) -> None:
        self._steps: dict[int, list[_Step]] = {}
        self._count = 0

    def follow(self, records: Iterable[JournalRecord]) -> None:
        """Note what records say; those that were followed before are passed over."""
        for r in records:
            for ino, step in _steps(r):
                steps = self._steps.setdefault(ino, [])
                place = bisect_left(steps, step)
                if steps[place : place + 1] != [step]:
                    steps.insert(place, step)
                    self._count += 1
        if self._count > _MOST:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        border = sorted(s.at for steps in self._steps.values() for s in steps)[-_MOST // 4]
        self._steps = {i: kept for i, steps in self._steps.items() if (kept := [s for s in steps if s.at >= border])}
        self._count = sum(map(len, self._steps.values()))

    def of(self, r: JournalRecord) -> Way:
        """Return the way of a record's inode, from where it was made to where it is."""
        steps, at = self._steps.get(r.ino, []), (r.time_ns, r.seq)
        first = next((n for n, s in enumerate(steps) if s.at >= at), len(steps))
        origin = r.path
        while first and steps[first - 1].path2 == origin:
            first -= 1
            origin = steps[first].path
        name, place, others = origin, origin, list[bytes]()
        for s in islice(steps, first, None):
            if s.made and s.at > at:
                return _way(name, others, None)
            if s.path != place or s.made:
                continue
            if not s.path2:
                return _way(name, others, None)
            if name == s.path and not is_backup(s.path, s.path2):
                others = others if s.replaced else [name, *others]
                name = s.path2
            place = s.path2
        return _way(name, others, place)


def _way(name: bytes, others: list[bytes], place: bytes | None) -> Way:
    return Way(tuple(dict.fromkeys([name, *others])), place)


def _steps(r: JournalRecord) -> Iterator[tuple[int, _Step]]:
    at = (r.time_ns, r.seq)
    if r.kind == RecordKind.CREATE:
        yield r.ino, _Step(at, r.path, made=True)
    elif r.kind == RecordKind.UNLINK:
        yield r.ino, _Step(at, r.path)
    elif r.kind == RecordKind.RENAME:
        exchanged = bool(r.flags & EXCHANGE)
        yield r.ino, _Step(at, r.path, r.path2, replaced=bool(r.ino2) and not exchanged)
        if r.ino2:
            yield r.ino2, _Step(at, r.path2, r.path if exchanged else b"")
