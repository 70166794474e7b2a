"""Folders whose content is an answer: search/<query>/, ask/<prompt>/, group/<key>/, attr/<field>/<value>/, saved/<name>/.

Looking a name up never searches, reading the folder does. What the answers are is not decided here: the `Answers` that the tree
is given come from the same calls as everybody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lsfs.model import RelPath, show
from lsfs.tree.node import Folder, Node, folder_node, links, named, text_node
from lsfs.wire.tree import is_query

Files = tuple[RelPath, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The result of a prompt: the files, and what README.md tells."""

    files: Files
    text: str


class Answers(Protocol):
    """What the folders ask."""

    def search(self, query: str, within: Files | None) -> Files:
        """Return the files that match, best first; only among `within` where it is given."""
        ...

    def ask(self, prompt: str) -> Asked:
        """Run a reading prompt; a changing one is refused in the text."""
        ...

    def fields(self) -> Sequence[str]:
        """Return the fields whose values can be listed."""
        ...

    def values(self, field: str) -> dict[str, Files]:
        """Return the files of each value of a field."""
        ...

    def groups(self, key: str) -> dict[str, Files]:
        """Return the whole tree grouped by a key."""
        ...

    def saved(self) -> dict[str, str]:
        """Return the saved searches: name -> query."""
        ...

    def freshness(self) -> str:
        """Return in a sentence how fresh the answers are."""
        ...


ASK_README = """Any name here is a prompt that reads: ls 'ask/the three newest papers on caching/'
Prompts that change something are refused here.
"""


def slug(text: str) -> bytes:
    """Return `text` as a file name: no slash, no leading dot, not empty, at most 200 bytes."""
    clean = text.replace("/", "∕").replace("\0", "").lstrip(".") or "(none)"
    return clean.encode("utf-8", "surrogateescape")[:200].decode("utf-8", "ignore").encode()


@dataclass(frozen=True, slots=True)
class Result:
    """A folder of links to files, which `and/` narrows: search/<a>/and/<b>/.

    Attributes:
        files: finds them; called when the folder is read.
        depth: folders below the mount point.
        about: the first lines of README.md.
    """

    answers: Answers
    files: Callable[[], Files]
    depth: int
    about: str

    def child(self, name: bytes) -> Folder | Node | None:
        """Return `and/`, README.md or one of the links."""
        if name == b"and":
            return Narrow(self.answers, self.files, self.depth + 1, self.about)
        if not (name[:1].isdigit() or name == b"README.md"):
            return None
        return named(self.children(), name)

    def children(self) -> list[Node]:
        """Search, and return README.md and the links."""
        found = self.files()
        what = f"{len(found)} files" if found else "nothing matches"
        readme = f"{self.about}\n\n{what}, best first, as links.\n{self.answers.freshness()}\nNarrow it: and/<more words>/\n"
        return [text_node("README.md", readme), *links(found, self.depth)]


@dataclass(frozen=True, slots=True)
class Narrow:
    """`and/`: any name in it is a further query among the files of the folder above."""

    answers: Answers
    within: Callable[[], Files]
    depth: int
    about: str

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the narrowed folder."""
        if not is_query(name):
            return named(self.children(), name)
        query = name.decode("utf-8", "replace")
        about = f"{self.about}\nand “{query}”"
        return Result(self.answers, lambda: self.answers.search(query, self.within()), self.depth + 1, about)

    def children(self) -> list[Node]:
        """Return README.md; the queries are reachable by name."""
        text = f"{self.about}\n\nAny name here narrows it: ls 'and/<more words>/'\n{self.answers.freshness()}\n"
        return [text_node("README.md", text)]


@dataclass(frozen=True, slots=True)
class Search:
    """`search/`: any name without a leading dot is a query."""

    answers: Answers
    depth: int

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the folder of a query, without searching."""
        if not is_query(name):
            return named(self.children(), name)
        query = name.decode("utf-8", "replace")
        return Result(self.answers, lambda: self.answers.search(query, None), self.depth + 1, f"Search for “{query}”")

    def children(self) -> list[Node]:
        """Return README.md; the queries are reachable by name."""
        return [
            text_node(
                "README.md",
                "Any name here is a query: ls 'search/flash caching/'\nNarrow it with and/: search/<a>/and/<b>/\n"
                f"{self.answers.freshness()}\n",
            )
        ]


