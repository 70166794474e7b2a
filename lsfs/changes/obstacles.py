"""What is wrong with one path, and what is wrong with the whole disk, when something cannot be changed.

Taking back goes on past the first and stops at the second: nothing that a user or a program put in the way of one path may
keep the others, or the engine, from going on; a full or failing disk is tried again later.

Pure.
"""

from __future__ import annotations

import errno
import os

from lsfs.errors import Conflict, Corrupt, Exists, LsfsError, NotFound, OutsideRoot

ONE_PATH: tuple[type[LsfsError], ...] = (Conflict, Exists, NotFound, OutsideRoot)
"""Somebody has changed, moved or replaced something there."""

_CHANGED = frozenset({errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.ELOOP})
"""The same, noticed in the moment of the change itself."""

_REFUSED = frozenset({
    errno.EPERM, errno.EACCES, errno.EBUSY, errno.ETXTBSY, errno.ENAMETOOLONG, errno.EXDEV, errno.EMLINK,
})  # fmt: skip


def obstacle(error: LsfsError | OSError, *, all_of_it: bool) -> str:
    """Return in words why one path is left as it is; raises the error again where it is not only about that path.

    Args:
        all_of_it: also what the disk refuses at this path, and content that is damaged in the store.
    """
    if isinstance(error, ONE_PATH):
        return str(error)
    number = error.errno if isinstance(error, OSError) else None
    if number in _CHANGED or (all_of_it and number in _REFUSED):
        return f"the disk refused ({os.strerror(number or 0)})"
    if all_of_it and isinstance(error, Corrupt):
        return str(error)
    raise error
