"""Format 1 of a pack: its header and the header of a record. Pure: bytes to values and back.

    pack   = PackHeader (96 bytes) record*
    record = RecordHeader (56 bytes) payload

Integers are little-endian. A record's checksum starts from the store's random key, the pack's number and the record's offset,
so bytes that look like a record because a user stored a copy of a pack are not taken for one.

The payload of a PATCH record is the 32-byte id of its base and a zstd frame made with the base's content as its dictionary.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from lsfs.errors import Corrupt

PACK_MAGIC = b"LSFSPACK"
RECORD_MAGIC = b"\xa7LR\x01"
VERSION = 1
BLAKE3_256 = 1
ID_SIZE = 32

_PACK = struct.Struct("<8sHBB6IQ16s32xI")
# magic; version; hash algorithm; chunker; smallest, average, largest chunk in bytes; the same three for media;
# number of the pack; key of the store; zeros; crc32 of all before
_RECORD = struct.Struct("<4sBBHII32sII")
# magic; kind; codec; zero; stored bytes of the payload; bytes of the content; id; crc32 of the payload; crc32 (see `_seed`)

PACK_HEADER_SIZE = _PACK.size
_KEY_AT = struct.calcsize("<8sHBB6IQ")
RECORD_HEADER_SIZE = _RECORD.size


class RecordKind(IntEnum):
    """What a record of a pack is."""

    CHUNK = 0  # content; its id is the BLAKE3-256 of it
    BATCH = 1  # the caller's records of one commit (lsfs.packs.batch); its id is the BLAKE3-256 of the decoded payload
    SUPERSEDE = 2  # numbers of packs (u64 each) whose living records have all been copied behind them


class Codec(IntEnum):
    """How a payload is kept."""

    RAW = 0
    ZSTD = 1
    PATCH = 2


@dataclass(frozen=True, slots=True)
class PackHeader:
    """The first bytes of a pack.

    Attributes:
        chunker: algorithm and sizes of the chunking (see lsfs.packs.chunker.FROZEN), kept so that they never change in a store.
        number: the pack's number, which is its file name too.
        key: 16 random bytes, the same in all packs of one store.
    """

    chunker: tuple[int, int, int, int, int, int, int]
    number: int
    key: bytes

    def encode(self) -> bytes:
        """Return the 96 bytes."""
        head = _PACK.pack(PACK_MAGIC, VERSION, BLAKE3_256, *self.chunker, self.number, self.key, 0)
        return head[:-4] + zlib.crc32(head[:-4]).to_bytes(4, "little")

    @staticmethod
    def decode(data: bytes) -> PackHeader:
        """Read a header.

        Raises:
            Corrupt: not a pack, damaged, or of a format this version does not know.
        """
        if len(data) < PACK_HEADER_SIZE or data[:8] != PACK_MAGIC:
            raise Corrupt("this file does not begin as a pack of lsfs does")
        fields = _PACK.unpack_from(data)
        if zlib.crc32(data[: PACK_HEADER_SIZE - 4]) != fields[-1]:
            raise Corrupt("the header of this pack is damaged")
        if fields[1] != VERSION or fields[2] != BLAKE3_256:
            raise Corrupt(
                f"this pack has format {fields[1]}, hash {fields[2]}; this lsfs reads format 1, hash 1: use a newer one"
            )
        return PackHeader(fields[3:10], fields[10], fields[11])


def key_in(data: bytes) -> bytes:
    """Return what a pack header, whole or not, has in the place of the key."""
    return data[_KEY_AT : _KEY_AT + 16]


class Record(NamedTuple):
    """The header of a record.

    Attributes:
        stored: bytes of the payload as it lies in the pack.
        length: bytes of the content.
        checksum: crc32 of the payload.
    """

    kind: int
    codec: int
    stored: int
    length: int
    id: bytes
    checksum: int


def encode_supersede(numbers: Sequence[int]) -> bytes:
    """Return the payload of a supersede record."""
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def decode_supersede(payload: bytes | memoryview) -> list[int]:
    """Return the numbers of the packs that a supersede record names."""
    return [int.from_bytes(payload[at : at + 8], "little") for at in range(0, len(payload), 8)]


def _seed(key: bytes, number: int, offset: int) -> int:
    """Return the crc32 that a record's own checksum goes on from."""
    return zlib.crc32(key + number.to_bytes(8, "little") + offset.to_bytes(8, "little"))


def encode_record(record: Record, key: bytes, number: int, offset: int) -> bytes:
    """Return the 56 bytes of a record that will lie at `offset` of pack `number`."""
    head = _RECORD.pack(
        RECORD_MAGIC, record.kind, record.codec, 0, record.stored, record.length, record.id, record.checksum, 0
    )[:-4]
    return head + zlib.crc32(head, _seed(key, number, offset)).to_bytes(4, "little")


def decode_record(data: bytes | memoryview, key: bytes, number: int, offset: int) -> Record | None:
    """Read the record header at the start of `data`, or return None where there is no whole one."""
    if len(data) < RECORD_HEADER_SIZE or data[:4] != RECORD_MAGIC:
        return None
    if zlib.crc32(data[: RECORD_HEADER_SIZE - 4], _seed(key, number, offset)) != int.from_bytes(
        data[RECORD_HEADER_SIZE - 4 : RECORD_HEADER_SIZE], "little"
    ):
        return None
    _, kind, codec, _, stored, length, id_, checksum, _ = _RECORD.unpack_from(data)
    return Record(kind, codec, stored, length, id_, checksum)
