"""What the version store asks of the packs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol

from lsfs.packs.content import Content
from lsfs.packs.restoring import Restorer


class ContentStore(Protocol):
    """Content by its hash, and records in the order in which they were committed. `lsfs.packs.Packs` is one."""

    @property
    def orphans(self) -> Sequence[tuple[int, bytes]]:
        """Records that the packs hold and the catalogue has not seen, found at start, in order."""
        ...

    def has_orphans(self) -> bool:
        """Tell whether there are any."""
        ...

    def adopt(self, effects: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """Run `effects`, which imports the orphans, and remember in the same transaction that it was done."""
        ...

    def add(self, data: bytes) -> Content:
        """Take content in; durable with the next commit."""
        ...

    def add_file(self, fd: int, *, size_hint: int) -> Content:
        """Take the content of an open file in, without holding it in memory."""
        ...

    def commit(
        self, records: Sequence[tuple[int, bytes]] = (), effects: Callable[[sqlite3.Connection], None] | None = None
    ) -> None:
        """Make what was added and the records durable, then run `effects` in the transaction that makes them visible."""
        ...

    def open(self, content: Content) -> BinaryIO:
        """Return the content as a seekable file; raises Corrupt on reading damaged bytes."""
        ...

    def restore(self, content: Content, fd: int) -> None:
        """Write the content into an empty file, holes as holes, and check it against its digest."""
        ...

    def restorer(self, contents: Iterable[Content]) -> Restorer:
        """Return what does what `restore` does, for these contents: where they lie is looked up at once."""
        ...

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield every record in the order in which it was committed."""
        ...
