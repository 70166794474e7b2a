"""Byte ranges of HTTP requests. Several ranges in one request are answered with the whole content, as the standard allows.

Source: RFC 9110, section 14.
"""

from __future__ import annotations

import re

from lsfs.errors import BadRequest

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (first, behind the last) of the range that is asked for, or None for the whole.

    Raises:
        BadRequest: the range lies behind the end (status 416).
    """
    m = _RANGE.fullmatch(header.strip()) if header else None
    if m is None or not (m[1] or m[2]):
        return None
    if not m[1]:
        count = min(int(m[2]), size)
        if not count:
            raise BadRequest("an empty range")
        return size - count, size
    first = int(m[1])
    last = min(int(m[2]), size - 1) if m[2] else size - 1
    if first >= size:
        raise BadRequest(f"the content has {size} bytes")
    if last < first:
        return None
    return first, last + 1
