"""Contents and the format of packs: what is written is read, what is damaged is told."""

from __future__ import annotations

import zlib

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from lsfs.errors import Corrupt, LsfsError
from lsfs.packs import EMPTY, HOLE, Content
from lsfs.packs.batch import decode_batch, encode_batch
from lsfs.packs.format import PackHeader, Record, decode_record, encode_record

IDS = st.one_of(st.just(HOLE), st.binary(min_size=32, max_size=32))
EXTENTS = st.lists(st.tuples(IDS, st.integers(1, 2**40)), min_size=2, max_size=20)
KEY = bytes(range(16))
RECORD = Record(kind=0, codec=1, stored=10, length=20, id=bytes(32), checksum=7)


@given(EXTENTS)
def test_a_content_is_decoded_as_it_was_encoded(extents: list[tuple[bytes, int]]) -> None:
    chunks, lengths = zip(*extents, strict=True)
    content = Content(blake3(b"x").digest(), sum(lengths), chunks, lengths)
    assert Content.decode(content.encode()) == content


@pytest.mark.parametrize("size", [1, 127, 128, 65536])
def test_a_content_of_one_chunk_needs_no_list(size: int) -> None:
    id_ = blake3(b"a" * size).digest()
    content = Content(id_, size, (id_,), (size,))
    assert len(content.encode()) <= 36
    assert Content.decode(content.encode()) == content
    assert Content.decode(EMPTY.encode()) == EMPTY


@given(st.binary(max_size=120))
def test_any_bytes_are_a_content_or_corrupt(data: bytes) -> None:
    try:
        content = Content.decode(data)
    except LsfsError as e:
        assert isinstance(e, Corrupt)
    else:
        assert sum(content.lengths) == content.size


def test_a_hole_is_no_id_to_keep_alive() -> None:
    content = Content(bytes(32), 30, (b"a" * 32, HOLE, b"b" * 32), (10, 10, 10))
    assert list(content.ids()) == [b"a" * 32, b"b" * 32]


@given(st.integers(0, 2**63), st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=50)), max_size=9))
def test_a_batch_is_decoded_as_it_was_encoded(number: int, records: list[tuple[int, bytes]]) -> None:
    assert decode_batch(encode_batch(number, records)) == (number, records)


def test_a_cut_batch_is_corrupt() -> None:
    data = encode_batch(1, [(1, b"abc"), (2, b"defg")])
    for length in (0, 7, 9, 14, len(data) - 1):
        with pytest.raises(Corrupt):
            decode_batch(data[:length])


def test_a_pack_header_keeps_its_parameters() -> None:
    header = PackHeader((1, 2, 3, 4, 5, 6, 7), 9, KEY)
    assert PackHeader.decode(header.encode()) == header


def test_any_flipped_bit_of_a_pack_header_is_found() -> None:
    data = PackHeader((1, 2, 3, 4, 5, 6, 7), 9, KEY).encode()
    for at in range(len(data)):
        with pytest.raises(Corrupt):
            PackHeader.decode(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])


def test_a_newer_format_is_refused_with_the_reason() -> None:
    data = bytearray(PackHeader((1, 2, 3, 4, 5, 6, 7), 9, KEY).encode())
    data[8] = 2
    data[-4:] = zlib.crc32(data[:-4]).to_bytes(4, "little")
    with pytest.raises(Corrupt, match=r"format 2.*newer"):
        PackHeader.decode(bytes(data))


def test_a_record_counts_only_where_it_was_written() -> None:
    data = encode_record(RECORD, KEY, number=3, offset=96)
    assert decode_record(data, KEY, 3, 96) == RECORD
    assert decode_record(data, KEY, 3, 97) is None
    assert decode_record(data, KEY, 4, 96) is None
    assert decode_record(data, bytes(16), 3, 96) is None
