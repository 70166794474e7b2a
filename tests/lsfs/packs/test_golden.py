"""A store of format 1 that was written once is read for ever."""

from __future__ import annotations

import shutil
from pathlib import Path

from lsfs.packs import Content
from lsfs.packs.codec import decode
from lsfs.packs.format import PACK_HEADER_SIZE, Codec, PackHeader, RecordKind
from lsfs.packs.scan import scan
from tests.lsfs.packs.conftest import Opener
from tests.lsfs.packs.golden.make import golden_data

GOLDEN = Path(__file__).parent / "golden"


def test_the_golden_store_is_read_as_it_was_written(opened: Opener) -> None:
    (opened.root / "packs").mkdir()
    for path in GOLDEN.glob("*.pack"):
        shutil.copy(path, opened.root / "packs")
    packs = opened()
    assert [kind for kind, _ in packs.orphans] == [7] * 5
    contents = [Content.decode(payload[1:]) for _, payload in packs.orphans]
    assert [packs.read(content) for content in contents] == golden_data()
    assert packs.verify() == []


def test_the_golden_store_has_every_kind_of_record_and_payload() -> None:
    kinds, codecs = set(), set()
    for path in sorted(GOLDEN.glob("*.pack")):
        data = path.read_bytes()
        header = PackHeader.decode(data)
        assert header.chunker == (1, 16384, 65536, 262144, 262144, 1048576, 4194304)
        for found in scan(data[PACK_HEADER_SIZE:], PACK_HEADER_SIZE, header.key, header.number, resync=False):
            kinds.add(found.record.kind)
            codecs.add(found.record.codec)
    assert kinds == {RecordKind.CHUNK, RecordKind.BATCH, RecordKind.SUPERSEDE}
    assert codecs == {Codec.RAW, Codec.ZSTD, Codec.PATCH}
    assert decode(Codec.RAW, b"abc", 3) == b"abc"


def test_what_is_added_again_is_found_in_the_golden_store(opened: Opener) -> None:
    (opened.root / "packs").mkdir()
    for path in GOLDEN.glob("*.pack"):
        shutil.copy(path, opened.root / "packs")
    packs = opened()
    packs.adopt()
    before = packs.stats().chunks
    for data in golden_data():
        packs.add(data)
    packs.commit()
    assert packs.stats().chunks == before, "ids, cuts and hashes are those of format 1"
