"""The records of the version store in the packs: what happened, self-describing, from which every table can be made again.

A record's payload is a msgpack array whose first element is the format number of that record; readers refuse formats that
they do not know and ignore elements behind those that they know. The pack layer checksums records and keeps their order.

They are named tuples: a rollback makes thousands of them, and a frozen dataclass takes ten times as long to make.

Durability: `Packs.commit` makes records durable before the tables change.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import msgpack

from lsfs.errors import Corrupt

FORMAT = 1


class VersionRecord(NamedTuple):
    """A new version; the fields are the columns of the table `version`."""

    vid: int
    fid: int
    number: int
    at_ns: int
    path: bytes
    kind: str
    state: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    ctime_ns: int
    ino: int
    digest: bytes | None
    content: bytes | None
    target: bytes | None
    xattrs: bytes | None
    origin: int | None
    tx: int | None
    actor: str
    racy: int


class ChangeRecord(NamedTuple):
    """One change of one file: names that end, names that begin, the new version.

    Attributes:
        kind: model.ChangeKind.
        path: the name that the change is about; after a move the new one.
        old_path: the name before a move.
        ends: names of the file that end now.
        begins: names of the file that begin now.
        version: the new version as the values of a VersionRecord; None where content and attributes stay.
        vid: the version that is current afterwards.
        before_fid: the file that `path` stood for before.
        before_vid: that file's version before.
        stat: (ino, size, mtime_ns, ctime_ns, racy) where only these moved; None else.
    """

    at_ns: int
    kind: str
    fid: int
    path: bytes
    old_path: bytes | None
    ends: tuple[bytes, ...]
    begins: tuple[bytes, ...]
    version: tuple[Any, ...] | None
    vid: int
    before_fid: int | None
    before_vid: int | None
    tx: int | None
    actor: str
    stat: tuple[int, ...] | None = None


class BeginRecord(NamedTuple):
    """A transaction begins; a burst is committed from its beginning on.

    `forget` writes a second one, without prompt and plan, in place of the first; it tells how the transaction ended.
    """

    tx: int
    at_ns: int
    kind: str
    state: str
    actor: str
    prompt: str
    plan: str
    undoes: str
    end_ns: int | None = None
    undone_by: int | None = None


class StepRecord(NamedTuple):
    """A transaction is about to touch these names: [path, fid, vid] as they are, [path, digest] as they will be."""

    tx: int
    number: int
    operation: str
    targets: tuple[Any, ...]
    expected: tuple[Any, ...]


class EndRecord(NamedTuple):
    """A transaction ended as `state`: committed or reverted."""

    tx: int
    at_ns: int
    state: str


class TagRecord(NamedTuple):
    """Tags of a file were set and removed."""

    fid: int
    at_ns: int
    add: tuple[str, ...]
    remove: tuple[str, ...]
    tx: int | None


class SnapshotRecord(NamedTuple):
    """A time got a name; at_ns None removes it."""

    name: str
    at_ns: int | None
    made_ns: int
    tx: int | None


class LockRecord(NamedTuple):
    """A path was locked or unlocked."""

    path: bytes
    locked: bool
    at_ns: int
    actor: str
    tx: int | None


class FillRecord(NamedTuple):
    """The content of a version arrived later, or was found to be gone (`state` missed, content None)."""

    vid: int
    state: str
    size: int
    digest: bytes | None
    content: bytes | None
    xattrs: bytes | None


class DropRecord(NamedTuple):
    """Versions whose content retention removed, and whole files that `forget` removed."""

    at_ns: int
    vids: tuple[int, ...]
    fids: tuple[int, ...]


class PinRecord(NamedTuple):
    """A version is kept whatever the retention rules say, or no longer."""

    vid: int
    at_ns: int
    pinned: bool


class KeptRecord(NamedTuple):
    """Another store's value under a key: a share link, a subscription, a saved search; value None removes it.

    Attributes:
        store: whose it is.
        fid: the file that it is about, with which it is forgotten; None for none.
        value: as that store wrote it.
    """

    store: str
    key: bytes
    at_ns: int
    fid: int | None
    value: bytes | None


Record: TypeAlias = (
    ChangeRecord
    | BeginRecord
    | StepRecord
    | EndRecord
    | TagRecord
    | SnapshotRecord
    | LockRecord
    | FillRecord
    | DropRecord
    | PinRecord
    | KeptRecord
)

_KINDS: dict[int, type[Any]] = {
    1: ChangeRecord,
    2: BeginRecord,
    3: StepRecord,
    4: EndRecord,
    5: TagRecord,
    6: SnapshotRecord,
    7: LockRecord,
    8: FillRecord,
    9: DropRecord,
    10: PinRecord,
    11: KeptRecord,
}
_NUMBERS = {cls: number for number, cls in _KINDS.items()}
_ARITY = {cls: len(cls._fields) for cls in _KINDS.values()}


def encode(record: Record) -> tuple[int, bytes]:
    """Return the record as the packs take it: (kind, payload)."""
    payload: bytes = msgpack.packb([FORMAT, *record], use_bin_type=True)
    return _NUMBERS[type(record)], payload


def decode(kind: int, payload: bytes) -> Record | None:
    """Return the record, or None for a kind that this program does not know.

    Raises:
        Corrupt: the payload is no record, or of a format that is newer than this program.
    """
    cls = _KINDS.get(kind)
    if cls is None:
        return None
    try:
        version, *values = msgpack.unpackb(payload, raw=False, use_list=False)
    except (ValueError, TypeError, msgpack.UnpackException) as e:
        raise Corrupt(f"a version record in the packs is damaged ({e})") from e
    if version != FORMAT:
        raise Corrupt(f"a version record has format {version}; this program knows {FORMAT}: use a newer lsfs")
    record: Record = cls(*values[: _ARITY[cls]])
    return record


def version_of(change: ChangeRecord) -> VersionRecord | None:
    """Return the version that a change carries."""
    return None if change.version is None else VersionRecord._make(change.version[: len(VersionRecord._fields)])


def pack(value: object) -> bytes:
    """Return `value` (lists, maps, bytes, integers, text) as msgpack."""
    out: bytes = msgpack.packb(value, use_bin_type=True)
    return out


def unpack(data: bytes) -> Any:
    """Return what `pack` was given; lists come back as tuples."""
    return msgpack.unpackb(data, raw=False, use_list=False, strict_map_key=False)
