"""The messages of the semantic tree: the mount asks the engine `POST /tree` with one JSON object.

    {"op": "lookup" | "list" | "read" | "mkdir" | "rmdir", "path_b64": parts below .lsfs/ joined by "/",
     "offset", "size" (read)}
    {"op": "getxattr" | "setxattr" | "removexattr" | "listxattr", "path_b64": a path of the root, "name", "value_b64"}
Answers:
    lookup  {"node": NODE}      list {"nodes": [NODE]}      read {"data_b64"}      mkdir, rmdir, setxattr, removexattr {}
    getxattr {"value_b64"}      listxattr {"names": [text]}
    NODE    {"name_b64", "kind": "directory" | "file" | "symlink", "size", "mtime_ns", "target_b64" or null}
An error is the engine's usual error object; its kind becomes an errno in the mount (`ERRNO`).
"""

from __future__ import annotations

import base64
import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

NodeKind = Literal["directory", "file", "symlink"]

ERRNO: Mapping[str, int] = {
    "not_found": errno.ENOENT,
    "denied": errno.EACCES,
    "outside_root": errno.EACCES,
    "exists": errno.EEXIST,
    "bad_request": errno.EINVAL,
    "ambiguous": errno.EINVAL,
    "conflict": errno.EBUSY,
    "corrupt": errno.EIO,
    "unavailable": errno.EAGAIN,
    "lost": errno.EAGAIN,
}
"""errno by the kind of the engine's error; EIO for any other."""


@dataclass(frozen=True, slots=True)
class WireNode:
    """A name in the semantic tree as it crosses the socket."""

    name: bytes
    kind: NodeKind
    size: int = 0
    mtime_ns: int = 0
    target: bytes | None = None


def is_query(name: bytes) -> bool:
    """Tell whether a looked-up name is a query: not hidden (editors and shells probe for those) and not a fixed name."""
    return not name.startswith(b".") and name not in (b"README.md", b"and", b"")


def is_question(path: bytes) -> bool:
    """Tell whether a path below `.lsfs/` is a folder by its form alone: a search, a narrowed one, a prompt."""
    top, *names = path.split(b"/")
    if top == b"ask":
        return len(names) == 1 and is_query(names[0])
    queries, ands = names[::2], names[1::2]
    return top == b"search" and bool(names) and all(map(is_query, queries)) and set(ands) <= {b"and"}


def b64(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: str) -> bytes:
    """Return the bytes of a text; raises ValueError when it is none."""
    return base64.b64decode(text, validate=True)


def node_to_json(n: WireNode) -> dict[str, Any]:
    """Return a node's object."""
    target = None if n.target is None else b64(n.target)
    return {"name_b64": b64(n.name), "kind": n.kind, "size": n.size, "mtime_ns": n.mtime_ns, "target_b64": target}


def node_from_json(data: Mapping[str, Any]) -> WireNode:
    """Return the node of an object."""
    target = data.get("target_b64")
    return WireNode(
        unb64(data["name_b64"]),
        data["kind"],
        int(data["size"]),
        int(data["mtime_ns"]),
        None if target is None else unb64(target),
    )
