"""What a subscription and an event are, how a subscription is written down, and the tables of the events.

Subscriptions are kept in the packs (`lsfs.capture.kept`). Events are made out of the version store's effects, each once: how
far they were read is written in the transaction of the events made of them, so that a crash neither loses nor doubles one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from lsfs.catalogue import Schema
from lsfs.model import ChangeKind, Fid, RelPath, TimeNs, VersionId
from lsfs.versions.records import pack, unpack

SubscriptionId = NewType("SubscriptionId", int)

SCHEMA = Schema(
    "subscriptions",
    2,
    """
CREATE TABLE IF NOT EXISTS event(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- rises by one or more, never used twice
  sid INTEGER NOT NULL,         -- the subscription
  fid INTEGER NOT NULL,         -- the file that changed
  at_ns INTEGER NOT NULL,       -- when the change happened
  kind TEXT NOT NULL,           -- model.ChangeKind, or matches
  path BLOB NOT NULL,           -- where the file is since then (was, when it was deleted)
  old_path BLOB,                -- where it was before a move
  actor TEXT NOT NULL,          -- who changed it
  version INTEGER,              -- the version that it has since then
  summary TEXT NOT NULL,        -- what changed, in short
  UNIQUE(sid, at_ns, kind)
) STRICT;
CREATE TABLE IF NOT EXISTS event_waiting(
  fid INTEGER PRIMARY KEY,      -- a changed file that the queries have to look at when it is indexed
  at_ns INTEGER NOT NULL,       -- its latest change
  actor TEXT NOT NULL           -- who made that
) STRICT;
CREATE TABLE IF NOT EXISTS event_matched(
  sid INTEGER NOT NULL,         -- a subscription with a query
  fid INTEGER NOT NULL,         -- a file that matched it at the last look
  PRIMARY KEY(sid, fid)
) STRICT, WITHOUT ROWID;
""",
)

MATCHES = "matches"
"""The kind of the event that a file has begun to match a query."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A wish to be told: of a path, or of a query."""

    sid: SubscriptionId
    path: RelPath | None
    fid: Fid | None
    query: str | None
    actor: str
    made_ns: TimeNs


@dataclass(frozen=True, slots=True)
class Happening:
    """A change as the version store has it, the two names of a move in one.

    Attributes:
        before, after: the version that the name stood for, None for none.
    """

    at_ns: TimeNs
    kind: ChangeKind
    fid: Fid
    path: RelPath
    old_path: RelPath | None
    before: VersionId | None
    after: VersionId | None
    actor: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a subscriber is told.

    Attributes:
        seq: its number; the next ones are asked for with it.
        summary: what changed, in short; holds text of the file.
    """

    seq: int
    sid: SubscriptionId
    at_ns: TimeNs
    kind: str
    path: RelPath
    old_path: RelPath | None
    actor: str
    version: int | None
    summary: str


def written(s: Subscription) -> bytes:
    """Return a subscription as it is kept, under its number."""
    return pack([s.path, s.fid, s.query, s.actor, s.made_ns])


def read(key: bytes, value: bytes) -> Subscription:
    """Return the subscription of a kept value."""
    path, fid, query, actor, made, *_ = unpack(value)
    return Subscription(SubscriptionId(number_of(key)), path, fid, query, actor, made)


def key_of(sid: SubscriptionId) -> bytes:
    """Return the key under which a subscription is kept: in the order of the numbers."""
    return sid.to_bytes(8, "big")


def number_of(key: bytes) -> int:
    """Return the number of a key."""
    return int.from_bytes(key, "big")
