"""Access control lists, which this driver cannot apply.

A file that has one is shown with a mode that lets nobody in whom the list keeps out; whom only the list lets in stays out too.

Source: the form of the attribute, linux/posix_acl_xattr.h.
"""

from __future__ import annotations

import struct

PREFIX = b"system.posix_acl_"
ACCESS = b"system.posix_acl_access"
_VERSION = 2
_HEADER = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")  # tag, permissions, user or group id
_USER, _GROUP_OWNER, _GROUP, _MASK = 0x02, 0x04, 0x08, 0x10


def narrowed(mode: int, acl: bytes) -> int:
    """Return a mode that grants group and others no more than an access control list does.

    Args:
        acl: the value of `system.posix_acl_access`; of an unknown form: only the owner is let in.
    """
    if len(acl) < _HEADER.size or _HEADER.unpack_from(acl)[0] != _VERSION or (len(acl) - _HEADER.size) % _ENTRY.size:
        return mode & ~0o077
    entries = [(tag, bits) for tag, bits, _ in _ENTRY.iter_unpack(acl[_HEADER.size :])]
    mask = next((bits for tag, bits in entries if tag == _MASK), 7)
    group, other = mode >> 3 & 7 & mask, mode & 7
    for tag, bits in entries:
        if tag in (_USER, _GROUP_OWNER):
            group &= bits
        if tag in (_USER, _GROUP):
            other &= bits & mask
    return mode & ~0o077 | group << 3 | other
