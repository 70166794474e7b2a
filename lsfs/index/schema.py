"""The tables of the index. All of it can be made again from the files and the version store."""

from __future__ import annotations

from lsfs.catalogue import Schema

TOKENIZE = "porter unicode61 remove_diacritics 2"

SCHEMA = Schema(
    "index",
    1,
    f"""
CREATE TABLE IF NOT EXISTS doc(
  did INTEGER PRIMARY KEY,     -- one content of one file, as it was indexed
  fid INTEGER NOT NULL,        -- the file
  vid INTEGER NOT NULL,        -- the newest version with this content
  digest BLOB,                 -- BLAKE3-256 of the content; NULL when the store did not know it
  from_ns INTEGER NOT NULL,    -- the content is valid from here
  to_ns INTEGER NOT NULL,      -- to here, exclusive; model.FOREVER for the live one
  state TEXT NOT NULL,         -- text, none (no text in it), skipped (for a reason), ignored (by the user's rules)
  reason TEXT,                 -- why it was skipped or ignored
  title TEXT NOT NULL,         -- first title among its attributes; empty when there is none
  size INTEGER NOT NULL,       -- bytes of content
  mtime_ns INTEGER NOT NULL,   -- st_mtime_ns of the newest version with this content
  lined INTEGER NOT NULL,      -- 1: lines of the text are lines of the file
  vectored INTEGER NOT NULL    -- 1: every passage has a vector of the current model
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS doc_live ON doc(fid) WHERE to_ns = 9223372036854775807;
CREATE INDEX IF NOT EXISTS doc_shown ON doc(fid, state) WHERE to_ns = 9223372036854775807;  -- covers as well
CREATE INDEX IF NOT EXISTS doc_file ON doc(fid, from_ns);
CREATE INDEX IF NOT EXISTS doc_version ON doc(vid);
CREATE INDEX IF NOT EXISTS doc_modified ON doc(mtime_ns) WHERE to_ns = 9223372036854775807;
CREATE INDEX IF NOT EXISTS doc_waiting ON doc(mtime_ns) WHERE vectored = 0 AND to_ns = 9223372036854775807;
CREATE INDEX IF NOT EXISTS doc_state ON doc(state) WHERE to_ns = 9223372036854775807 AND state IN ('skipped', 'ignored');
CREATE TABLE IF NOT EXISTS body(
  did INTEGER PRIMARY KEY,     -- the document
  title TEXT NOT NULL,         -- exactly what the words table was given as title,
  meta TEXT NOT NULL,          -- as meta
  text BLOB NOT NULL,          -- and, before `words.spaced`, as body: zstd of UTF-8
  past INTEGER NOT NULL        -- 0: its words are in `words`; -1: on the way; 1: in `words_past`
) STRICT;
CREATE INDEX IF NOT EXISTS body_moving ON body(did) WHERE past = -1;
CREATE TABLE IF NOT EXISTS passage(
  did INTEGER NOT NULL,        -- the document
  ordinal INTEGER NOT NULL,    -- from 0
  hash BLOB NOT NULL,          -- BLAKE3 of the passage's text, 16 bytes
  start INTEGER NOT NULL,      -- first character in the text
  stop INTEGER NOT NULL,       -- behind the last one
  line INTEGER NOT NULL,       -- line of the first one, from 1
  page INTEGER,                -- page or slide, from 1
  label TEXT,                  -- sheet or cell
  PRIMARY KEY(did, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS passage_hash ON passage(hash);
CREATE TABLE IF NOT EXISTS vector(
  model TEXT NOT NULL,         -- Embedder.model_id
  hash BLOB NOT NULL,          -- of the passage
  place INTEGER NOT NULL,      -- row of the matrix
  PRIMARY KEY(model, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attribute(
  did INTEGER NOT NULL,        -- the document
  field TEXT NOT NULL,         -- author, title, from, symbol, ...
  folded TEXT NOT NULL,        -- the value in lower case without accents
  ordinal INTEGER NOT NULL,    -- its place among the values of the field, from 0
  value TEXT NOT NULL,         -- as it was written
  PRIMARY KEY(did, field, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attribute_value ON attribute(field, folded, did);
CREATE TABLE IF NOT EXISTS placed(
  nid INTEGER PRIMARY KEY,     -- a live name as it was indexed
  fid INTEGER NOT NULL,        -- the file
  path BLOB NOT NULL UNIQUE,   -- its path
  ext TEXT NOT NULL            -- extension in lower case without a dot
) STRICT;
CREATE INDEX IF NOT EXISTS placed_path ON placed(path, fid);  -- covers: a list of names is looked up without the rows
CREATE INDEX IF NOT EXISTS placed_file ON placed(fid);
CREATE INDEX IF NOT EXISTS placed_ext ON placed(ext);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(title, meta, body, content='', tokenize='{TOKENIZE}');
CREATE VIRTUAL TABLE IF NOT EXISTS words_past USING fts5(title, meta, body, content='', tokenize='{TOKENIZE}');
CREATE VIRTUAL TABLE IF NOT EXISTS names USING fts5(name, content='', tokenize='{TOKENIZE}');
""",
)
