"""The tables of the version store.

They are an index: every row is made by `lsfs.versions.applying` from a record in the packs, so they can be made again from
the packs alone (what is kept only here says so). Times are ns since 1970 UTC, paths are bytes relative to the root.
"""

from __future__ import annotations

from lsfs.catalogue import Schema

SCHEMA = Schema(
    "versions",
    1,
    """
CREATE TABLE IF NOT EXISTS file(
  fid INTEGER PRIMARY KEY,     -- identity of a file through renames and atomic saves
  kind TEXT NOT NULL,          -- model.Kind
  vid INTEGER NOT NULL,        -- its newest version
  number INTEGER NOT NULL,     -- and that version's number
  ino INTEGER NOT NULL,        -- inode at the newest capture; 0 unknown
  size INTEGER NOT NULL,       -- bytes, at the newest capture
  mtime_ns INTEGER NOT NULL,   -- as in st_mtime_ns at the newest capture
  ctime_ns INTEGER NOT NULL,   -- as in st_ctime_ns at the newest capture
  racy INTEGER NOT NULL,       -- 1: captured within the clock's grain of a change, an equal stat proves nothing
  names INTEGER NOT NULL       -- live names; 0 deleted, above 1 hard links
) STRICT;
CREATE INDEX IF NOT EXISTS file_ino ON file(ino);
CREATE TABLE IF NOT EXISTS dentry(
  path BLOB NOT NULL,          -- full path; b"" is never a row
  to_ns INTEGER NOT NULL,      -- valid to here, exclusive; model.FOREVER while it is live
  fid INTEGER NOT NULL,        -- the file that the name stands for
  from_ns INTEGER NOT NULL,    -- valid from here
  parent BLOB NOT NULL,        -- the folder's path; b"" for the root
  PRIMARY KEY(path, to_ns, fid)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dentry_parent ON dentry(parent, to_ns, from_ns, path, fid);
CREATE INDEX IF NOT EXISTS dentry_fid ON dentry(fid, to_ns, from_ns, path);
CREATE INDEX IF NOT EXISTS dentry_live ON dentry(path, fid, from_ns) WHERE to_ns = 9223372036854775807;
CREATE TABLE IF NOT EXISTS version(
  vid INTEGER PRIMARY KEY,     -- model.VersionId
  fid INTEGER NOT NULL,        -- the file
  number INTEGER NOT NULL,     -- 1 for the first version of the file
  at_ns INTEGER NOT NULL,      -- when it became the current one
  path BLOB NOT NULL,          -- where the file was then
  kind TEXT NOT NULL,          -- model.Kind
  state TEXT NOT NULL,         -- model.State
  size INTEGER NOT NULL,       -- bytes
  mode INTEGER NOT NULL,       -- st_mode with the type bits
  uid INTEGER NOT NULL,        -- st_uid
  gid INTEGER NOT NULL,        -- st_gid
  mtime_ns INTEGER NOT NULL,   -- st_mtime_ns
  ctime_ns INTEGER NOT NULL,   -- st_ctime_ns
  ino INTEGER NOT NULL,        -- st_ino; 0 unknown
  digest BLOB,                 -- BLAKE3-256 of the content; NULL when there is none
  content BLOB,                -- packs.Content.encode(); NULL when there is none
  target BLOB,                 -- what a symbolic link points to
  xattrs BLOB,                 -- msgpack map of name to value (bytes); NULL when there are none
  origin INTEGER,              -- the version that this one put back
  tx INTEGER,                  -- the transaction that made it; NULL for the baseline
  actor TEXT NOT NULL          -- who: user, program, agent:NAME, baseline
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS version_number ON version(fid, number);
CREATE INDEX IF NOT EXISTS version_time ON version(fid, at_ns, vid, number, kind, state, size, mtime_ns);
CREATE INDEX IF NOT EXISTS version_stat ON version(fid, mtime_ns, size);
CREATE INDEX IF NOT EXISTS version_pending ON version(size) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS version_missed ON version(at_ns) WHERE state = 'missed';
CREATE INDEX IF NOT EXISTS version_torn ON version(at_ns) WHERE state = 'torn';
CREATE TABLE IF NOT EXISTS tx(
  tx INTEGER PRIMARY KEY,      -- model.TransactionId
  at_ns INTEGER NOT NULL,      -- when it began
  end_ns INTEGER,              -- when it ended, or the last change of a burst; NULL while it is open
  kind TEXT NOT NULL,          -- call, rollback, undo, burst
  state TEXT NOT NULL,         -- open, committed, reverted
  actor TEXT NOT NULL,         -- who: user, program, agent:NAME
  prompt TEXT NOT NULL,        -- what was asked for; empty for a burst
  plan TEXT NOT NULL,          -- the plan as JSON; empty for a burst
  undoes TEXT NOT NULL,        -- JSON list of the transactions that it takes back
  undone_by INTEGER            -- the transaction that took this one back; NULL while it stands
) STRICT;
CREATE INDEX IF NOT EXISTS tx_time ON tx(at_ns);
CREATE INDEX IF NOT EXISTS tx_open ON tx(tx) WHERE state = 'open';
CREATE TABLE IF NOT EXISTS effect(
  at_ns INTEGER NOT NULL,      -- when it happened; unique for each change
  part INTEGER NOT NULL,       -- 0 the old name of a move, 1 else
  tx INTEGER NOT NULL,         -- the transaction
  path BLOB NOT NULL,          -- the name that it touched
  kind TEXT NOT NULL,          -- model.ChangeKind
  before_fid INTEGER,          -- the file that the name stood for; NULL: none
  before_vid INTEGER,          -- its version then
  after_fid INTEGER,           -- and afterwards; NULL: none
  after_vid INTEGER,           -- its version then
  PRIMARY KEY(at_ns, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS effect_tx ON effect(tx, at_ns, part);
CREATE TABLE IF NOT EXISTS step(
  tx INTEGER NOT NULL,         -- the transaction
  number INTEGER NOT NULL,     -- 1 for its first step
  operation TEXT NOT NULL,     -- what it is about to do
  targets BLOB NOT NULL,       -- msgpack list of [path, fid or nil, vid or nil]: what the names were before the step
  expected BLOB,               -- msgpack list of [path, digest or nil]: content that the step is about to write
  PRIMARY KEY(tx, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tag(
  fid INTEGER NOT NULL,        -- the file
  tag TEXT NOT NULL,           -- in lower case
  from_ns INTEGER NOT NULL,    -- valid from here
  to_ns INTEGER NOT NULL,      -- to here, exclusive; model.FOREVER while it is set
  tx INTEGER,                  -- the transaction that set it
  end_tx INTEGER,              -- the transaction that removed it
  PRIMARY KEY(fid, tag, from_ns)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tag_live ON tag(tag, fid) WHERE to_ns = 9223372036854775807;
CREATE INDEX IF NOT EXISTS tag_tx ON tag(tx) WHERE tx IS NOT NULL;
CREATE INDEX IF NOT EXISTS tag_end_tx ON tag(end_tx) WHERE end_tx IS NOT NULL;
CREATE TABLE IF NOT EXISTS snapshot(
  name TEXT PRIMARY KEY,       -- as the user gave it
  at_ns INTEGER NOT NULL,      -- the time that it names
  made_ns INTEGER NOT NULL,    -- when it was made
  tx INTEGER                   -- the transaction that made it
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lock(
  path BLOB PRIMARY KEY,       -- the locked file or folder
  at_ns INTEGER NOT NULL,      -- since when
  actor TEXT NOT NULL,         -- who locked it
  tx INTEGER                   -- the transaction that set it
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lock_change(
  tx INTEGER NOT NULL,         -- the transaction
  path BLOB NOT NULL,          -- what it locked or unlocked
  at_ns INTEGER NOT NULL,      -- when
  PRIMARY KEY(tx, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pin(
  vid INTEGER PRIMARY KEY,     -- a version that retention leaves alone
  at_ns INTEGER NOT NULL       -- since when
) STRICT;
CREATE TABLE IF NOT EXISTS kept(
  store TEXT NOT NULL,         -- whose it is: links, subscriptions, saved searches
  key BLOB NOT NULL,           -- as that store names it
  at_ns INTEGER NOT NULL,      -- when it was written
  fid INTEGER,                 -- the file that it is about; NULL for none
  value BLOB NOT NULL,         -- as that store wrote it
  PRIMARY KEY(store, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_fid ON kept(fid) WHERE fid IS NOT NULL;
""",
)
