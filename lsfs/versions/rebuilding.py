"""Make the catalogue again from the packs alone, beside the present one, and compare what the two know.

The present one is replaced only when nothing that it knows is missing from the new one: a pack that is gone, cut or damaged may
have taken the records of versions whose rows are still there. Nothing else is changed before that, the packs are only read.

Threading: the caller holds the lock of the state, so that no engine has it open.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from lsfs.catalogue import Catalogue
from lsfs.errors import Conflict
from lsfs.packs.recovery import KEY, SPARE_KEY
from lsfs.packs.rehearsal import Rehearsal
from lsfs.packs.store import Packs
from lsfs.versions.losses import losses, write_down
from lsfs.versions.versions import Versions

_PARTS = ("", "-wal", "-shm")
_SHOWN = 5


def rebuild_catalogue(state: Path, root: Path, old: Path, *, force: bool) -> list[str]:
    """Make `state/catalogue.db` again from the packs; return in words which versions the one before knew and this one does not.

    Args:
        root: of the user's files.
        old: where the catalogue that is there is put.
        force: replace it even where versions are lost by that.

    Raises:
        Conflict: versions would be lost; everything is as it was.
    """
    present, made = state / "catalogue.db", state / "catalogue.rebuilt.db"
    _remove(made)
    try:
        _make(state / "packs", made, _key(present))
        lost = _compare(present, made, root)
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


def _compare(present: Path, made: Path, root: Path) -> list[str]:
    """Write down in the made catalogue what only the present one knows, and return it; nothing where that cannot be read."""
    catalogue = Catalogue(made)
    try:
        with suppress(sqlite3.Error), _open(present) as old, catalogue.write() as con:
            found = losses(old, con)
            write_down(old, con, found, root)
            return [loss.words for loss in found]
    finally:
        catalogue.close()
    return []


def _remove(catalogue: Path) -> None:
    for part in _PARTS:
        Path(f"{catalogue}{part}").unlink(missing_ok=True)
