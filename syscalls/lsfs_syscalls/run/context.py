"""What a running step knows: the engine, the present time, who asks, and the results of the steps before it.

Every path that a caller names passes through `Context.path`, which confines it to the root; every set of files (`$n`, a list,
a folder) through `Context.files`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from lsfs.capture.describing import Author
from lsfs.capture.events import Dirty
from lsfs.changes.transaction import Transaction
from lsfs.engine.engine import Engine
from lsfs.errors import BadRequest, NotFound
from lsfs.model import Entry, Fid, Kind, RelPath, path_json, show, unshown
from lsfs.paths import confine
from lsfs_syscalls import times
from lsfs_syscalls.calls.record import Files, Json
from lsfs_syscalls.plan import REFERENCE
from lsfs_syscalls.run.told import Listener, silent
from lsfs_syscalls.writer import Writer, writer_of


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one step.

    Attributes:
        body: the JSON object of the contract.
        files: the files that `$n` stands for in later steps.
        found: False when the honest answer is "nothing" (exit status 1).
    """

    body: dict[str, Json]
    files: tuple[RelPath, ...] = ()
    found: bool = True


@dataclass(slots=True)
class Context:
    """One plan being run.

    Attributes:
        now: the time that relative times refer to, with its zone.
        actor: who asks: "user", "agent:NAME".
        transaction: the open transaction of a changing plan; None while reading.
        explain: the caller wants to know how the answer came about.
        listener: is told of a model's answer as it comes, with the number of its step.
        models: a configured language model may be asked.
    """

    engine: Engine
    now: datetime
    actor: str = "user"
    prompt: str = ""
    explain: bool = False
    transaction: Transaction | None = None
    results: list[Answer] = field(default_factory=list)
    listener: Listener = silent
    models: bool = True

    def tell(self, event: dict[str, Json]) -> None:
        """Tell of the step that runs now."""
        self.listener({"step": len(self.results) + 1, **event})

    def path(self, text: str) -> RelPath:
        """Return the path that the caller named, relative to the root and inside it.

        A name that answers show with escapes can be named as it was shown, where no other has just that name.
        """
        named = confine(self.engine.home.root, text, also=[self.engine.root, *self.engine.mounts.mountpoints()])
        if "\\" in text and not self._is_known(named):
            return next((RelPath(p) for p in unshown(named) if self._is_known(RelPath(p))), named)
        return named

    def _is_known(self, path: RelPath) -> bool:
        """Tell whether a path is, or was, there."""
        try:
            return self.engine.disk.look(path) is not None or bool(self.engine.versions.history(path, limit=1))
        except NotFound:
            return False

    def entry(self, text: str, at: str | None = None) -> Entry:
        """Return what is (or was) at the path that the caller named.

        Raises:
            NotFound: nothing is there; the text says what could have been meant.
        """
        path = self.path(text)
        at_ns = self.moment_ns(at)
        versions = self.engine.versions
        entry = self.live(path) if at_ns is None else versions.entry_at(path, at_ns)
        if entry is None:
            raise NotFound(self.missing(path, at))
        return entry

    def live(self, path: RelPath) -> Entry | None:
        """Return what is at a path now; something that was put there a moment ago is recorded first."""
        found = self.engine.versions.live(path)
        if found is None and path and self.engine.disk.look(path) is not None and not self.engine.disk.ignores(path):
            self.engine.recorder.record([Dirty(path)], Author("program"))
            found = self.engine.versions.live(path)
        return found

    def is_folder(self, path: RelPath) -> bool:
        """Tell whether a path is the root or a folder now."""
        if not path:
            return True
        entry = self.live(path)
        return entry is not None and entry.kind is Kind.DIRECTORY

    def missing(self, path: RelPath, at: str | None = None) -> str:
        """Say that nothing is at a path, and what could have been meant."""
        when = f" at {at}" if at else ""
        resolve = self.engine.versions.resolve_name
        found = resolve(show(path), limit=3) or resolve(show(path.rpartition(b"/")[2]), limit=3)
        alike = [show(c.path) for c in found]
        hint = f"; did you mean {', '.join(alike)}?" if alike else ""
        return f"there is no {show(path)}{when}{hint}"

    def files(self, files: Files, *, path: str | None = None, under: str | None = None) -> list[RelPath]:
        """Return the files that a call names by `files`, `path` or `under`, each once, in order.

        Raises:
            BadRequest: none of them was given.
        """
        if not files and path is None and under is None:
            raise BadRequest("say which files: `files`, `path` or `under`")
        out: dict[RelPath, None] = {}
        for text in files:
            out.update(dict.fromkeys(self._one(text)))
        if path is not None:
            out[self.path(path)] = None
        if under is not None:
            out.update(dict.fromkeys(self.below(self.path(under))))
        return list(out)

    def _one(self, text: str) -> list[RelPath]:
        if m := REFERENCE.fullmatch(text):
            return list(self.results[int(m[1]) - 1].files)
        return [self.path(text)]

    def follow(self, moved: Mapping[RelPath, RelPath]) -> None:
        """Let the results of the steps so far stand for where their files, and what is in folders, have been moved to."""
        self.results[:] = [replace(r, files=tuple(_moved(p, moved) for p in r.files)) for r in self.results]

    def below(self, folder: RelPath) -> list[RelPath]:
        """Return the files below a folder, at any depth.

        Raises:
            NotFound: there is no such folder.
        """
        if not self.is_folder(folder):
            raise NotFound(f"there is no folder {show(folder)}")
        return [e.path for e in self.engine.versions.list(folder, recursive=True) if e.kind is Kind.FILE]

    def set(self, text: str) -> list[RelPath]:
        """Return the files of `$n`, of a folder, or the one file that `text` names."""
        if REFERENCE.fullmatch(text):
            return self._one(text)
        path = self.path(text)
        if self.is_folder(path):
            return self.below(path)
        return [self.entry(text).path]

    def time_ns(self, text: str | None, *, end: bool = True) -> int | None:
        """Return the instant that `text` names, or None for None.

        Args:
            end: take the last instant of an interval such as a day, else the first.

        Raises:
            BadRequest: it names no time.
        """
        if text is None:
            return None
        span = self._span(text)
        return times.to_ns(span.until if end else span.since)

    def moment_ns(self, text: str | None) -> int | None:
        """Return the one instant that `text` names (`--at`): a day's last, "2 weeks ago" the end of that day; None for None.

        Raises:
            BadRequest: it names no time.
        """
        if text is None:
            return None
        span = self._span(text)
        return times.to_ns(span.until if span.point is None else self._end_of(span.point))

    def _end_of(self, point: datetime) -> datetime:
        """Return the last instant of a second that was named without a fraction."""
        return point if point.microsecond else point.replace(microsecond=999_999)

    def _span(self, text: str) -> times.Interval:
        span = times.resolve(text, self.now)
        if span is None:
            raise BadRequest(f"`{text}` is no time; write 2026-11-20, 2026-11-20T09:00, yesterday, last monday ...")
        return span

    @property
    def writer(self) -> Writer | None:
        """The configured language model, or None."""
        return writer_of(self.engine.config.llm) if self.models else None

    def text(self, fid: Fid) -> str | None:
        """Return a file's text as it was extracted, or None where the index has none."""
        try:
            return self.engine.texts.text(fid)
        except NotFound:
            return None

    def writing(self) -> Transaction:
        """Return the open transaction; a changing call outside of one is a mistake of the runner."""
        assert self.transaction is not None, "a changing call runs inside a transaction"
        return self.transaction

    def degraded(self) -> list[str]:
        """Return in words what does not work as it should."""
        return self.engine.degraded()

    def fresh(self) -> dict[str, Json]:
        """Return what an answer says of its freshness."""
        return self.engine.freshness()


def _moved(path: RelPath, moved: Mapping[RelPath, RelPath]) -> RelPath:
    above, below = path, b""
    while above:
        if above in moved:
            return RelPath(moved[above] + below)
        above = RelPath(path[: max(above.rfind(b"/"), 0)])
        below = path[len(above) :]
    return path


def listed(entries: list[Entry]) -> list[Json]:
    """Return entries as the contract's file objects."""
    out: list[Json] = []
    for e in entries:
        one: dict[str, Json] = {**path_json(e.path), "kind": e.kind.value, "size": e.size, "modified": times.iso_ns(e.mtime_ns)}
        out.append(one)
    return out
