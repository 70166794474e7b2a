"""What a name in the semantic tree is, and the two things that can be done with a folder of it.

Every folder is read-only, has a README.md that says what one sees, and shows files of the root as symbolic links that resolve
inside the mount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from lsfs.model import RelPath

NodeKind = Literal["directory", "file", "symlink"]


@dataclass(frozen=True, slots=True)
class Node:
    """One name.

    Attributes:
        size: bytes of a file's content or of a link's target.
        mtime_ns: what `ls -l` shows; 0 for what has no time.
        target: what a link points to, relative to the link's own folder.
        read: for files: (offset, size) -> content.
    """

    name: bytes
    kind: NodeKind
    size: int = 0
    mtime_ns: int = 0
    target: bytes | None = None
    read: Callable[[int, int], bytes] | None = None


class Folder(Protocol):
    """A folder of the semantic tree. `child` is cheap; `children` may search."""

    def child(self, name: bytes) -> Folder | Node | None:
        """Return what `name` is in this folder, or None."""
        ...

    def children(self) -> list[Node]:
        """Return the names that a listing shows."""
        ...


def text_node(name: str, text: str) -> Node:
    """Return a file with the given text."""
    data = text.encode("utf-8", "surrogateescape")
    return Node(name.encode(), "file", len(data), read=lambda offset, size: data[offset : offset + size])


def folder_node(name: bytes) -> Node:
    """Return a folder's entry in a listing."""
    return Node(name, "directory")


def links(paths: Iterable[RelPath], depth: int) -> list[Node]:
    """Return numbered links to files of the root, best first: `01 name`.

    Args:
        depth: how many folders the links' own folder is below the mount point.
    """
    chosen = list(paths)
    width = max(2, len(str(len(chosen))))
    out = []
    for number, path in enumerate(chosen, start=1):
        name = b"%0*d " % (width, number) + path.rsplit(b"/", 1)[-1]
        target = b"../" * depth + path
        out.append(Node(name, "symlink", len(target), target=target))
    return out


def named(nodes: Iterable[Node], name: bytes) -> Node | None:
    """Return the node of that name, or None."""
    return next((n for n in nodes if n.name == name), None)
