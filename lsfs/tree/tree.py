"""The semantic tree as a whole: from a path below MOUNTPOINT/.lsfs/ to the node it means.

Threading: any thread; it keeps no state of its own but a short-lived memory of listings, guarded by `_lock`, so that the
    look-ups that follow the reading of a folder do not search again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lsfs.errors import BadRequest, NotFound
from lsfs.model import RelPath, show
from lsfs.tree.node import Folder, Node, folder_node, text_node
from lsfs.tree.past import At, History, Past
from lsfs.tree.queries import Answers, Ask, Attributes, Groups, Saved, Search

Parts = tuple[bytes, ...]

REMEMBERED_S = 2.0
"""How long a listing answers look-ups in it; `ls -l` looks every name up right after reading the folder."""
README = """This is the semantic side of the mounted directory. It is not listed in the folder above, so that
programs which walk the tree do not fall into it (to have it in listings: ln -s .lsfs lsfs). Every folder
has a README.md.

search/<query>/       files that match, best first        search/<a>/and/<b>/ narrows
ask/<prompt>/         the result of a prompt that reads
attr/<field>/<value>/ files by type, author, tag, ...
group/<key>/<label>/  all files in groups
history/<path>/       every version of a file, deleted ones too
at/<time>/            the whole tree as it was
saved/<name>/         saved searches: mkdir and rmdir
status                how the index and the version store are
"""


@dataclass(frozen=True, slots=True)
class Saving:
    """How saved searches are made and removed."""

    make: Callable[[str], None]
    remove: Callable[[str], None]


class Tree:
    """Look-up, listing and content of the semantic tree."""

    def __init__(
        self,
        answers: Answers,
        past: Past,
        *,
        when: Callable[[str], int | None],
        status: Callable[[], str],
        root_file: Callable[[], str],
        saving: Saving,
    ) -> None:
        self._answers = answers
        self._status, self._root_file, self._saving = status, root_file, saving
        self._top: dict[bytes, Folder] = {
            b"search": Search(answers, 2),
            b"ask": Ask(answers, 2),
            b"attr": Attributes(answers, 2),
            b"group": Groups(answers, 2),
            b"history": History(past, RelPath(b"")),
            b"at": At(past, when),
            b"saved": Saved(answers, 2),
        }
        self._lock = threading.Lock()
        self._remembered: dict[Parts, tuple[float, list[Node]]] = {}

    def lookup(self, parts: Parts) -> Node:
        """Return the node of a path (its parts below `.lsfs/`).

        Raises:
            NotFound: it means nothing.
        """
        if len(parts) > 1 and (known := self._recent(parts[:-1])) is not None:
            for node in known:
                if node.name == parts[-1]:
                    return node
        found = self._walk(parts)
        return found if isinstance(found, Node) else folder_node(parts[-1] if parts else b".lsfs")

    def listing(self, parts: Parts) -> list[Node]:
        """Return the names in a folder; a look-up in it right afterwards is answered from the same listing.

        Raises:
            NotFound: it means nothing.
            BadRequest: it is no folder.
        """
        if not parts:
            return [*self._files(), *(folder_node(n) for n in self._top)]
        folder = self._walk(parts)
        if isinstance(folder, Node):
            raise BadRequest(f"{_shown(parts)} is no folder")
        nodes = folder.children()
        with self._lock:
            self._remembered = {p: r for p, r in self._remembered.items() if r[0] > time.monotonic()}
            self._remembered[parts] = (time.monotonic() + REMEMBERED_S, nodes)
        return nodes

    def read(self, parts: Parts, offset: int, size: int) -> bytes:
        """Return a part of a file's content.

        Raises:
            NotFound: it means nothing.
            BadRequest: it is no file.
        """
        node = self.lookup(parts)
        if node.read is None:
            raise BadRequest(f"{_shown(parts)} is no file")
        return node.read(offset, size)

    def make(self, parts: Parts) -> None:
        """Make a saved search: mkdir saved/<query>.

        Raises:
            BadRequest: folders can be made in saved/ only.
        """
        self._saving.make(_saved_name(parts))
        self._forget()

    def remove(self, parts: Parts) -> None:
        """Remove a saved search: rmdir saved/<name>."""
        self._saving.remove(_saved_name(parts))
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._remembered.clear()

    def _recent(self, parts: Parts) -> list[Node] | None:
        with self._lock:
            until, nodes = self._remembered.get(parts, (0.0, []))
        return nodes if until > time.monotonic() else None

    def _files(self) -> list[Node]:
        files = {"README.md": f"{README}\n{self._answers.freshness()}\n", "status": self._status(), "root": self._root_file()}
        return [text_node(name, text) for name, text in files.items()]

    def _walk(self, parts: Parts) -> Folder | Node:
        if not parts:
            return folder_node(b".lsfs")
        here: Folder | Node | None = self._top.get(parts[0])
        if here is None:
            here = next((n for n in self._files() if n.name == parts[0]), None)
        for name in parts[1:]:
            here = None if here is None or isinstance(here, Node) else here.child(name)
        if here is None:
            raise NotFound(f"there is no {_shown(parts)}")
        return here


def _saved_name(parts: Parts) -> str:
    if len(parts) != 2 or parts[0] != b"saved" or parts[1].startswith(b"."):
        raise BadRequest("folders can be made and removed in .lsfs/saved/ only; a saved search is named by its query")
    return parts[1].decode("utf-8", "replace")


def _shown(parts: Parts) -> str:
    return show(b"/".join((b".lsfs", *parts)))