@dataclass(frozen=True, slots=True)
class Ask:
    """`ask/`: any name is a prompt that reads; its files are links, its words are in README.md."""

    answers: Answers
    depth: int

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the folder of a prompt, without running it."""
        if not is_query(name):
            return named(self.children(), name)
        return Asking(self.answers, name.decode("utf-8", "replace"), self.depth + 1)

    def children(self) -> list[Node]:
        """Return README.md; the prompts are reachable by name."""
        return [text_node("README.md", f"{ASK_README}{self.answers.freshness()}\n")]


@dataclass(frozen=True, slots=True)
class Asking:
    """`ask/<prompt>/`."""

    answers: Answers
    prompt: str
    depth: int

    def child(self, name: bytes) -> Folder | Node | None:
        """Return README.md or one of the links."""
        return named(self.children(), name) if name[:1].isdigit() or name == b"README.md" else None

    def children(self) -> list[Node]:
        """Run the prompt, and return its words and its files."""
        asked = self.answers.ask(self.prompt)
        return [text_node("README.md", f"{asked.text}\n{self.answers.freshness()}\n"), *links(asked.files, self.depth)]


@dataclass(frozen=True, slots=True)
class Values:
    """A folder of folders of links: attr/<field>/ with its values, group/<key>/ with its labels."""

    answers: Answers
    files: Callable[[], dict[str, Files]]
    depth: int
    about: str

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the folder of a value; it is empty if there is no such value."""
        if name == b"README.md":
            return named(self.children(), name)
        found = {slug(v): f for v, f in self.files().items()}.get(name)
        if found is None:
            return None
        return Result(self.answers, lambda: found, self.depth + 1, f"{self.about}: {show(name)}")

    def children(self) -> list[Node]:
        """Return README.md and a folder a value."""
        found = self.files()
        counts = "\n".join(f"{len(f):>6}  {v}" for v, f in sorted(found.items(), key=lambda i: (-len(i[1]), i[0])))
        readme = text_node("README.md", f"{self.about}\n\n{counts or 'no values'}\n{self.answers.freshness()}\n")
        return [readme, *(folder_node(slug(v)) for v in sorted(found))]


@dataclass(frozen=True, slots=True)
class Attributes:
    """`attr/`: a folder a field that can be enumerated."""

    answers: Answers
    depth: int

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the folder of a field."""
        field = name.decode("utf-8", "replace")
        if name == b"README.md":
            return named(self.children(), name)
        if field not in self.answers.fields():
            return None
        return Values(self.answers, lambda: self.answers.values(field), self.depth + 1, f"Files by {field}")

    def children(self) -> list[Node]:
        """Return README.md and the fields."""
        text = f"Files by what they are: attr/<field>/<value>/, narrowed with and/<words>/\n{self.answers.freshness()}\n"
        return [text_node("README.md", text), *(folder_node(f.encode()) for f in self.answers.fields())]


GROUP_KEYS = ("topic", "type", "author", "directory", "day", "week", "month", "year", "language", "tag")


@dataclass(frozen=True, slots=True)
class Groups:
    """`group/`: the whole tree grouped by a key; any attribute is a key as well."""

    answers: Answers
    depth: int

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the groups of a key."""
        if not is_query(name):
            return named(self.children(), name)
        key = name.decode("utf-8", "replace")
        return Values(self.answers, lambda: self.answers.groups(key), self.depth + 1, f"All files grouped by {key}")

    def children(self) -> list[Node]:
        """Return README.md and the keys of the table."""
        text = f"All files in groups: group/<key>/<label>/. Any attribute is a key too.\n{self.answers.freshness()}\n"
        return [text_node("README.md", text), *(folder_node(k.encode()) for k in GROUP_KEYS)]


@dataclass(frozen=True, slots=True)
class Saved:
    """`saved/`: named searches, live. mkdir makes one (the name is the query), rmdir removes it."""

    answers: Answers
    depth: int

    def child(self, name: bytes) -> Folder | Node | None:
        """Return the folder of a saved search."""
        if name == b"README.md":
            return named(self.children(), name)
        query = self.answers.saved().get(name.decode("utf-8", "replace"))
        if query is None:
            return None
        about = f"Saved search “{query}”"
        return Result(self.answers, lambda: self.answers.search(query, None), self.depth + 1, about)

    def children(self) -> list[Node]:
        """Return README.md and the saved searches."""
        text = "Saved searches: mkdir 'saved/flash caching' makes one, rmdir removes it.\n"
        return [
            text_node("README.md", f"{text}{self.answers.freshness()}\n"),
            *(folder_node(slug(n)) for n in sorted(self.answers.saved())),
        ]
