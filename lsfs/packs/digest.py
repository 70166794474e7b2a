"""The digest of a whole content: BLAKE3-256 of its bytes, holes read as zeros, as long as that is a matter of moments.

A file can say that it has terabytes and hold nothing. Where its holes together are larger than LARGE_HOLES their zeros are not
hashed, only told: the digest is then that of the list of runs, in a domain of its own (BLAKE3's key derivation), each run of
data by its length and hash, each hole by its length. Which of the two it is follows from the content's list of extents.

Threading: one thread for each object.
"""

from __future__ import annotations

from blake3 import blake3

LARGE_HOLES = 1 << 30
_ZEROS = bytes(1 << 20)
_CONTEXT = "lsfs 2026-11-28 content with large holes, format 1"


class WholeDigest:
    """A digest in the making.

    Args:
        holes_bytes: how long the holes of the content are together.
    """

    def __init__(self, holes_bytes: int) -> None:
        self._runs = blake3(derive_key_context=_CONTEXT) if holes_bytes > LARGE_HOLES else None
        self._data = blake3()
        self._length = 0

    def data(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._data.update(data)
        self._length += len(data)

    def hole(self, length: int) -> None:
        """Take a hole."""
        if self._runs is not None:
            self._end_run(self._runs)
            self._runs.update(b"h%d\n" % length)
            return
        while length > 0:
            self._data.update(_ZEROS[:length] if length < len(_ZEROS) else _ZEROS)
            length -= len(_ZEROS)

    def digest(self) -> bytes:
        """Return the digest of all that was taken."""
        if self._runs is None:
            return self._data.digest()
        self._end_run(self._runs)
        return self._runs.digest()

    def _end_run(self, runs: blake3) -> None:
        if self._length:
            runs.update(b"d%d %s\n" % (self._length, self._data.hexdigest().encode()))
            self._data, self._length = blake3(), 0
