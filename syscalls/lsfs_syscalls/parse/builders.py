"""The builder of every intent but the two that are no request."""

from __future__ import annotations

from lsfs_syscalls.parse.assemble import Builder
from lsfs_syscalls.parse.building_changes import CHANGES
from lsfs_syscalls.parse.building_reads import READS

BUILDERS: dict[str, Builder] = READS | CHANGES
