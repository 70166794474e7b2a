"""What the disk or the catalogue refuses, as one error for the caller: Unavailable, naming the store and what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from lsfs.catalogue import Catalogue
from lsfs.errors import Unavailable

_ROOM = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def unavailable(directory: str, error: OSError) -> Unavailable:
    """Return the error for a system call that failed."""
    if error.errno in _ROOM:
        return Unavailable(
            f"the store {directory} has no room ({error.strerror}): free space on its disk or run `lsfs gc`; "
            "nothing of this was stored, and it goes on when there is room"
        )
    return Unavailable(f"the disk of the store {directory} failed ({error}): nothing of this was stored; check the disk")


def is_full(error: Unavailable) -> bool:
    """Tell whether room would help."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(cause, OSError) and cause.errno in _ROOM


@contextmanager
def transaction(catalogue: Catalogue, directory: str) -> Iterator[sqlite3.Connection]:
    """Run one transaction of the catalogue.

    Raises:
        Unavailable: its disk is full or failing.
    """
    try:
        with catalogue.write() as con:
            yield con
    except sqlite3.OperationalError as e:
        if e.sqlite_errorcode & 0xFF in _REFUSED:
            raise Unavailable(f"the catalogue beside {directory} cannot be written ({e}): free space on its disk") from e
        raise
