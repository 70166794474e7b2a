"""What names stood for at a time, without the versions themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lsfs.store_rig import Rig, p, rig


def listed(r: Rig, path: str, at_ns: int | None) -> dict[bytes, tuple[int, int]]:
    own = r.versions.entry_at(p(path), at_ns) if path else None
    entries = [*([own] if own else []), *r.versions.list(p(path), at_ns=at_ns, recursive=True)]
    return {e.path: (e.fid, e.version) for e in entries}


@pytest.mark.parametrize("path", ["", "docs", "docs/a", "thing", "none"])
def test_it_is_what_the_listing_says(tmp_path: Path, path: str) -> None:
    with rig(tmp_path) as r:
        for name in ("docs/a", "docs/deep/b", "docs-x/c", "docs.txt", "thing"):
            r.write(name, "one")
        (r.root / ("\udcff" * 9)).write_text("a name of nine bytes 0xff")
        r.record()
        then = r.catalogue.tick()
        (r.root / "thing").unlink()
        (r.root / "docs/a").unlink()
        r.write("thing/inner", "two")
        r.write("docs/deep/b", "two")
        r.record()
        for at_ns in (1, then, None):
            assert r.versions.standing(p(path), at_ns) == listed(r, path, at_ns)
        assert len(r.versions.standing(p(""))) == len(r.names())
