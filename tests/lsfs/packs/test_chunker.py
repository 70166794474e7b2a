"""Cuts: frozen, the same in plain Python and compiled, the same as a stream."""

from __future__ import annotations

import io
import random
from itertools import accumulate

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.packs.chunker import FROZEN, MEDIA_CUTS, TEXT_CUTS, Chunker
from lsfs.packs.gear import GEAR, Cuts

GOLDEN_TEXT_CUTS = [111090, 178375, 264465, 485765, 585183, 600000]
GOLDEN_MEDIA_CUTS = [848218, 3105987, 4288334, 6000000]
GOLDEN_GEAR = "b8a753f2311fec47"
SMALL_CUTS = Cuts(64, 256, 1024, 0x0000019000353000, 0x0000000018035100)  # as TEXT_CUTS, so small that examples have cuts


def noise(size: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size)


def lengths(chunker: Chunker, data: bytes) -> list[int]:
    return [len(chunk) for chunk in chunker.cut(data)]


def test_the_cuts_of_format_1_never_change() -> None:
    assert FROZEN == (1, 16384, 65536, 262144, 262144, 1048576, 4194304)
    assert list(accumulate(lengths(Chunker(TEXT_CUTS), noise(600_000)))) == GOLDEN_TEXT_CUTS
    assert list(accumulate(lengths(Chunker(MEDIA_CUTS), noise(6_000_000)))) == GOLDEN_MEDIA_CUTS
    assert blake3(b"".join(g.to_bytes(8, "big") for g in GEAR)).hexdigest()[:16] == GOLDEN_GEAR


@pytest.mark.parametrize("cuts", [TEXT_CUTS, MEDIA_CUTS])
def test_plain_python_cuts_where_the_library_cuts(cuts: Cuts) -> None:
    data = noise(cuts.largest + cuts.average, 11)
    assert lengths(Chunker(cuts, compiled=False), data) == lengths(Chunker(cuts), data)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300), st.integers(0, 2**32), st.integers(0, 5000), st.binary(max_size=3000))
def test_plain_and_compiled_agree_on_any_bytes(head: bytes, seed: int, size: int, tail: bytes) -> None:
    data = head * 3 + noise(size, seed) + tail
    expected = lengths(Chunker(SMALL_CUTS), data)
    assert lengths(Chunker(SMALL_CUTS, compiled=False), data) == expected
    assert sum(expected) == len(data)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 50_000])
def test_a_stream_is_cut_as_its_bytes_are(compiled: bool, size: int) -> None:
    data = noise(size)
    chunker = Chunker(SMALL_CUTS, compiled=compiled)
    assert [bytes(c) for c in chunker.cut_stream(io.BytesIO(data))] == [bytes(c) for c in chunker.cut(data)]


def test_an_edit_changes_only_the_chunks_around_it() -> None:
    data = noise(2_000_000)
    edited = data[:1_000_000] + b"one line more\n" + data[1_000_000:]
    before, after = ({blake3(c).digest() for c in Chunker(TEXT_CUTS).cut(d)} for d in (data, edited))
    assert len(after - before) <= 2
