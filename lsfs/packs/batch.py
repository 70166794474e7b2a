"""A batch: the records that a caller commits together, kept as one record of a pack: after a crash all are there or none.

    batch = number (u64) { kind (u8) length (u32) payload }*

Numbers rise by one with each commit. They give the order in which records were committed, which places in packs do not, since
collecting garbage moves batches. A later record with the same number replaces an earlier one.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from lsfs.errors import Corrupt

_NUMBER = struct.Struct("<Q")
_ITEM = struct.Struct("<BI")


def encode_batch(number: int, records: Sequence[tuple[int, bytes]]) -> bytes:
    """Return the payload of the batch."""
    parts = [_NUMBER.pack(number)]
    for kind, payload in records:
        parts.append(_ITEM.pack(kind, len(payload)))
        parts.append(payload)
    return b"".join(parts)


def decode_batch(data: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    """Return number and records.

    Raises:
        Corrupt: the lengths do not add up.
    """
    if len(data) < _NUMBER.size:
        raise Corrupt("a batch of records is damaged: it ends early")
    (number,) = _NUMBER.unpack_from(data)
    at, records = _NUMBER.size, []
    while at < len(data):
        if at + _ITEM.size > len(data):
            raise Corrupt("a batch of records is damaged: it ends early")
        kind, length = _ITEM.unpack_from(data, at)
        at += _ITEM.size
        if at + length > len(data):
            raise Corrupt("a batch of records is damaged: it ends early")
        records.append((kind, data[at : at + length]))
        at += length
    return number, records
