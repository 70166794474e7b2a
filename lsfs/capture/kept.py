"""What users make beside versions and their labels, kept in the packs: share links, subscriptions, saved searches.

Each store has keys of its own and writes its values as it likes. A value about a file is forgotten together with the file.
What a store can make again, or only counts, does not belong here.

Threading: any thread; `put` and `remove` take the recorder's lock, so they are not to be called inside `Catalogue.write`.
Durability: what `put` or `remove` wrote is durable when it returns, and comes back when the catalogue is made again.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsfs.capture.recorder import Recorder
from lsfs.capture.writing import Effects
from lsfs.versions.records import KeptRecord


class Kept:
    """The values of one store."""

    def __init__(self, recorder: Recorder, store: str) -> None:
        self._recorder = recorder
        self._store = store
        self.lock = recorder.lock
        """Held by a caller that reads a value and writes it anew."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value under a key, or None."""
        sql = "SELECT value FROM kept WHERE store=? AND key=?"
        row = self._recorder.catalogue.read().execute(sql, (self._store, key)).fetchone()
        return None if row is None else bytes(row[0])

    def all(self, prefix: bytes = b"") -> dict[bytes, bytes]:
        """Return key and value of what is kept, in the order of the keys; only keys that begin with `prefix`."""
        sql = "SELECT key, value FROM kept WHERE store=? AND substr(key, 1, ?)=? ORDER BY key"
        return dict(self._recorder.catalogue.read().execute(sql, (self._store, len(prefix), prefix)))

    def put(self, key: bytes, value: bytes, *, fid: int | None = None, effects: Effects | None = None) -> None:
        """Keep a value, in place of the one that is there; `effects` happen with it or not at all."""
        self.put_all([(key, value, fid)], effects)

    def put_all(self, values: Sequence[tuple[bytes, bytes, int | None]], effects: Effects | None = None) -> None:
        """Keep several (key, value, fid), all or none."""
        self._write([(key, fid, value) for key, value, fid in values], effects)

    def remove(self, keys: Sequence[bytes], effects: Effects | None = None) -> None:
        """Keep these no longer."""
        con = self._recorder.catalogue.read()
        sql = "SELECT fid FROM kept WHERE store=? AND key=?"
        found = [(key, row[0], None) for key in keys if (row := con.execute(sql, (self._store, key)).fetchone()) is not None]
        if found:
            self._write(found, effects)

    def about(self, fids: Sequence[int]) -> list[bytes]:
        """Return the keys of what is about these files."""
        con = self._recorder.catalogue.read()
        sql = "SELECT key FROM kept WHERE store=? AND fid=?"
        return [bytes(row[0]) for fid in fids for row in con.execute(sql, (self._store, fid))]

    def _write(self, rows: Sequence[tuple[bytes, int | None, bytes | None]], effects: Effects | None) -> None:
        now = self._recorder.catalogue.tick()
        self._recorder.write([KeptRecord(self._store, key, now, fid, value) for key, fid, value in rows], effects)
