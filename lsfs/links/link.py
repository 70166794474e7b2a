"""What a share link is, and the tables in which links live.

Without the tables the links are void; nothing else goes with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsfs.catalogue import Schema
from lsfs.model import Fid, RelPath, TimeNs, VersionId

SCHEMA = Schema(
    "links",
    1,
    """
CREATE TABLE IF NOT EXISTS link(
  id BLOB PRIMARY KEY,          -- 12 random bytes, the first part of the address
  made_ns INTEGER NOT NULL,     -- when it was made
  expires_ns INTEGER NOT NULL,  -- not valid from here on; model.FOREVER without an end
  revoked_ns INTEGER,           -- when it was withdrawn; NULL while it stands
  actor TEXT NOT NULL,          -- who made it
  password BLOB,                -- salt and scrypt of the password; NULL without one
  most INTEGER,                 -- downloads allowed; NULL without a limit
  downloads INTEGER NOT NULL    -- downloads begun
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS link_target(
  id BLOB NOT NULL,             -- the link
  ordinal INTEGER NOT NULL,     -- place among its targets, from 0
  fid INTEGER NOT NULL,         -- the file or folder: a link follows it through renames
  vid INTEGER,                  -- the version that is shared; NULL for the file as it is when fetched
  path BLOB NOT NULL,           -- where it was when the link was made
  PRIMARY KEY(id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_target_path ON link_target(path);
CREATE TABLE IF NOT EXISTS link_access(
  seq INTEGER PRIMARY KEY,      -- in order
  id BLOB NOT NULL,             -- the link
  at_ns INTEGER NOT NULL,       -- when
  address TEXT NOT NULL,        -- the other side's address
  status INTEGER NOT NULL,      -- HTTP status of the answer
  what TEXT NOT NULL,           -- page, file, zip, or why it was refused
  sent INTEGER NOT NULL         -- bytes of content sent
) STRICT;
CREATE INDEX IF NOT EXISTS link_access_id ON link_access(id, seq);
""",
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a link leads to.

    Attributes:
        version: the version that is shared; None for the file as it is when fetched.
        path: where it was when the link was made.
    """

    fid: Fid
    version: VersionId | None
    path: RelPath


@dataclass(frozen=True, slots=True)
class Link:
    """A link.

    Attributes:
        expires_ns: not valid from here on; FOREVER without an end.
        revoked_ns: when it was withdrawn; None while it stands.
        password: salt and scrypt; None without one.
        most: downloads allowed; None without a limit.
        downloads: downloads begun.
    """

    id: bytes
    made_ns: TimeNs
    expires_ns: TimeNs
    revoked_ns: TimeNs | None
    actor: str
    password: bytes | None
    most: int | None
    downloads: int
    targets: tuple[Target, ...]

    def over(self, now_ns: int) -> str | None:
        """Return why the link is not valid any more, or None while it is."""
        if self.revoked_ns is not None:
            return "this link was withdrawn"
        if now_ns >= self.expires_ns:
            return "this link has expired"
        if self.most is not None and self.downloads >= self.most:
            return "this link was used as often as it may be"
        return None


@dataclass(frozen=True, slots=True)
class Access:
    """A line of a link's access log."""

    at_ns: TimeNs
    address: str
    status: int
    what: str
    sent: int
