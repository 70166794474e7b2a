"""What the disk refuses the packs, as one error for the caller: Unavailable, naming the store and what to do."""

from __future__ import annotations

import errno

from lsfs import catalogue
from lsfs.errors import Unavailable

_ROOM = (errno.ENOSPC, errno.EDQUOT)


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
    return catalogue.is_full(cause) or (isinstance(cause, OSError) and cause.errno in _ROOM)
