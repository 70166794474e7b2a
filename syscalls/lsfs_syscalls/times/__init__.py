"""Expressions of time, from words to absolute instants.

`resolve`, `point`, `duration` and `expiry` understand words; `to_ns`, `from_ns`, `iso` and `iso_ns` convert.
"""

from lsfs_syscalls.times.duration import duration
from lsfs_syscalls.times.interval import Interval, from_ns, iso, iso_ns, to_ns
from lsfs_syscalls.times.resolve import expiry, point, resolve

__all__ = ["Interval", "duration", "expiry", "from_ns", "iso", "iso_ns", "point", "resolve", "to_ns"]
