"""Errors as they cross a socket: `{"error": {"kind", "message", ...facts}}`, raised again on the other side as what they were.

What the operating system refuses is told as what it means to who asked; any other exception is a fault of ours.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from lsfs import errors
from lsfs.errors import BadRequest, Denied, Exists, LsfsError, NotFound, Unavailable
from lsfs.model import STAGE_PREFIX, show

_OF_ERRNO: dict[int, type[LsfsError]] = {
    errno.EACCES: Denied,
    errno.EPERM: Denied,
    errno.EROFS: Denied,
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotFound,
    errno.EEXIST: Exists,
    errno.ENOTEMPTY: Exists,
    errno.ENAMETOOLONG: BadRequest,
    errno.ELOOP: BadRequest,
    errno.ENOSPC: Unavailable,
    errno.EDQUOT: Unavailable,
    errno.EMFILE: Unavailable,
    errno.EIO: Unavailable,
}


def error_to_json(e: LsfsError) -> dict[str, Any]:
    """Return an error as it crosses the socket."""
    facts = {k: v for k, v in vars(e).items() if isinstance(v, str | int | list)}
    return {"error": {"kind": e.kind, "message": str(e), **facts}}


def error_from_json(body: dict[str, Any]) -> LsfsError:
    """Return the error that an answer carries."""
    facts = body.get("error") or {}
    kind, message = str(facts.get("kind", "error")), str(facts.get("message", "the engine failed"))
    if kind == "ambiguous":
        return errors.Ambiguous(message, list(facts.get("candidates", [])))
    if kind == "conflict":
        return errors.Conflict(message, list(facts.get("paths", [])))
    simple = {c.kind: c for c in _all_errors(LsfsError)}
    return simple.get(kind, LsfsError)(message)


def _all_errors(base: type[LsfsError]) -> list[type[LsfsError]]:
    return [base, *(c for sub in base.__subclasses__() for c in _all_errors(sub))]


def understood(e: Exception) -> LsfsError:
    """Return the error that an exception from below means to a client."""
    if isinstance(e, LsfsError):
        return e
    if isinstance(e, UnicodeEncodeError):
        return BadRequest(f"a text holds half a character (\\u{ord(e.object[e.start]):04x}), which no file can")
    if isinstance(e, OSError) and e.errno in _OF_ERRNO:
        name = e.filename if isinstance(e.filename, bytes) else os.fsencode(e.filename or "")
        where = "" if not name or STAGE_PREFIX in name else f"{show(name)}: "
        return _OF_ERRNO[e.errno](f"{where}{e.strerror}")
    return LsfsError(f"the engine failed ({type(e).__name__}: {e}); its log has the traceback")
