"""Folders of the past: history/<path>/ with every version of a file, and at/<time>/ with the whole tree as it was.

Content is served read-only from the version store; nothing here touches the root.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Protocol

from lsfs.errors import NotFound
from lsfs.model import Entry, Kind, RelPath, State, Version, VersionId, show
from lsfs.tree.node import Folder, Node, folder_node, named, text_node

MOST_VERSIONS = 10_000
README, OTHER_README = b"README.md", b"README (lsfs).md"
_WITHOUT_CONTENT = {
    State.MISSED: "were overwritten before they could be stored",
    State.LOST: "were in a pack that is missing, cut or damaged",
    State.REMOVED: "were collected under the retention rules",
    State.PENDING: "wait to be stored",
}
AT_README = """The whole tree as it was: at/yesterday/, at/2026-11-20T09:00/, 'at/last monday/'. Read-only.
In the folders below is what was there then and nothing else, so that they can be compared and copied: no README.md is added.
"""
HISTORY_README = """Every version of every file, deleted ones too: history/<path>/<version time>
A version is here a moment after the file was closed. The folders below have a README.md as well; it is not listed, so that
what is listed are versions and nothing else: cat history/<path>/README.md
"""


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
        return [text_node("README.md", AT_README)]


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


def readme(text: str, taken: Iterable[bytes] = ()) -> Node:
    """Return the file that says what a folder is; a file of the root that is called README.md goes before it."""
    return text_node((OTHER_README if README in taken else README).decode(), text)


@dataclass(frozen=True, slots=True)
class History:
    """`history/` and the folders below it: every name there ever was; a file is a folder with its versions."""

    past: Past
    path: RelPath

    def child(self, name: bytes) -> Folder | Node | None:
        """Return a folder of names, or the versions of a file."""
        kinds = dict(self.past.names_ever(self.path))
        if name not in kinds:
            return named([readme(HISTORY_README, kinds)], name)
        here = below(self.path, name)
        return History(self.past, here) if kinds[name] is Kind.DIRECTORY else Versions(self.past, here)

    def children(self) -> list[Node]:
        """Return every name that was ever in this folder of the root."""
        names = [n for n, _ in self.past.names_ever(self.path)]
        return [*([] if self.path else [readme(HISTORY_README, names)]), *map(folder_node, names)]


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one file as read-only files: `0007 2026-11-20T10:15:03`."""

    past: Past
    path: RelPath

    def child(self, name: bytes) -> Folder | Node | None:
        """Return one version, or README.md."""
        found = self._found()
        return readme(self._told(found)) if name == README else named(self._readable(found), name)

    def children(self) -> list[Node]:
        """Return the versions, oldest first; README.md, not listed, tells of those without content: deletions, gaps."""
        return self._readable(self._found())

    def _found(self) -> Sequence[Version]:
        try:
            return self.past.history(self.path, limit=MOST_VERSIONS)
        except NotFound:
            return []

    def _readable(self, found: Sequence[Version]) -> list[Node]:
        width = max(4, len(str(found[0].number))) if found else 4
        readable = [v for v in reversed(found) if v.state in (State.STORED, State.TORN)]
        return [content_node(self.past, self._name(v, width), v) for v in readable]

    def _told(self, found: Sequence[Version]) -> str:
        count = len(self._readable(found))
        lines = [f"{count} versions of {show(self.path)}, the oldest first. Read-only: copy one out, or lsfs rollback."]
        if len(found) == MOST_VERSIONS:
            lines.append(f"Only the newest {MOST_VERSIONS} are shown.")
        if found and found[0].state is State.DELETED:
            lines.append("The file is deleted.")
        for state, why in _WITHOUT_CONTENT.items():
            if count := sum(v.state is state for v in found):
                lines.append(f"{count} versions {why}.")
        return "\n".join([*lines, "A version is here a moment after the file was closed.", ""])

    def _name(self, v: Version, width: int) -> bytes:
        local = datetime.fromtimestamp(v.at_ns // 1_000_000_000, UTC).astimezone()
        return f"{v.number:0{width}d} {local:%Y-%m-%dT%H:%M:%S}".encode()
