"""The times that at/<time>/ understands."""

from __future__ import annotations

import pytest

from lsfs.model import FOREVER
from lsfs_syscalls.daemon.tree_service import time_named


@pytest.mark.parametrize("text", ["9999-01-01", "9999-12-31", "0001-01-01", "2300-01-01", "no time at all"])
def test_a_time_that_no_file_system_can_show_is_none(text: str) -> None:
    assert time_named(text) is None


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20T09:00", "yesterday", "1970-01-01", "2200-01-01"])
def test_other_times_are_nanoseconds_that_the_tables_can_hold(text: str) -> None:
    at_ns = time_named(text)
    assert at_ns is not None
    assert abs(at_ns) < FOREVER
