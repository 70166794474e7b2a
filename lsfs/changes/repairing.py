"""Mend what a check has found, where that needs no guessing.

Damaged content is stored anew from the live file that has it, if its hash still matches.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from lsfs.capture.recorder import Recorder
from lsfs.errors import LsfsError
from lsfs.model import FOREVER
from lsfs.packs.content import Content
from lsfs.packs.store import Packs
from lsfs.versions.checking import Finding, check, repair_counts


def repair(recorder: Recorder, packs: Packs, findings: list[Finding]) -> list[Finding]:
    """Mend what can be mended; return what a new check still finds."""
    with recorder.lock:
        if any(f.repair == "counts" for f in findings):
            with recorder.catalogue.write() as con:
                repair_counts(con)
        restore(recorder, packs, findings)
    return check(recorder.catalogue, packs)


def restore(recorder: Recorder, packs: Packs, findings: Sequence[Finding]) -> None:
    """Forget where the chunks of the findings lie, and store the content of the files that have them now."""
    with recorder.lock:
        damaged = {f.chunk for f in findings if f.repair == "content" and f.chunk is not None}
        packs.discard(damaged)
        for path in _holders(recorder, damaged):
            _store_again(recorder, packs, path)
        packs.commit()


def _holders(recorder: Recorder, damaged: set[bytes]) -> list[bytes]:
    """Return the live files whose newest content needs one of the chunks."""
    rows = recorder.catalogue.read().execute(
        "SELECT d.path, v.content FROM dentry d JOIN file f USING(fid) JOIN version v USING(vid) "
        "WHERE d.to_ns=? AND v.content IS NOT NULL",
        (FOREVER,),
    )
    return [path for path, content in rows if damaged & set(Content.decode(content).ids())]


def _store_again(recorder: Recorder, packs: Packs, path: bytes) -> None:
    try:
        fd = recorder.disk.open_file(path)
    except (OSError, LsfsError):
        return
    try:
        packs.add_file(fd, size_hint=os.fstat(fd).st_size)
    finally:
        os.close(fd)
