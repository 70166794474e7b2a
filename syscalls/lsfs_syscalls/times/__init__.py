"""Expressions of time, from words to absolute instants.

`resolve`, `point`, `duration` and `expiry` understand words, `is_time` tells whether some name a time;
`to_ns`, `from_ns`, `iso` and `iso_ns` convert.
"""

from lsfs_syscalls.times.duration import duration
from lsfs_syscalls.times.interval import Interval, from_ns, iso, iso_ns, to_ns
from lsfs_syscalls.times.resolve import expiry, is_time, point, resolve

__all__ = ["Interval", "duration", "expiry", "from_ns", "is_time", "iso", "iso_ns", "point", "resolve", "to_ns"]
