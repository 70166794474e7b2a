"""Say what happened as records: which version follows which, which names begin and end, whose transaction it is.

It reads no disk; it is handed what was seen and what was taken.

Threading: the recorder's lock is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lsfs.capture import known as tables
from lsfs.capture.disk import Look
from lsfs.capture.events import Event
from lsfs.capture.known import Known
from lsfs.capture.taking import Taken
from lsfs.capture.writing import Group
from lsfs.catalogue import Catalogue
from lsfs.model import Change, ChangeKind, Fid, Kind, RelPath, State, VersionId
from lsfs.packs.content import Content
from lsfs.versions.ids import Ids
from lsfs.versions.records import BeginRecord, ChangeRecord, FillRecord, VersionRecord

BURST_GAP_NS = 2_000_000_000
"""Changes of one program that are closer than this are one burst in the log."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who is recorded as having done something.

    Attributes:
        tx: the transaction; None: a burst of the actor's own, or none at all for the baseline.
        origins: for paths that are being put back, the version that they are put back to.
        placed: files that were just written, as reading them would tell.
        baseline: it was there before we were: no transaction.
        holder: the transaction that asks, if it is not the author; others' paths are left alone.
        complete: all that it made is named: a new folder need not be walked.
    """

    actor: str
    tx: int | None = None
    origins: Mapping[bytes, int] = field(default_factory=dict)
    placed: Mapping[bytes, Taken] = field(default_factory=dict)
    baseline: bool = False
    holder: int | None = None
    complete: bool = False


@dataclass(slots=True)
class _Burst:
    tx: int
    last_ns: int


class Describer:
    """Makes the records of changes."""

    def __init__(self, catalogue: Catalogue, ids: Ids) -> None:
        self._catalogue = catalogue
        self._ids = ids
        self._bursts: dict[str, _Burst] = {}

    # Events

    def create(self, group: Group, author: Author, e: Event, taken: Taken) -> None:
        """A name begins: a new file, or one that continues (`e.known`)."""
        known = None if e.known is None else group.now(e.known)
        version = self._version(group, author, e.path, known, taken)
        self._put(group, ChangeKind.CREATED, version, taken, known, begins=(e.path,))

    def pending(self, group: Group, author: Author, e: Event) -> None:
        """A file of the baseline: its row now, its content later."""
        assert e.look is not None
        taken = Taken(e.look)
        version = self._version(group, author, e.path, None, taken, State.PENDING)
        self._put(group, ChangeKind.CREATED, version, taken, None, begins=(e.path,))

    def modified(self, group: Group, author: Author, path: bytes, known: Known, taken: Taken) -> None:
        """A file whose stat moved: a new version where content or attributes differ, else only the stat."""
        if known.state == State.PENDING:
            if self._fill(group, path, known, taken):
                return
            known = known._replace(state=State.MISSED)
        if _same(known, taken):
            row = _after(known, taken)
            group.refresh((row.ino, row.size, row.mtime_ns, row.ctime_ns, int(row.racy), row.fid), row)
            return
        kind = ChangeKind.ATTRIBUTES if _same_content(known, taken) else ChangeKind.MODIFIED
        version = self._version(group, author, path, known, taken)
        self._put(group, kind, version, taken, known, before=(known.fid, known.vid))

    def move(self, group: Group, author: Author, e: Event) -> None:
        """A file has another name."""
        assert e.known is not None and e.look is not None and e.old_path is not None
        known = group.now(e.known)
        there = tables.at_path(self._catalogue.read(), e.path)
        before = (None, None) if there is None else (there.fid, there.vid)
        # A rename moves ctime and nothing else.
        unmoved = (known.ino, known.size, known.mtime_ns, known.mode) == (e.look.ino, e.look.size, e.look.mtime_ns, e.look.mode)
        known = known._replace(ctime_ns=e.look.ctime_ns) if unmoved or known.kind == Kind.DIRECTORY else known
        record = self._change(
            group,
            author,
            ChangeKind.MOVED,
            known,
            e.path,
            old_path=e.old_path,
            ends=(e.old_path,),
            begins=(e.path,),
            before=before,
            stat=(known.ino, known.size, known.mtime_ns, known.ctime_ns, int(known.racy)),
        )
        group.add(record, known)

    def link(self, group: Group, author: Author, e: Event) -> None:
        """A file has one more name."""
        assert e.known is not None and e.look is not None
        known = group.now(e.known)._replace(ctime_ns=e.look.ctime_ns)
        known = known._replace(names=known.names + 1)
        stat = (known.ino, known.size, known.mtime_ns, known.ctime_ns, int(known.racy))
        group.add(self._change(group, author, ChangeKind.CREATED, known, e.path, begins=(e.path,), stat=stat), known)

    def end(self, group: Group, author: Author, e: Event) -> None:
        """A name ends; the file ends with its last name."""
        assert e.known is not None
        known = group.now(e.known)
        before = (known.fid, known.vid)
        if known.names > 1:
            known = known._replace(names=known.names - 1)
            group.add(self._change(group, author, ChangeKind.DELETED, known, e.path, ends=(e.path,), before=before), known)
            return
        if known.state == State.PENDING:
            group.add(FillRecord(known.vid, State.MISSED, known.size, None, None, None))
        look = Look(known.kind, known.ino, 0, 0, known.mode, known.uid, known.gid, known.mtime_ns, known.ctime_ns)
        version = self._version(group, author, e.path, known, Taken(look), State.DELETED)
        self._put(group, ChangeKind.DELETED, version, Taken(look), known, ends=(e.path,), before=before)

    def split(self, group: Group, author: Author, e: Event, taken: Taken | None, *, same: bool) -> None:
        """A name becomes a file of its own.

        Args:
            taken: what is there, where it is not `same`; None: it has gone.
            same: what is there is the content that `e.known` had, as with a name of a hard link that was replaced.
        """
        assert e.known is not None and e.look is not None
        there = tables.at_path(self._catalogue.read(), e.path)
        if there is not None and there.fid == e.known.fid and not _ends(group, e.path):
            known = group.now(e.known)._replace(names=group.now(e.known).names - 1)
            before = (known.fid, known.vid)
            group.add(self._change(group, author, ChangeKind.DELETED, known, e.path, ends=(e.path,), before=before), known)
        if same:
            taken = Taken(e.look, target=e.known.target, xattrs=e.known.xattrs, racy=True)
        if taken is None:
            return
        version = self._version(group, author, e.path, None, taken, e.known.state if same else None)
        if same:
            version = version._replace(digest=e.known.digest, content=e.known.content)
        self._put(group, ChangeKind.CREATED, version, taken, None, begins=(e.path,))

    def come_back(self, group: Group, author: Author, e: Event, taken: Taken) -> None:
        """A file leaves its backup name and goes on under the name that was written anew."""
        assert e.known is not None and e.old_path is not None
        known = group.now(e.known)
        version = self._version(group, author, e.path, known, taken)
        kind = ChangeKind.MODIFIED
        self._put(group, kind, version, taken, known, ends=(e.old_path,), begins=(e.path,), old_path=e.old_path)

    # Parts

    def _fill(self, group: Group, path: bytes, known: Known, taken: Taken) -> bool:
        """Settle a version that waits for its content; return whether what was taken is that content."""
        if known.key != taken.look.key or not taken.whole or taken.content is None:
            group.add(FillRecord(known.vid, State.MISSED, known.size, None, None, None))
            return False
        self.filled(group, path, known.vid, known, taken.content, taken.xattrs, racy=taken.racy)
        return True

    def filled(
        self,
        group: Group,
        path: bytes,
        vid: int,
        known: Known,
        content: Content,
        xattrs: bytes | None,
        *,
        racy: bool = False,
    ) -> None:
        """The content of a version of `known` (the newest or an earlier one) that was pending or missed has been taken."""
        fill = FillRecord(vid, State.STORED, content.size, content.digest, content.encode(), xattrs)
        if vid != known.vid:
            group.add(fill)
            return
        stored = known._replace(state=State.STORED, digest=content.digest, content=fill.content)
        group.add(fill, stored._replace(xattrs=xattrs or known.xattrs, racy=racy))
        at_ns = self._catalogue.tick()
        group.tell(Change(ChangeKind.MODIFIED, Fid(known.fid), RelPath(path), at_ns, VersionId(known.vid)))

    def _version(
        self,
        group: Group,
        author: Author,
        path: bytes,
        known: Known | None,
        taken: Taken,
        state: State | None = None,
    ) -> VersionRecord:
        """Return the version behind `known`; `state` is what `taken` says, where none is given."""
        look, content = taken.look, taken.content
        at_ns = self._catalogue.tick()
        return VersionRecord(
            vid=self._ids.vid(),
            fid=self._ids.fid() if known is None else known.fid,
            number=1 if known is None else known.number + 1,
            at_ns=at_ns,
            path=path,
            kind=look.kind,
            state=state or taken.state,
            size=content.size if content is not None else look.size,
            mode=look.mode,
            uid=look.uid,
            gid=look.gid,
            mtime_ns=look.mtime_ns,
            ctime_ns=look.ctime_ns,
            ino=look.ino,
            digest=None if content is None else content.digest,
            content=None if content is None else content.encode(),
            target=taken.target,
            xattrs=taken.xattrs,
            origin=author.origins.get(path),
            tx=self._tx(group, author, at_ns),
            actor=author.actor,
            racy=int(taken.racy or not taken.whole),
        )

    def _put(
        self,
        group: Group,
        kind: ChangeKind,
        version: VersionRecord,
        taken: Taken,
        known: Known | None,
        *,
        ends: tuple[bytes, ...] = (),
        begins: tuple[bytes, ...] = (),
        before: tuple[int | None, int | None] = (None, None),
        old_path: bytes | None = None,
    ) -> None:
        """Add a change that has a version; `known` is the file before it."""
        names = len(begins) - len(ends) + (0 if known is None else known.names)
        after = _known(version, taken, names)
        record = ChangeRecord(
            at_ns=version.at_ns,
            kind=kind,
            fid=version.fid,
            path=version.path,
            old_path=old_path,
            ends=ends,
            begins=begins,
            version=tuple(version),
            vid=version.vid,
            before_fid=before[0],
            before_vid=before[1],
            tx=version.tx,
            actor=version.actor,
        )
        group.add(record, after)

    def _change(
        self,
        group: Group,
        author: Author,
        kind: ChangeKind,
        known: Known,
        path: bytes,
        *,
        old_path: bytes | None = None,
        ends: tuple[bytes, ...] = (),
        begins: tuple[bytes, ...] = (),
        before: tuple[int | None, int | None] = (None, None),
        stat: tuple[int, ...] | None = None,
    ) -> ChangeRecord:
        """Return a change without a version of its own."""
        at_ns = self._catalogue.tick()
        return ChangeRecord(
            at_ns=at_ns,
            kind=kind,
            fid=known.fid,
            path=path,
            old_path=old_path,
            ends=ends,
            begins=begins,
            version=None,
            vid=known.vid,
            before_fid=before[0],
            before_vid=before[1],
            tx=self._tx(group, author, at_ns),
            actor=author.actor,
            stat=stat,
        )

    def _tx(self, group: Group, author: Author, at_ns: int) -> int | None:
        """Return the transaction of a change: the author's, or the burst that goes on or begins."""
        if author.tx is not None or author.baseline:
            return author.tx
        burst = self._bursts.get(author.actor)
        if burst is None or at_ns - burst.last_ns > BURST_GAP_NS:
            burst = self._bursts[author.actor] = _Burst(self._ids.tx(), at_ns)
            group.add(BeginRecord(burst.tx, at_ns, "burst", "committed", author.actor, "", "", "[]"))
        burst.last_ns = at_ns
        return burst.tx


