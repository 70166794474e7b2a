"""Write the new content of a file into its staged copy: what is given, before or after what is there."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import BinaryIO, Literal

from lsfs.errors import Unavailable

Mode = Literal["overwrite", "append", "prepend"]
Data = bytes | BinaryIO
_PIECE = 1 << 20


def fill(fd: int, data: Data, mode: Mode, old: Callable[[], int] | None) -> None:
    """Write the content.

    Args:
        old: opens the file as it is; None where there is none.

    Raises:
        Unavailable: the disk refuses.
    """
    new = io.BytesIO(data) if isinstance(data, bytes) else data
    parts: list[BinaryIO] = [new]
    with ExitStack() as stack:
        if old is not None and mode != "overwrite":
            before = stack.enter_context(os.fdopen(old(), "rb"))
            parts = [before, new] if mode == "append" else [new, before]
        for part in parts:
            while piece := part.read(_PIECE):
                _write_all(fd, piece)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except OSError as e:
            raise Unavailable(f"the root's disk cannot be written: {e.strerror}") from e
