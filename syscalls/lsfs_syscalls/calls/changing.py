"""The calls that change, destroy or share. Names and arguments are a contract with others: add, but do not rename."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from lsfs_syscalls.calls.record import Call, Effect, Files, Form, arg


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Call):
    """Make a new file or folder; folders above it are made as well."""

    syscall: ClassVar[str] = "create"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    path: str = arg("the file or folder", Form.PATH, required=True, positional=True, default="")
    kind: Literal["file", "directory"] | None = arg("what to make; a file without it")
    content: str | None = arg("its text")
    source: str | None = arg("import this file or folder", Form.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Call):
    """Write text into a file; what was there stays in its history."""

    syscall: ClassVar[str] = "write"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    path: str = arg("the file", Form.PATH, required=True, positional=True, default="")
    content: str | None = arg("the text", positional=True)
    mode: Literal["overwrite", "append", "prepend"] | None = arg("where it goes; overwrite without it")
    source: str | None = arg("take the content of this file", Form.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch(Call):
    """Set the modification time of a file, which is made if it is missing."""

    syscall: ClassVar[str] = "touch"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    path: str = arg("the file", Form.PATH, required=True, positional=True, default="")
    time: str | None = arg("the time; now without it", Form.TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat(Call):
    """Put files one after the other into a new one."""

    syscall: ClassVar[str] = "concat"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    files: Files = arg("the files, in order", Form.FILES, required=True, default=())
    to: str = arg("the file to make", Form.PATH, required=True, default="")
    keep: bool | None = arg("keep the parts (true without it)", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(Call):
    """Copy files or a folder."""

    syscall: ClassVar[str] = "copy"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    to: str = arg("the target: a file, or a folder to put them into", Form.PATH, required=True, positional=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Call):
    """Move or rename files or a folder."""

    syscall: ClassVar[str] = "move"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    to: str = arg("the target: a file, or a folder to put them into", Form.PATH, required=True, positional=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Call):
    """Delete files or folders; undo brings them back."""

    syscall: ClassVar[str] = "delete"
    effect: ClassVar[Effect] = Effect.DESTROY
    payload: ClassVar[str] = "transaction"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    path: str | None = arg("the file or folder", Form.PATH, positional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback(Call):
    """Put files back to an earlier state, as a new version."""

    syscall: ClassVar[str] = "rollback"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    snapshot: str | None = arg("to this named snapshot", Form.NAME)
    steps: int | None = arg("so many versions back", Form.COUNT)
    version: int | None = arg("to this version", Form.COUNT)
    time: str | None = arg("to the state at this time", Form.TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Call):
    """Take back whole transactions."""

    syscall: ClassVar[str] = "undo"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    steps: int | None = arg("how many of the latest; one without it", Form.COUNT)
    transaction: int | None = arg("this one", Form.COUNT, positional=True)
    actor: str | None = arg("what this one did", Form.NAME)
    conflict: Literal["refuse", "keep_mine", "force"] | None = arg(
        "what to do with files that changed since; refuse without it"
    )
    since: str | None = arg("only what happened at this time or later", Form.TIME)
    under: str | None = arg("only below this folder", Form.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Call):
    """Give the state of the tree a name."""

    syscall: ClassVar[str] = "snapshot"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "snapshot"

    name: str = arg("the name", Form.NAME, required=True, positional=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Call):
    """Tag files."""

    syscall: ClassVar[str] = "tag"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    tags: tuple[str, ...] = arg("the tags", Form.NAME, required=True, default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Untag(Call):
    """Remove tags from files."""

    syscall: ClassVar[str] = "untag"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    tags: tuple[str, ...] = arg("the tags", Form.NAME, required=True, default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock(Call):
    """Lock a file or folder against changes."""

    syscall: ClassVar[str] = "lock"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    path: str = arg("the file or folder", Form.PATH, required=True, positional=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock(Call):
    """Unlock a file or folder."""

    syscall: ClassVar[str] = "unlock"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "transaction"

    path: str = arg("the file or folder", Form.PATH, required=True, positional=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Call):
    """Make a link under which others can fetch a file or folder."""

    syscall: ClassVar[str] = "link"
    effect: ClassVar[Effect] = Effect.SHARE
    payload: ClassVar[str] = "url"

    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())
    expires: str | None = arg("how long it is valid, or until when", Form.DURATION)
    version: int | None = arg("share this version; the file as it is when fetched without it", Form.COUNT)
    password: str | None = arg("ask for this password")
    downloads: int | None = arg("how often it can be used", Form.COUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlink(Call):
    """Withdraw the links to a file or folder (the file stays)."""

    syscall: ClassVar[str] = "unlink"
    effect: ClassVar[Effect] = Effect.SHARE
    payload: ClassVar[str] = "revoked"

    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    files: Files = arg("the files: paths, or $n for the result of step n", Form.FILES, default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch(Call):
    """Tell when a file changes, or when a new file matches a query; without either, list what is watched."""

    syscall: ClassVar[str] = "watch"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "subscription"

    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    query: str | None = arg("files that match these words")

    @property
    def reach(self) -> Effect:
        """Without a path or query it lists what is watched."""
        return Effect.READ if self.path is None and self.query is None else Effect.CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatch(Call):
    """Stop telling about a file or query."""

    syscall: ClassVar[str] = "unwatch"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "subscription"

    path: str | None = arg("the file or folder", Form.PATH, positional=True)
    query: str | None = arg("the query that was watched")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Call):
    """Remove a file and its whole history for good; it cannot be undone."""

    syscall: ClassVar[str] = "forget"
    effect: ClassVar[Effect] = Effect.DESTROY
    payload: ClassVar[str] = "forgotten"

    path: str = arg("the file or folder", Form.PATH, required=True, positional=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectGarbage(Call):
    """Remove old versions under the retention rules."""

    syscall: ClassVar[str] = "gc"
    effect: ClassVar[Effect] = Effect.DESTROY
    payload: ClassVar[str] = "collected"

    repack: bool | None = arg("then keep later versions as differences of earlier ones", Form.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount(Call):
    """Show a directory as a semantic file system."""

    syscall: ClassVar[str] = "mount"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "mount"

    root: str | None = arg("the directory", Form.PATH, positional=True)
    at: str | None = arg("the mount point", Form.PATH, positional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmount(Call):
    """End a mount."""

    syscall: ClassVar[str] = "unmount"
    effect: ClassVar[Effect] = Effect.CHANGE
    payload: ClassVar[str] = "mount"

    root: str | None = arg("the directory", Form.PATH, positional=True)
    at: str | None = arg("the mount point", Form.PATH, positional=True)