def _same_content(known: Known, taken: Taken) -> bool:
    if taken.look.kind == Kind.FILE:
        return known.digest is not None and taken.content is not None and known.digest == taken.content.digest
    return known.target == taken.target


def _same(known: Known, taken: Taken) -> bool:
    look = taken.look
    attributes = (known.mode, known.uid, known.gid, known.xattrs) == (look.mode, look.uid, look.gid, taken.xattrs)
    same_time = known.mtime_ns == look.mtime_ns or look.kind == Kind.DIRECTORY
    unread = bool(taken.unreadable) and known.state == State.MISSED and known.key == look.key
    return attributes and same_time and (unread or _same_content(known, taken))


def _after(known: Known, taken: Taken) -> Known:
    look, racy = taken.look, taken.racy or not taken.whole
    return known._replace(ino=look.ino, size=look.size, mtime_ns=look.mtime_ns, ctime_ns=look.ctime_ns, racy=racy)


def _known(v: VersionRecord, taken: Taken, names: int) -> Known:
    racy = taken.racy or not taken.whole
    state = State(v.state)
    return Known(
        v.fid, v.vid, v.number, Kind(v.kind), state, v.ino, v.size, v.mtime_ns, v.ctime_ns, racy, names,
        v.mode, v.uid, v.gid, v.digest, v.target, v.xattrs, v.content, v.at_ns,
    )  # fmt: skip


def _ends(group: Group, path: bytes) -> bool:
    return any(isinstance(r, ChangeRecord) and path in r.ends for r in group.records)
