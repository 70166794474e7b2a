"""read: the content of a file, now, of a version, or at a time; whole, or some of its lines however large it is.

Content that is no UTF-8 is base64, with the text that is in it (of a PDF, an Office file, an old encoding) beside it where
there is any; lines of such a file are lines of its text.
"""

from __future__ import annotations

import base64
import io
import itertools
import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from lsfs.errors import BadRequest, NotFound
from lsfs.model import Kind, Version, path_json, show
from lsfs_syscalls.calls.reading import Read
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.contents import text_of
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.picking import version_of

MAX_READ_BYTES = 64 * 1024 * 1024
"""A larger answer is refused: read the file through the mount, or fewer lines."""
_LONGEST_LINE = 1 << 20


def read(ctx: Context, call: Read) -> Answer:
    """Return the content of a file.

    Raises:
        BadRequest: it is no file, the answer would be too large, or `lines` says no lines.
        NotFound: its text is asked for and it has none.
    """
    version = version_of(ctx, call.path, call.version, call.at)
    if version.kind is not Kind.FILE:
        raise BadRequest(f"{show(version.path)} is a {version.kind.value}; `read` takes files")
    body: dict[str, Json] = {**path_json(version.path), "version": version.number, "size": version.size}
    if call.text:
        found: dict[str, Json] = {"content": _in_it(ctx, version, call.lines), "encoding": "utf-8", "extracted": True}
    elif call.lines is None:
        found = _whole(ctx, version)
    else:
        found = _part(ctx, version, call.lines)
    return Answer({**body, **found}, (version.path,))


def _in_it(ctx: Context, version: Version, lines: str | None) -> str:
    """Return the text that is in a document, or some lines of it."""
    text = text_of(ctx, version)
    if not text:
        raise NotFound(f"{show(version.path)} has no text" + (" that has lines to choose" if lines else ""))
    return (
        text if lines is None else _chosen(io.BytesIO(text.encode("utf-8", "surrogatepass")), lines).decode("utf-8", "replace")
    )


def _part(ctx: Context, version: Version, lines: str) -> dict[str, Json]:
    with ctx.engine.versions.open(version) as stream:
        data = _chosen(stream, lines)
    try:
        return {"content": data.decode("utf-8"), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"content": _in_it(ctx, version, lines), "encoding": "utf-8", "extracted": True}


def _whole(ctx: Context, version: Version) -> dict[str, Json]:
    if version.size > MAX_READ_BYTES:
        raise BadRequest(
            f"{show(version.path)} has {version.size} bytes; read it through the mount, or some of its lines with `lines`"
        )
    data = ctx.engine.versions.read(version)
    try:
        return {"content": data.decode("utf-8"), "encoding": "utf-8"}
    except UnicodeDecodeError:
        found: dict[str, Json] = {"content": base64.b64encode(data).decode("ascii"), "encoding": "base64"}
        text = text_of(ctx, version)
        return {**found, "text": text} if text else found


def _chosen(stream: BinaryIO, lines: str) -> bytes:
    m = re.fullmatch(r"(\d*)(-?)(\d*)", lines.strip())
    if m is None or not (m[1] or m[3]):
        raise BadRequest(f"`lines` is 10, 10-20, 10- or -10 for the last 10, not {lines!r}")
    if not m[1]:
        return b"".join(_bounded(iter(deque(_lines(stream), maxlen=int(m[3])))))
    first = max(int(m[1]), 1)
    last = int(m[3]) if m[3] else None if m[2] else first
    return b"".join(_bounded(itertools.islice(_lines(stream), first - 1, last)))


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; one that is longer than a mebibyte comes in pieces, so that memory stays bounded."""
    while line := stream.readline(_LONGEST_LINE):
        yield line


def _bounded(lines: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        size += len(line)
        if size > MAX_READ_BYTES:
            raise BadRequest(f"these lines are more than {MAX_READ_BYTES} bytes; ask for fewer")
        yield line
