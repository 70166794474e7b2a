"""The semantic tree: what its paths mean."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

import pytest

from lsfs.errors import BadRequest, NotFound
from lsfs.model import Entry, Fid, Kind, RelPath, State, TimeNs, Version, VersionId
from lsfs.tree.queries import Asked, Files, slug
from lsfs.tree.tree import Saving, Tree

A, B = RelPath(b"papers/a.pdf"), RelPath(b"notes/b b.md")
TOP = RelPath(b"")
CONTENT = b"first draft"


class Answers:
    """Answers over two files; counts its searches."""

    def __init__(self) -> None:
        self.searches: list[str] = []
        self.names = {"flash": "flash"}

    def search(self, query: str, within: Files | None) -> Files:
        self.searches.append(query)
        found = (A, B) if query == "flash" else (B,)
        return tuple(f for f in found if within is None or f in within)

    def ask(self, prompt: str) -> Asked:
        return Asked((A,), f"ran {prompt}")

    def fields(self) -> Sequence[str]:
        return ["author", "type"]

    def values(self, field: str) -> dict[str, Files]:
        return {"Ada/Grace": (A,), "": (B,)}

    def groups(self, key: str) -> dict[str, Files]:
        return {"pdf": (A,), "md": (B,)}

    def saved(self) -> dict[str, str]:
        return self.names

    def save(self, name: str) -> None:
        self.names[name] = name

    def unsave(self, name: str) -> None:
        self.names.pop(name, None)

    def freshness(self) -> str:
        return "All files are indexed."


class Past:
    """One file in one folder with one version."""

    version = Version(
        vid=VersionId(1),
        fid=Fid(1),
        number=7,
        at_ns=TimeNs(10**18),
        path=A,
        kind=Kind.FILE,
        state=State.STORED,
        size=len(CONTENT),
        mode=0o100644,
        uid=0,
        gid=0,
        mtime_ns=5,
        ctime_ns=5,
        ino=1,
        digest=b"d" * 32,
        target=None,
        transaction=None,
        actor="user",
    )
    entries = (
        Entry(RelPath(b"papers"), Fid(2), Kind.DIRECTORY, 0, 0, VersionId(2), 1),
        Entry(A, Fid(1), Kind.FILE, len(CONTENT), 5, VersionId(1), 7),
    )

    def list(self, under: RelPath = TOP, *, at_ns: int | None = None, recursive: bool = False) -> Sequence[Entry]:
        return [e for e in self.entries if e.path.rpartition(b"/")[0] == under]

    def entry_at(self, path: RelPath, at_ns: int | None) -> Entry | None:
        return next((e for e in self.entries if e.path == path), None)

    def names_ever(self, under: RelPath) -> Sequence[tuple[bytes, Kind]]:
        return [(e.path.rpartition(b"/")[2], e.kind) for e in self.list(under)]

    def history(self, path: RelPath, *, limit: int | None = None) -> Sequence[Version]:
        return [self.version]

    def version_by_id(self, vid: VersionId) -> Version:
        return self.version

    def open(self, version: Version) -> BinaryIO:
        return BytesIO(CONTENT)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def tree(answers: Answers) -> Tree:
    saving = Saving(make=answers.save, remove=answers.unsave)
    when = {"yesterday": 1}.get
    return Tree(answers, Past(), when=when, status=lambda: "fine\n", root_file=lambda: "/r\n", saving=saving)


def path(text: str) -> tuple[bytes, ...]:
    return tuple(p.encode() for p in text.split("/") if p)


def names(tree: Tree, text: str) -> list[str]:
    return [n.name.decode() for n in tree.listing(path(text))]


def test_the_top_shows_every_way_in(tree: Tree) -> None:
    assert names(tree, "") == "README.md status root search ask attr group history at saved".split()


def test_looking_a_query_up_does_not_search_and_reading_it_does(tree: Tree, answers: Answers) -> None:
    assert tree.lookup(path("search/flash")).kind == "directory"
    assert answers.searches == []
    assert names(tree, "search/flash") == ["README.md", "01 a.pdf", "02 b b.md"]
    assert answers.searches == ["flash"]


def test_the_lookups_after_a_listing_do_not_search_again(tree: Tree, answers: Answers) -> None:
    tree.listing(path("search/flash"))
    assert tree.lookup(path("search/flash/02 b b.md")).target == b"../../../notes/b b.md"
    assert answers.searches == ["flash"]


def test_a_result_is_narrowed_by_and(tree: Tree) -> None:
    assert names(tree, "search/flash/and/boards") == ["README.md", "01 b b.md"]
    assert tree.lookup(path("search/flash/and/boards/01 b b.md")).target == b"../../../../../notes/b b.md"


@pytest.mark.parametrize("hidden", [".git", ".hidden", ".Trash-0"])
def test_a_name_with_a_leading_dot_is_no_query(tree: Tree, hidden: str) -> None:
    with pytest.raises(NotFound):
        tree.lookup(path(f"search/{hidden}"))


def test_a_prompt_is_a_folder_with_its_words_and_files(tree: Tree) -> None:
    assert names(tree, "ask/the newest paper") == ["README.md", "01 a.pdf"]
    assert b"ran the newest paper" in tree.read(path("ask/the newest paper/README.md"), 0, 1000)


def test_values_become_names_without_slashes(tree: Tree) -> None:
    assert names(tree, "attr/author") == ["README.md", "(none)", "Ada∕Grace"]
    assert names(tree, "attr/author/Ada∕Grace") == ["README.md", "01 a.pdf"]


def test_a_field_that_cannot_be_listed_is_not_there(tree: Tree) -> None:
    with pytest.raises(NotFound):
        tree.lookup(path("attr/colour"))


def test_groups_are_folders(tree: Tree) -> None:
    assert names(tree, "group/type") == ["README.md", "md", "pdf"]
    assert names(tree, "group/type/pdf") == ["README.md", "01 a.pdf"]


def test_the_tree_as_it_was_can_be_walked_and_read(tree: Tree) -> None:
    assert names(tree, "at/yesterday") == ["papers"]
    assert names(tree, "at/yesterday/papers") == ["a.pdf"]
    assert tree.read(path("at/yesterday/papers/a.pdf"), 6, 100) == b"draft"
    with pytest.raises(NotFound):
        tree.lookup(path("at/nonsense"))


def test_a_file_is_a_folder_of_its_versions(tree: Tree) -> None:
    (name,) = names(tree, "history/papers/a.pdf")
    assert tree.read(path("history/papers/a.pdf/README.md"), 0, 100).startswith(b"1 versions of papers/a.pdf")
    assert name.startswith("0007 2001-09-09T")
    assert tree.read(path(f"history/papers/a.pdf/{name}"), 0, 5) == b"first"


def test_every_folder_says_what_one_sees_and_how_fresh_it_is(tree: Tree) -> None:
    folders = ("", "search", "search/q", "search/q/and", "ask", "ask/x", "attr", "attr/author", "group", "group/type", "saved")
    for folder in folders:
        assert b"All files are indexed." in tree.read(path(f"{folder}/README.md"), 0, 10_000), folder
    for folder in ("history", "history/papers", "history/papers/a.pdf", "at"):
        assert tree.read(path(f"{folder}/README.md"), 0, 10_000)


def test_a_file_of_the_root_called_readme_goes_before_ours(answers: Answers) -> None:
    past = Past()
    past.entries = (past.entries[0], Entry(RelPath(b"README.md"), Fid(1), Kind.FILE, 1, 5, VersionId(1), 7))
    saving = Saving(make=answers.save, remove=answers.unsave)
    tree = Tree(answers, past, when=lambda _: None, status=lambda: "", root_file=lambda: "", saving=saving)
    assert names(tree, "history") == ["README (lsfs).md", "papers", "README.md"]
    assert names(tree, "history/README.md")[0].startswith("0007 ")
    assert tree.read(path("history/README (lsfs).md"), 0, 13) == b"Every version"


def test_a_saved_search_is_made_and_removed_like_a_folder(tree: Tree, answers: Answers) -> None:
    tree.make(path("saved/boards"))
    assert names(tree, "saved") == ["README.md", "boards", "flash"]
    assert names(tree, "saved/boards") == ["README.md", "01 b b.md"]
    tree.remove(path("saved/boards"))
    assert "boards" not in names(tree, "saved")


@pytest.mark.parametrize("where", ["search/x", "at/x", "x", "saved/a/b", "saved/.x"])
def test_folders_can_be_made_in_saved_only(tree: Tree, where: str) -> None:
    with pytest.raises(BadRequest, match="saved"):
        tree.make(path(where))


def test_reading_a_folder_as_a_file_is_refused(tree: Tree) -> None:
    with pytest.raises(BadRequest, match="no file"):
        tree.read(path("search"), 0, 10)
    with pytest.raises(BadRequest, match="no folder"):
        tree.listing(path("status"))


@pytest.mark.parametrize(
    ("text", "name"), [("a/b", "a∕b"), ("..", "(none)"), (".x", "x"), ("", "(none)"), ("é" * 150, "é" * 100)]
)
def test_any_value_becomes_a_safe_file_name(text: str, name: str) -> None:
    assert slug(text) == name.encode()
