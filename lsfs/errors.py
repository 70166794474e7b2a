"""The errors of lsfs: one tree, few leaves, each because someone catches it.

    LsfsError
    |- BadRequest            the caller's words are off (exit 2, HTTP 400)
    |  `- Ambiguous          several things fit; carries `candidates`
    |- NotFound              no such path, version, transaction, link (HTTP 404)
    |- Exists                the target is there already; nothing was overwritten (HTTP 409)
    |- Conflict              someone changed, opened or locked it since; carries `paths` (HTTP 409)
    |- Denied                not allowed: locked, no consent, read-only (HTTP 403)
    |  `- OutsideRoot        the path leaves the root
    |- Corrupt               stored bytes do not match their hash or format (HTTP 500)
    |- Unavailable           a part is not there now: engine, model server, full disk (HTTP 503)
    |  `- Lost               the engine went away while it answered: what was asked is done or not
    `- DimensionMismatch     a vector does not have the index's dimension

Facts are fields; the text names the thing and says what to do. errno, exit status and HTTP status come from the table in
`lsfs.errors.HTTP_STATUS` and its like at each edge, never from the raising code.
"""

from __future__ import annotations


class LsfsError(Exception):
    """Base of every error that lsfs raises on purpose."""

    kind = "error"


class BadRequest(LsfsError):
    """The request itself is wrong; repeating it will not help."""

    kind = "bad_request"


class Ambiguous(BadRequest):
    """Several things fit the request.

    Attributes:
        candidates: what could have been meant, best first.
    """

    kind = "ambiguous"

    def __init__(self, message: str, candidates: list[str]) -> None:
        super().__init__(message)
        self.candidates = candidates


class NotFound(LsfsError):
    """The named thing does not exist."""

    kind = "not_found"


class Exists(LsfsError):
    """The target exists and was not overwritten."""

    kind = "exists"


class Conflict(LsfsError):
    """The thing changed, is open for writing or is in use.

    Attributes:
        paths: the paths (as shown to people) that are in the way.
    """

    kind = "conflict"

    def __init__(self, message: str, paths: list[str] | None = None) -> None:
        super().__init__(message)
        self.paths = paths or []


class Denied(LsfsError):
    """The operation is not allowed."""

    kind = "denied"


class OutsideRoot(Denied):
    """The path leads out of the root, by `..`, an absolute path or a symbolic link."""

    kind = "outside_root"


class Corrupt(LsfsError):
    """Stored bytes do not match their hash, checksum or format."""

    kind = "corrupt"


class Unavailable(LsfsError):
    """A part that is needed is not there now; trying later may help."""

    kind = "unavailable"


class Lost(Unavailable):
    """The engine, or the connection to it, went away while it answered; what it was asked to do is done or not."""

    kind = "lost"


class DimensionMismatch(LsfsError):
    """A vector does not have the dimension of the index."""

    kind = "dimension_mismatch"


HTTP_STATUS: dict[str, int] = {
    "bad_request": 400,
    "ambiguous": 400,
    "not_found": 404,
    "exists": 409,
    "conflict": 409,
    "denied": 403,
    "outside_root": 403,
    "corrupt": 500,
    "unavailable": 503,
    "lost": 503,
    "dimension_mismatch": 500,
    "error": 500,
}
"""HTTP status by `LsfsError.kind`; the body carries the kind, the text and the facts."""

EXIT_FOUND = 0
EXIT_NOTHING = 1
EXIT_ERROR = 2
