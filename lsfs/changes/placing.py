"""The files that one putting back writes: staged by the engine or its helper, made durable together, then given their names.

Threading: one thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple, Protocol

from lsfs.capture.disk import Look
from lsfs.changes.hand import Hand
from lsfs.changes.helper import LARGEST, Helper, Order
from lsfs.changes.staging import Staged
from lsfs.changes.stock import Stock
from lsfs.errors import LsfsError

_PORTION = 4096  # staged files
_PORTION_BYTES = 256 << 20


class Told(Protocol):
    """Is told what became of each file."""

    def placed(self, order: Order, look: Look) -> None:
        """It is at its path, as `look` says."""

    def failed(self, order: Order, error: LsfsError | OSError) -> None:
        """It is not. Raises the error where it is not only about this file."""


class _Waiting(NamedTuple):
    """A file that is staged and not placed yet."""

    order: Order
    staged: Staged


class Placing:
    """Writes files and places them, at the latest with `place`."""

    def __init__(self, hand: Hand, stock: Stock, helper: Helper, told: Told) -> None:
        self._hand, self._stock, self._helper, self._told = hand, stock, helper, told
        self._waiting: list[_Waiting] = []
        self._bytes = 0
        self._restorer = stock.restorer(())

    def expect(self, vids: Iterable[int]) -> None:
        """Look up at once where the contents of these versions lie; they are about to be written."""
        self._restorer = self._stock.restorer(vids)

    def write(self, order: Order) -> None:
        """Have a file written.

        Raises:
            LsfsError, OSError: it cannot be, or the disk refuses as a whole.
        """
        staged = self._hand.staging.kept(order.path, order.stored.version.vid)
        if staged is not None:
            self._waiting.append(_Waiting(order, staged))
        elif not self._give(order):
            self._stage(order)
        self._bytes += order.content.size
        if len(self._waiting) >= _PORTION or self._bytes > _PORTION_BYTES:
            self.place()

    def _give(self, order: Order) -> bool:
        """Have the helper write a file, if it can; return whether it does."""
        if not self._helper.wants():
            self._collect()
        if order.stored.xattrs is not None or not self._helper.wants():
            return False
        payload = self._restorer.stored(order.content, LARGEST)
        return payload is not None and self._hand.staging.give(self._helper, order, payload)

    def _stage(self, order: Order) -> None:
        fill = partial(self._restorer.restore, order.content)
        staged = self._hand.staging.stage_aside(order.path, fill, order.stored.attributes, order.content.digest)
        self._waiting.append(_Waiting(order, staged))

    def _collect(self, *, everything: bool = False) -> None:
        """Take over what the helper has written, and write what it has not."""
        left: list[Order] = []
        for order, here in self._helper.finished(everything=everything):
            if here is None:
                left.append(order)
                continue
            staged = Staged(order.path, here.name, -1, here.folder, here.directory, here.ino)
            self._waiting.append(_Waiting(order, staged))
        for order in left:
            try:
                self._stage(order)
            except (LsfsError, OSError) as e:
                self._told.failed(order, e)

    def place(self) -> None:
        """Give what is written its names, once it is durable: one sync for all.

        Raises:
            LsfsError, OSError: the disk refuses as a whole.
        """
        self._collect(everything=True)
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        waiting.reverse()
        try:
            if waiting:
                self._hand.staging.make_durable([w.staged for w in waiting])
            while waiting:
                self._place_one(*waiting[-1])
                waiting.pop()
        finally:
            self._waiting = waiting

    def _place_one(self, order: Order, staged: Staged) -> None:
        try:
            look = self._hand.replace(staged, order.now)
        except (LsfsError, OSError) as e:
            self._told.failed(order, e)
        else:
            self._told.placed(order, look)

    def discard(self) -> None:
        """Remove what is staged and has no name."""
        for waiting in self._waiting:
            self._hand.staging.discard(waiting.staged)
