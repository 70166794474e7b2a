"""Versions of one file that were given the same number, as an earlier program could do, are both there."""

from __future__ import annotations

from pathlib import Path

from lsfs.versions.applying import apply_all
from lsfs.versions.records import ChangeRecord, decode, version_of
from tests.lsfs.store_rig import p, rig


def test_a_version_whose_number_is_taken_gets_the_next_one_and_again_changes_nothing(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.save("f", "one")
        r.save("f", "two")
        records = [decode(kind, payload) for kind, payload in r.packs.records()]
        last = [record for record in records if isinstance(record, ChangeRecord) and record.path == b"f"][-1]
        version = version_of(last)
        assert version is not None and version.number == 2
        twin = last._replace(
            vid=version.vid + 1000, at_ns=last.at_ns + 1, version=tuple(version._replace(vid=version.vid + 1000))
        )
        for _ in range(2):
            with r.catalogue.write() as con:
                apply_all(con, [twin])
            assert [v.number for v in r.versions.history(p("f"))] == [3, 2, 1]
            assert r.texts("f") == [b"one", b"two", b"two"]
        r.save("f", "four")
        assert r.texts("f")[-1] == b"four" and len(r.texts("f")) == 4
