"""Paths that people, plans and agents name, confined to the root.

A path in a request is relative to the root, or absolute below the root or its mount point. What leaves the root, by `..`, by an
absolute path or by a symbolic link in one of its folders, is refused, and so is the state directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lsfs.errors import BadRequest, Denied, OutsideRoot
from lsfs.model import RelPath, show

STATE_NAME = b".lsfs"


def confine(root: Path, text: str | bytes, *, also: Iterable[Path] = ()) -> RelPath:
    """Return the path that `text` names, relative to the root; b"" is the root.

    Args:
        also: other names of the root, such as its mount points.

    Raises:
        BadRequest: it holds a NUL or a part that is too long.
        OutsideRoot: it leaves the root.
        Denied: it is in the state directory.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    if b"\0" in raw:
        raise BadRequest(f"the path {show(raw)} holds a NUL byte")
    path = _relative(raw, [os.fsencode(p) for p in (root, *also)])
    parts = [p for p in path.split(b"/") if p not in (b"", b".")]
    clean = _without_dots(parts, raw)
    if clean[:1] == [STATE_NAME]:
        raise Denied(f"{show(raw)} is in the state directory of lsfs, which only lsfs writes")
    if any(len(p) > 255 for p in clean):
        raise BadRequest(f"a name in {show(raw)[:80]} is longer than 255 bytes")
    _no_way_out(os.fsencode(root), clean, raw)
    return RelPath(b"/".join(clean))


def _relative(raw: bytes, tops: list[bytes]) -> bytes:
    if not raw.startswith(b"/"):
        return raw
    normal = os.path.normpath(raw)
    for top in tops:
        for name in {top, os.path.realpath(top)}:
            if normal == name:
                return b""
            if normal.startswith(name.rstrip(b"/") + b"/"):
                return normal[len(name.rstrip(b"/")) + 1 :]
    raise OutsideRoot(f"{show(raw)} is outside of the root {show(tops[0])}")


def _without_dots(parts: list[bytes], raw: bytes) -> list[bytes]:
    clean: list[bytes] = []
    for part in parts:
        if part != b"..":
            clean.append(part)
        elif clean:
            clean.pop()
        else:
            raise OutsideRoot(f"{show(raw)} leads out of the root")
    return clean


def _no_way_out(root: bytes, parts: list[bytes], raw: bytes) -> None:
    """Refuse a path one of whose folders is a link that leaves the root (the last part may be one: it is not followed)."""
    real_root = os.path.realpath(root)
    here = root
    for part in parts[:-1]:
        here = os.path.join(here, part)
        if not os.path.islink(here):
            continue
        real = os.path.realpath(here)
        if real != real_root and not real.startswith(real_root.rstrip(b"/") + b"/"):
            raise OutsideRoot(f"{show(raw)} leads out of the root through the link {show(part)}")
