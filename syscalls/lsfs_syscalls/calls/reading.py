"""The calls that read. Names and arguments are a contract with other programs: add, but do not rename."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from lsfs_syscalls.calls.record import Call, Effect, Files, Form, arg


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieve(Call):
    """Find files by meaning, by words and by properties."""

    syscall: ClassVar[str] = "retrieve"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "files"

    query: str | None = arg("what to look for, in words", positional=True)
    keywords: tuple[str, ...] = arg("words or phrases that must all occur", default=())
    any_keywords: tuple[str, ...] = arg("words or phrases of which one must occur", default=())
    exclude: tuple[str, ...] = arg("words or phrases that must not occur", default=())
    mode: Literal["hybrid", "semantic", "keyword"] | None = arg("how to look")
    k: int | None = arg("how many files at the most; 0 for all", Form.COUNT)
    under: str | None = arg("only below this folder", Form.PATH)
    name: str | None = arg("only files whose name fits this pattern", Form.GLOB)
    type: str | None = arg("only files of this type: pdf, md, py, image, spreadsheet, ...", Form.NAME)
    authors: tuple[str, ...] = arg("people who must all be authors", default=())
    any_authors: tuple[str, ...] = arg("people of whom one must be an author", default=())
    affiliations: tuple[str, ...] = arg("institutions that must all occur", default=())
    any_affiliations: tuple[str, ...] = arg("institutions of which one must occur", default=())
    tags: tuple[str, ...] = arg("tags that a file must have, all of them", default=())
    language: str | None = arg("only files in this language, as an ISO 639-1 code", Form.NAME)
    since: str | None = arg("only files changed at this time or later", Form.TIME)
    until: str | None = arg("only files changed at this time or earlier", Form.TIME)
    at: str | None = arg("search the tree as it was at this time", Form.TIME)
    like: str | None = arg("find files like this one", Form.PATH)
    sort: Literal["score", "modified", "oldest", "size", "smallest", "name"] | None = arg(
        "the order of the answer: modified is the newest first, size the biggest"
    )
    size_min: int | None = arg("only files of at least so many bytes", Form.SIZE)
    size_max: int | None = arg("only files of at most so many bytes", Form.SIZE)
    files: Files = arg("only among these files: paths, or $n for the result of step n", Form.FILES, default=())
    except_files: Files = arg("all but these files: paths, or $n for the result of step n", Form.FILES, default=())
    offset: int | None = arg("leave out so many of the first files (for the next page)", Form.COUNT)
    count: bool | None = arg("say how many there are", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFiles(Call):
    """List what is in a folder."""

    syscall: ClassVar[str] = "list"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "files"

    under: str | None = arg("the folder; the root without it", Form.PATH, positional=True)
    at: str | None = arg("as it was at this time", Form.TIME)
    recursive: bool | None = arg("folders below it too", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Call):
    """Show what is known about a file or folder."""

    syscall: ClassVar[str] = "stat"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "file"

    path: str = arg("the file or folder", Form.PATH, required=True, positional=True, default="")
    at: str | None = arg("as it was at this time", Form.TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Call):
    """Show the content of a file."""

    syscall: ClassVar[str] = "read"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "content"

    path: str = arg("the file", Form.PATH, required=True, positional=True, default="")
    version: int | None = arg("the content of this version", Form.COUNT)
    at: str | None = arg("as it was at this time", Form.TIME)
    lines: str | None = arg("only these lines: 10, 10-20, 10- or -10 for the last 10; of a document, of its text")
    text: bool | None = arg("the text that is in a document (PDF, Office, mail) instead of its bytes", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBy(Call):
    """Put files into groups; every file is in exactly one."""

    syscall: ClassVar[str] = "group_by"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "groups"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    under: str | None = arg("the files below this folder", Form.PATH)
    key: str = arg(
        "topic, type, author, directory, day, week, month, year, language, tag, or any attribute or phrase",
        Form.NAME,
        required=True,
        positional=True,
        default="",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Call):
    """Pair the files of two sets."""

    syscall: ClassVar[str] = "join"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "pairs"

    left: str = arg("$n, a folder or a file", Form.SET, required=True, positional=True, default="")
    right: str = arg("$n, a folder or a file", Form.SET, required=True, positional=True, default="")
    on: str = arg("content, name, mention or any attribute", Form.NAME, required=True, default="")
    threshold: float | None = arg("pairs below this score (0 to 1) are left out", Form.NUMBER)
    table: bool | None = arg("the rows of tables with the same value side by side, or the pairs, as one table (CSV)", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates(Call):
    """Find files that are the same, nearly the same, or contained in others."""

    syscall: ClassVar[str] = "duplicates"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "duplicates"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    under: str | None = arg("only below this folder", Form.PATH)
    type: str | None = arg("only files of this type", Form.NAME)
    threshold: float | None = arg("how alike near duplicates are, 0 to 1", Form.NUMBER)
    containment: bool | None = arg("files contained in others too", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarize(Call):
    """Say in short what files are about."""

    syscall: ClassVar[str] = "summarize"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "summary"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    under: str | None = arg("only below this folder", Form.PATH)
    focus: str | None = arg("what to look at above all")
    length: str | None = arg("how long: short, long, 3 sentences, 100 words, 5 bullets")


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Call):
    """List the versions of a file, newest first."""

    syscall: ClassVar[str] = "history"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "versions"

    path: str = arg("the file or folder", Form.PATH, required=True, positional=True, default="")
    since: str | None = arg("only what happened at this time or later", Form.TIME)
    until: str | None = arg("only what happened at this time or earlier", Form.TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff(Call):
    """Show what differs between two versions of a file, or two files."""

    syscall: ClassVar[str] = "diff"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "diff"

    path: str = arg("the file", Form.PATH, required=True, positional=True, default="")
    from_: str | None = arg("a version number or time")
    to: str | None = arg("a version number or time; the current content without it")
    other: str | None = arg("compare with this file", Form.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarizeChanges(Call):
    """Say in short what changed."""

    syscall: ClassVar[str] = "summarize_changes"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "summary"

    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    under: str | None = arg("only below this folder", Form.PATH)
    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    since: str | None = arg("only what happened at this time or later", Form.TIME)
    until: str | None = arg("only what happened at this time or earlier", Form.TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translate(Call):
    """Show a file in another language (needs a configured model)."""

    syscall: ClassVar[str] = "translate"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "text"

    path: str = arg("the file", Form.PATH, required=True, positional=True, default="")
    language: str = arg(
        "the language to translate to, as an ISO 639-1 code or a name", Form.NAME, required=True, positional=True, default=""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Call):
    """List the transactions: what changed files, who and when."""

    syscall: ClassVar[str] = "log"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "transactions"

    actor: str | None = arg("only what this one did", Form.NAME)
    since: str | None = arg("only what happened at this time or later", Form.TIME)
    until: str | None = arg("only what happened at this time or earlier", Form.TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLinks(Call):
    """List the share links that are valid, with who fetched what."""

    syscall: ClassVar[str] = "links"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "links"

    path: str | None = arg("only links to this file or folder", Form.PATH, positional=True)
    all: bool | None = arg("those that have ended too", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Call):
    """Tell what happened to the files and queries that are watched."""

    syscall: ClassVar[str] = "events"
    effect: ClassVar[Effect] = Effect.READ
    payload: ClassVar[str] = "events"

    after: int | None = arg("only events behind this number; behind those received without it", Form.COUNT)
    received: int | None = arg("say that the events up to this number were received", Form.COUNT)
    path: str | None = arg("only events of this watched file or folder", Form.PATH, positional=True)
    query: str | None = arg("only events of this watched query")
    wait: float | None = arg("wait so many seconds for one", Form.NUMBER)
