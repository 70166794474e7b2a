"""The renames of one putting back: which file comes from where, what is put aside to make room, and what goes home again.

A file on its way from one name to another is at a temporary name in between, where its new name is still taken or its old one
is wanted by another. One that cannot get to its new name goes back to the old one, or to a name that is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableSet
from contextlib import suppress

from lsfs.capture.known import Known
from lsfs.changes.hand import Hand
from lsfs.errors import Exists, LsfsError
from lsfs.model import RelPath, show
from lsfs.versions.changing import parent_of

_NAMES = 1000


class Moves:
    """Renames, in order, and where everything is after them.

    Args:
        by_target: the path that each moving file comes from, by the path where it goes.
        current: what the tables say of the paths.
        touched: paths that changed are added to it.
    """

    def __init__(
        self,
        hand: Hand,
        by_target: dict[RelPath, RelPath],
        current: Mapping[RelPath, Known | None],
        touched: MutableSet[RelPath],
    ) -> None:
        self.by_target = by_target
        self.sources = frozenset(by_target.values())
        self._goes_to = {source: target for target, source in by_target.items()}
        self._hand = hand
        self._current = current
        self._touched = touched
        self._renames: list[tuple[bytes, bytes]] = []
        self._aside: set[RelPath] = set()
        self._arrived: set[RelPath] = set()

    def now_at(self, path: bytes) -> RelPath:
        """Return where something that was at `path` is after the renames so far."""
        for old, new in self._renames:
            if path == old:
                path = new
            elif path.startswith(old + b"/"):
                path = new + path[len(old) :]
        return RelPath(path)

    def carried(self, path: RelPath) -> RelPath:
        """Return where something is after all renames that does not move on its own: where the folder above it goes."""
        above = parent_of(path) if self.sources else b""
        while above and above not in self.sources:
            above = parent_of(above)
        return RelPath(self._goes_to[RelPath(above)] + path[len(above) :]) if above else path

    def put_aside(self, source: RelPath, vanishing: Iterable[RelPath]) -> None:
        """Give a file that moves a temporary name, outside of the folders that vanish.

        Args:
            vanishing: folders at whose names something else shall be.
        """
        above = min((f for f in vanishing if source.startswith(f + b"/")), default=source)
        self._rename(source, self._hand.temporary_beside(self.now_at(above)))
        self._aside.add(source)

    def arrive(self, path: RelPath) -> None:
        """Rename the file that moves to `path` to there."""
        source = self.by_target[path]
        self._rename(source, path)
        self._aside.discard(source)
        self._arrived.add(source)

    def has_left(self, path: RelPath) -> bool:
        """Tell whether what was at a path has another name for good."""
        return path in self._arrived

    def _rename(self, source: RelPath, target: RelPath) -> None:
        old = self.now_at(source)
        if old != target:
            self._hand.rename(old, target)
            self._renames.append((old, target))
        self._touched |= {source, target} if source in self._current else {target}

    def go_home(self) -> dict[RelPath, RelPath]:
        """Rename what is still at a temporary name back to where it was, or to a name that is seen; return the latter."""
        shown: dict[RelPath, RelPath] = {}
        for source in sorted(self._aside):
            try:
                self._rename(source, source)
            except (LsfsError, OSError):
                name = self._show(source)
                if name is not None:
                    shown[source] = name
        self._aside.clear()
        return shown

    def _show(self, source: RelPath) -> RelPath | None:
        above = parent_of(self.now_at(source))
        for number in range(1, _NAMES):
            name = b"kept by lsfs %d" % number
            path = RelPath(above + b"/" + name if above else name)
            with suppress(Exists):
                try:
                    self._rename(source, path)
                except OSError:
                    return None
                return path
        return None


def find_moves(
    targets: Mapping[RelPath, int | None], live: Mapping[int, list[RelPath]], current: Mapping[RelPath, Known | None]
) -> dict[RelPath, RelPath]:
    """Return, by the path where it shall be, the path from where a file has to be renamed.

    Args:
        targets: the file that shall be at each path.
        live: the names that each file has now.
    """
    moves: dict[RelPath, RelPath] = {}
    used: set[RelPath] = set()
    for path, fid in sorted(targets.items()):
        now = current.get(path)
        if fid is None or (now is not None and now.fid == fid):
            continue
        free = [n for n in live.get(fid, []) if n in targets and targets[n] != fid and n not in used]
        if free:
            moves[path] = free[0]
            used.add(free[0])
    return moves


def moved(path: RelPath) -> str:
    """Say where something is that could not go home."""
    return f"it is {show(path)} now"
