"""Verification: read back what the catalogue says is there and tell, in words, what is not as it should be.

It changes nothing. A damaged chunk is one finding, whichever contents need it.

Threading: any thread; what is collected meanwhile is not reported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from lsfs.errors import Corrupt, NotFound
from lsfs.packs.batch import decode_batch
from lsfs.packs.format import PACK_HEADER_SIZE, PackHeader
from lsfs.packs.index import PackRow
from lsfs.packs.packfile import pack_path
from lsfs.packs.recovery import pack_numbers
from lsfs.packs.reports import Damage
from lsfs.packs.rewrite import Store
from lsfs.packs.scan import read_all


def verify(store: Store, *, sample: float, seed: int) -> list[Damage]:
    """Return what is wrong with packs, chunks and batches."""
    return [*_packs(store), *_chunks(store, sample, seed), *_batches(store)]


def _packs(store: Store) -> Iterator[Damage]:
    """Compare the files with the rows of packs."""
    rows = store.index.packs()
    for row in rows.values():
        words = _pack(store, row)
        if words is not None and row.number in store.index.packs():
            yield Damage(row.number, None, words)
    newest = max(rows, default=0)
    for number in pack_numbers(store.directory):
        if number not in rows and number < newest and number not in store.index.packs():
            yield Damage(number, None, f"pack {number} is not in the catalogue; the next start removes it")


def _pack(store: Store, row: PackRow) -> str | None:
    """Return what is wrong with one file."""
    path = pack_path(store.directory, row.number)
    try:
        size = os.stat(path).st_size
        header = PackHeader.decode(read_all(store.io, path, 0, PACK_HEADER_SIZE))
    except FileNotFoundError:
        return f"pack {row.number} is missing"
    except (OSError, Corrupt) as e:
        return f"pack {row.number}: {e}"
    if size < row.length:
        return f"pack {row.number} ends at {size}, {row.length - size} bytes early"
    if header.number != row.number:
        return f"pack {row.number} is a copy of pack {header.number}"
    return None


def _chunks(store: Store, sample: float, seed: int) -> Iterator[Damage]:
    """Read chunks, pack by pack in their order."""
    for number in store.index.packs():
        for row in store.index.chunks_of(number):
            if not _chosen(row.id, sample, seed):
                continue
            try:
                store.fetcher.get(row.id)
            except NotFound:
                continue  # collected meanwhile
            except Corrupt as e:
                yield Damage(number, row.id, str(e))


def _chosen(id_: bytes, sample: float, seed: int) -> bool:
    """Tell whether a chunk belongs to the sample; ids are as good as random."""
    return (int.from_bytes(id_[:4], "little") + seed * 0x9E3779B1) % 2**32 < sample * 2**32


def _batches(store: Store) -> Iterator[Damage]:
    """Read the records."""
    for row in store.index.batches():
        try:
            number, _ = decode_batch(store.fetcher.batch(row))
        except Corrupt as e:
            yield Damage(row.pack, None, f"the records of commit {row.number} cannot be read: {e}")
            continue
        if number != row.number:
            yield Damage(row.pack, None, f"the records of commit {row.number} are not where the catalogue says")
