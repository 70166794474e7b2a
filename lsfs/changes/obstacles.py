"""What is wrong with one path, and what is wrong with the whole disk, when something cannot be changed.

Taking back goes on past the first and stops at the second: nothing that a user or a program put in the way of one path may
keep the others, or the engine, from going on; a full or failing disk is tried again later.

Pure.
"""

from __future__ import annotations

import errno

from lsfs.errors import Conflict, Corrupt, Exists, LsfsError, NotFound, OutsideRoot

ONE_PATH: tuple[type[LsfsError], ...] = (Conflict, Exists, NotFound, OutsideRoot)
"""Somebody has changed, moved or replaced something there."""

_OF_ONE_PATH = frozenset({
    errno.EPERM, errno.EACCES, errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.ELOOP,
    errno.EBUSY, errno.ETXTBSY, errno.ENAMETOOLONG, errno.EXDEV, errno.EMLINK,
})  # fmt: skip


def obstacle(error: LsfsError | OSError, *, all_of_it: bool) -> str:
    """Return in words why one path is left as it is; raises the error again where it is not only about that path.

    Args:
        all_of_it: also what the disk refuses at this path, and content that is damaged in the store.
    """
    if isinstance(error, ONE_PATH):
        return str(error)
    if not all_of_it:
        raise error
    if isinstance(error, Corrupt):
        return str(error)
    if isinstance(error, OSError) and error.errno in _OF_ONE_PATH:
        return f"the disk refused ({error.strerror})"
    raise error
