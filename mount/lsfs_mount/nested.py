"""Inode numbers of what is on another device than the root: a file system that is mounted in it, a subvolume.

The mount is one device to programs, so a number that is used on two devices below would make two files look like one: `cmp`
would compare nothing, `mv` refuse, `cp -a` make hard links of them.
"""

from __future__ import annotations

_GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: its multiples are spread evenly (Knuth, The Art of Computer Programming, vol. 3, 6.4)."""


def mask_of(device: int) -> int:
    """Return what the inode numbers of another device are shown xor-ed with.

    Numbers of one device stay apart; those of two meet only if both use more than some 40 bits, or by an improbable chance.
    """
    return (device + 1) * _GOLDEN & 0xFFFF_FFFF_FFFF_FFFF
