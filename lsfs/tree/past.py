"""Folders of the past: history/<path>/ with every version of a file, and at/<time>/ with the whole tree as it was.

Content is served read-only from the version store; nothing here touches the root.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Protocol

from lsfs.errors import NotFound
from lsfs.model import Entry, Kind, RelPath, State, Version, VersionId
from lsfs.tree.node import Folder, Node, folder_node, named, text_node

MOST_VERSIONS = 10_000


class Past(Protocol):
    """What is asked of the version store."""

    def list(self, under: RelPath = ..., *, at_ns: int | None = None, recursive: bool = False) -> Sequence[Entry]:
        """Return what was directly below a folder at a time."""
        ...

    def entry_at(self, path: RelPath, at_ns: int | None) -> Entry | None:
        """Return what a path stood for at a time."""
        ...

    def names_ever(self, under: RelPath) -> Sequence[tuple[bytes, Kind]]:
        """Return every name that was ever directly below a folder."""
        ...

    def history(self, path: RelPath, *, limit: int | None = None) -> Sequence[Version]:
        """Return the versions of a file, newest first."""
        ...

    def version_by_id(self, vid: VersionId) -> Version:
        """Return a version."""
        ...

    def open(self, version: Version) -> BinaryIO:
        """Return a version's content."""
        ...


def below(folder: RelPath, name: bytes) -> RelPath:
    """Return the path of a name in a folder."""
    return RelPath(folder + b"/" + name if folder else name)


def content_node(past: Past, name: bytes, version: Version) -> Node:
    """Return a version as a file, or as the link that it was."""
    if version.kind is Kind.SYMLINK:
        target = version.target or b""
        return Node(name, "symlink", len(target), version.mtime_ns, target=target)

    def read(offset: int, size: int) -> bytes:
        with past.open(version) as f:
            f.seek(offset)
            return f.read(size)

    return Node(name, "file", version.size, version.mtime_ns, read=read)


@dataclass(frozen=True, slots=True)
class At:
    """`at/`: any time in words or as ISO 8601 is a folder with the tree as it was then."""

    past: Past
    when: Callable[[str], int | None]

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the tree at a time; None if the name is no time."""
        if name == b"README.md":
            return named(self.children(), name)
        at_ns = None if name.startswith(b".") else self.when(name.decode("utf-8", "replace"))
        return None if at_ns is None else Then(self.past, RelPath(b""), at_ns)

    def children(self) -> list[Node]:
        """Return README.md; the times are reachable by name."""
        text = "The whole tree as it was: at/yesterday/, at/2026-11-20T09:00/, 'at/last monday/'. Read-only.\n"
        return [text_node("README.md", text)]


@dataclass(frozen=True, slots=True)
class Then:
    """A folder of the root as it was at a time."""

    past: Past
    path: RelPath
    at_ns: int

    def child(self, name: bytes) -> Folder | Node | None:
        """Return what `name` was."""
        entry = self.past.entry_at(below(self.path, name), self.at_ns)
        return None if entry is None else self._shown(name, entry)

    def _shown(self, name: bytes, entry: Entry) -> Folder | Node | None:
        if entry.kind is Kind.DIRECTORY:
            return Then(self.past, entry.path, self.at_ns)
        return content_node(self.past, name, self.past.version_by_id(entry.version))

    def children(self) -> list[Node]:
        """Return the names that were there then."""
        out = []
        for entry in self.past.list(self.path, at_ns=self.at_ns):
            name = os.path.basename(entry.path)
            shown = self._shown(name, entry)
            out.append(shown if isinstance(shown, Node) else folder_node(name))
        return out


@dataclass(frozen=True, slots=True)
class History:
    """`history/` and the folders below it: every name there ever was; a file is a folder with its versions."""

    past: Past
    path: RelPath

    def child(self, name: bytes) -> Folder | Node | None:
        """Return a folder of names, or the versions of a file."""
        if not self.path and name == b"README.md":
            return named(self.children(), name)
        kinds = dict(self.past.names_ever(self.path))
        if name not in kinds:
            return None
        here = below(self.path, name)
        return History(self.past, here) if kinds[name] is Kind.DIRECTORY else Versions(self.past, here)

    def children(self) -> list[Node]:
        """Return every name that was ever in this folder of the root."""
        names = [folder_node(n) for n, _ in self.past.names_ever(self.path)]
        if self.path:
            return names
        return [
            text_node("README.md", "Every version of every file, deleted ones too: history/<path>/<version time>\n"),
            *names,
        ]


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one file as read-only files: `0007 2026-11-20T10:15:03`."""

    past: Past
    path: RelPath

    def child(self, name: bytes) -> Folder | Node | None:
        """Return one version."""
        return named(self.children(), name)

    def children(self) -> list[Node]:
        """Return the versions, oldest first; the end of a deleted file and what was missed are not among them."""
        try:
            found = self.past.history(self.path, limit=MOST_VERSIONS)
        except NotFound:
            return []
        width = max(4, len(str(found[0].number))) if found else 4
        readable = [v for v in reversed(found) if v.state in (State.STORED, State.TORN)]
        return [content_node(self.past, self._name(v, width), v) for v in readable]

    def _name(self, v: Version, width: int) -> bytes:
        local = datetime.fromtimestamp(v.at_ns // 1_000_000_000, UTC).astimezone()
        return f"{v.number:0{width}d} {local:%Y-%m-%dT%H:%M:%S}".encode()
