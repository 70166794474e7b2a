"""Where inodes went, as the mount's journal tells, and under which name their content belongs.

The recorder's rules of identity (`events`) look at the disk, where the states of a burst of saves are gone; here they are
followed record by record: what is renamed over a name continues that name's history (an atomic save), what is moved to a backup
name (`x` to `x~`) stays in the history of `x`, anything else that is renamed takes its history along. Inode numbers are used
again at once, so each step of an inode counts only from its making to its end.

It reads no disk and no tables. Threading: the recorder's lock is held.
"""

from __future__ import annotations

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
        path2: where it was moved; None where it was made or went.
        replaced: something else had been there.
        made: it was made.
    """

    seq: int
    path: bytes
    path2: bytes | None = None
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
        self._last = -1

    def follow(self, records: Iterable[JournalRecord]) -> None:
        """Note what records say; those that were followed before are passed over."""
        for r in records:
            if r.seq <= self._last:
                continue
            self._last = r.seq
            for ino, step in _steps(r):
                self._steps.setdefault(ino, []).append(step)
                self._count += 1
        if self._count > _MOST:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        border = self._last - _MOST // 4
        self._steps = {i: kept for i, steps in self._steps.items() if (kept := [s for s in steps if s.seq > border])}
        self._count = sum(map(len, self._steps.values()))

    def of(self, r: JournalRecord) -> Way:
        """Return the way of a record's inode, from where it was made to where it is."""
        steps = self._steps.get(r.ino, [])
        first = next((n for n, s in enumerate(steps) if s.seq >= r.seq), len(steps))
        origin = r.path
        while first and steps[first - 1].path2 == origin:
            first -= 1
            origin = steps[first].path
        name, place, others = origin, origin, list[bytes]()
        for s in islice(steps, first, None):
            if s.made and s.seq > r.seq:
                return _way(name, others, None)
            if s.path != place or s.made:
                continue
            if s.path2 is None:
                return _way(name, others, None)
            if name == s.path and not is_backup(s.path, s.path2):
                others = others if s.replaced else [name, *others]
                name = s.path2
            place = s.path2
        return _way(name, others, place)


def _way(name: bytes, others: list[bytes], place: bytes | None) -> Way:
    return Way(tuple(dict.fromkeys([name, *others])), place)


def _steps(r: JournalRecord) -> Iterator[tuple[int, _Step]]:
    if r.kind == RecordKind.CREATE:
        yield r.ino, _Step(r.seq, r.path, made=True)
    elif r.kind == RecordKind.UNLINK:
        yield r.ino, _Step(r.seq, r.path)
    elif r.kind == RecordKind.RENAME:
        exchanged = bool(r.flags & EXCHANGE)
        yield r.ino, _Step(r.seq, r.path, r.path2, replaced=bool(r.ino2) and not exchanged)
        if r.ino2:
            yield r.ino2, _Step(r.seq, r.path2, r.path if exchanged else None)
