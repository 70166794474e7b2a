"""Make the catalogue again from the packs alone, beside the present one, and compare what the two know.

The present one is replaced only when nothing that it knows is missing from the new one: a pack that is gone, cut or damaged may
have taken the records of versions whose rows are still there. Nothing else is changed before that, the packs are only read.

Threading: the caller holds the lock of the state, so that no engine has it open.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from lsfs.catalogue import Catalogue
from lsfs.errors import Conflict
from lsfs.model import show
from lsfs.packs.recovery import KEY, SPARE_KEY
from lsfs.packs.rehearsal import Rehearsal
from lsfs.packs.store import Packs
from lsfs.versions.versions import Versions

_PARTS = ("", "-wal", "-shm")
_SHOWN = 5


def rebuild_catalogue(state: Path, old: Path, *, force: bool) -> list[str]:
    """Make `state/catalogue.db` again from the packs; return in words which versions the one before knew and this one does not.

    Args:
        old: where the catalogue that is there is put.
        force: replace it even where versions are lost by that.

    Raises:
        Conflict: versions would be lost; everything is as it was.
    """
    present, made = state / "catalogue.db", state / "catalogue.rebuilt.db"
    _remove(made)
    try:
        _make(state / "packs", made, _key(present))
        lost = list(_lost(present, made))
        if lost and not force:
            raise Conflict(_refusal(lost))
        _remove(old)
        for part in _PARTS:
            if Path(f"{present}{part}").exists():
                os.replace(f"{present}{part}", f"{old}{part}")
        os.replace(made, present)
    finally:
        _remove(made)
    return lost


def _refusal(lost: list[str]) -> str:
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return (
        f"the packs do not have all that the catalogue knows: a rebuild would lose {', '.join(lost[:_SHOWN])}{more}. "
        "Nothing was changed. Put missing or damaged packs back from a backup and try again, or rebuild with `--force`: "
        "the catalogue that is there is then kept aside"
    )


def _make(packs: Path, made: Path, key: str | None) -> None:
    """Make a catalogue from the packs."""
    catalogue = Catalogue(made)
    try:
        if key is not None:
            catalogue.set_meta(SPARE_KEY, key)
        store = Packs(packs, catalogue, Rehearsal())
        try:
            Versions(catalogue, store)
        finally:
            store.close()
    finally:
        catalogue.close()


def _open(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True))


def _key(present: Path) -> str | None:
    """Return the key of the store from a catalogue, if that can be read."""
    with suppress(sqlite3.Error), _open(present) as con:
        row = con.execute("SELECT value FROM meta WHERE key=?", (KEY,)).fetchone()
        return None if row is None else str(row[0])
    return None


def _lost(present: Path, made: Path) -> Iterator[str]:
    """Yield the versions that the present catalogue knows and the made one does not; nothing where it cannot be read."""
    try:
        with _open(present) as con:
            rows = con.execute("SELECT vid, number, path, content IS NOT NULL FROM version ORDER BY path, number").fetchall()
    except sqlite3.Error:
        return
    with _open(made) as con:
        there = dict(con.execute("SELECT vid, content IS NOT NULL FROM version"))
    for vid, number, path, has_content in rows:
        if there.get(vid, -1) < has_content:
            yield f"version {number} of {show(path)}"


def _remove(catalogue: Path) -> None:
    for part in _PARTS:
        Path(f"{catalogue}{part}").unlink(missing_ok=True)
