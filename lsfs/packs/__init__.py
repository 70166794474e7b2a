"""The content store: self-describing append-only packs (see README.md beside this file)."""

from lsfs.packs.content import EMPTY, HOLE, Content
from lsfs.packs.diskio import REAL_IO, DiskIO, SystemIO
from lsfs.packs.reader import Extent
from lsfs.packs.reports import Damage, PackStats, RepackReport, SweepReport
from lsfs.packs.store import SEAL_AT, Packs

__all__ = [
    "EMPTY",
    "HOLE",
    "REAL_IO",
    "SEAL_AT",
    "Content",
    "Damage",
    "DiskIO",
    "Extent",
    "PackStats",
    "Packs",
    "RepackReport",
    "SweepReport",
    "SystemIO",
]
