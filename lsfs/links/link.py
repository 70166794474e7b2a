"""What a share link is, how it is written down, and the tables of what is only counted about it.

A link is kept in the packs (`lsfs.capture.kept`), without its address: that needs the key in `links.key`, which is not in the
packs, so that a copy of the packs opens no link. A password is there as salt and scrypt. The tables can be lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsfs.catalogue import Schema
from lsfs.model import Fid, RelPath, TimeNs, VersionId
from lsfs.versions.records import pack, unpack

SCHEMA = Schema(
    "links",
    2,
    """
CREATE TABLE IF NOT EXISTS link_use(
  id BLOB PRIMARY KEY,          -- a link without a limit of downloads
  downloads INTEGER NOT NULL    -- downloads begun
) STRICT, WITHOUT ROWID;
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


def written(link: Link) -> bytes:
    """Return a link as it is kept, without what it leads to."""
    return pack([link.made_ns, link.expires_ns, link.revoked_ns, link.actor, link.password, link.most, link.downloads])


def read(link_id: bytes, value: bytes, targets: tuple[Target, ...]) -> Link:
    """Return the link of a kept value."""
    made, expires, revoked, actor, password, most, downloads, *_ = unpack(value)
    return Link(link_id, made, expires, revoked, actor, password, most, downloads, targets)


def written_target(target: Target) -> bytes:
    """Return what a link leads to as it is kept."""
    return pack([target.fid, target.version, target.path])


def read_target(value: bytes) -> Target:
    """Return the target of a kept value."""
    fid, version, path, *_ = unpack(value)
    return Target(Fid(fid), version, RelPath(path))
