"""The kernel's file system protocol, as far as we speak it: operations, flags and structs of linux/fuse.h, version 7.45.

Nothing happens here; `lsfs_mount.session` reads and writes what these structs describe. All integers are little endian (the
protocol is in the machine's order; we run on little-endian machines only).
"""

from __future__ import annotations

import os
import struct
from enum import IntEnum

from lsfs_mount.nested import mask_of

MAJOR, MINOR = 7, 45
MAX_WRITE = 1 << 20
"""Bytes of data in one READ or WRITE."""
BUFFER_BYTES = MAX_WRITE + 4096
ROOT_ID = 1


class Op(IntEnum):
    """Operation codes."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    READLINK = 5
    SYMLINK = 6
    MKNOD = 8
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    LINK = 13
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    SETXATTR = 21
    GETXATTR = 22
    LISTXATTR = 23
    REMOVEXATTR = 24
    FLUSH = 25
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    FSYNCDIR = 30
    CREATE = 35
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42
    FALLOCATE = 43
    READDIRPLUS = 44
    RENAME2 = 45
    LSEEK = 46
    COPY_FILE_RANGE = 47
    TMPFILE = 51


# INIT flags, first word
ASYNC_READ = 1 << 0
ATOMIC_O_TRUNC = 1 << 3
BIG_WRITES = 1 << 5
DONT_MASK = 1 << 6
AUTO_INVAL_DATA = 1 << 12
DO_READDIRPLUS = 1 << 13
READDIRPLUS_AUTO = 1 << 14
PARALLEL_DIROPS = 1 << 18
POSIX_ACL = 1 << 20
MAX_PAGES = 1 << 22
HANDLE_KILLPRIV_V2 = 1 << 28
SETXATTR_EXT = 1 << 29
INIT_EXT = 1 << 30
# second word
PASSTHROUGH = 1 << 5

WANTED = (
    ASYNC_READ
    | ATOMIC_O_TRUNC
    | BIG_WRITES
    | DONT_MASK
    | AUTO_INVAL_DATA
    | DO_READDIRPLUS
    | READDIRPLUS_AUTO
    | PARALLEL_DIROPS
    | POSIX_ACL
    | MAX_PAGES
    | HANDLE_KILLPRIV_V2
    | SETXATTR_EXT
    | INIT_EXT
)
"""What we ask for where the kernel offers it; a writeback cache would delay writes past the capture and exclude passthrough."""

# flags of an OPEN's answer
FOPEN_DIRECT_IO = 1 << 0
FOPEN_KEEP_CACHE = 1 << 1
FOPEN_CACHE_DIR = 1 << 3
FOPEN_NOFLUSH = 1 << 5
FOPEN_PASSTHROUGH = 1 << 7

# the caller may not keep set-user-id and set-group-id bits (HANDLE_KILLPRIV_V2)
OPEN_KILL_SUIDGID = 1 << 0
WRITE_KILL_SUIDGID = 1 << 2
SET_KILL_SUIDGID = 1 << 11
SETXATTR_ACL_KILL_SGID = 1 << 0
"""Whoever sets this access control list may not keep the set-group-id bit (SETXATTR_EXT)."""

WRITE_CACHE = 1 << 0
"""This WRITE brings a page of a shared map back; the handle in it is any of the inode's."""

# which fields a SETATTR sets
SET_MODE, SET_UID, SET_GID, SET_SIZE = 1 << 0, 1 << 1, 1 << 2, 1 << 3
SET_ATIME, SET_MTIME, SET_FH = 1 << 4, 1 << 5, 1 << 6
SET_ATIME_NOW, SET_MTIME_NOW, SET_CTIME = 1 << 7, 1 << 8, 1 << 10
SET_ANY = SET_MODE | SET_UID | SET_GID | SET_SIZE | SET_ATIME | SET_MTIME | SET_CTIME
GETATTR_FH = 1

NOTIFY_INVAL_INODE = 2
NOTIFY_INVAL_ENTRY = 3
NOTIFY_PRUNE = 9
PRUNE_MINOR = 45
"""From this minor version on the kernel takes NOTIFY_PRUNE (Linux 6.18)."""
EXPIRE_ONLY = 1 << 0
"""Of NOTIFY_INVAL_ENTRY: look the name up again when it is used next; older kernels (before 6.2) drop it all the same."""

BACKING_OPEN = 0x4010E501
"""ioctl on /dev/fuse: struct {i32 fd, u32 flags, u64 padding} -> backing id."""
BACKING_CLOSE = 0x4004E502

IN_HEADER = struct.Struct("<IIQQIIIHH")  # length, opcode, unique, nodeid, uid, gid, pid, extension length, padding
OUT_HEADER = struct.Struct("<IiQ")  # length, -errno (or notice), unique
_ATTR = "QQQqqqIIIIIIIIII"  # ino size blocks atime mtime ctime, their ns, mode nlink uid gid rdev blksize flags
ENTRY = struct.Struct("<QQQQII" + _ATTR)  # nodeid generation, entry and attribute validity s, ns; attributes
ATTR = struct.Struct("<QII" + _ATTR)
OPEN_OUT = struct.Struct("<QIi")  # handle, flags, backing id
READ_IN = struct.Struct("<QQIIQII")  # handle offset size flags owner flags padding
WRITE_IN = struct.Struct("<QQIIQII")
GETATTR_IN = struct.Struct("<IIQ")  # flags padding handle
SETATTR_IN = struct.Struct("<IIQQQQQQIIIIIIII")
DIRENT = struct.Struct("<QQII")  # ino, offset of the next, name length, type
STATFS_OUT = struct.Struct("<QQQQQIIII24x")
INIT_OUT = struct.Struct("<IIIIHHIIHHII24x")
FALLOCATE_IN = struct.Struct("<QQQII")
INVAL_ENTRY_OUT = struct.Struct("<QII")  # node id of the folder, name length, flags
INVAL_INODE_OUT = struct.Struct("<Qqq")  # node id, offset, length
PRUNE_OUT = struct.Struct("<II8x")  # count; the node ids follow
LSEEK_IN = struct.Struct("<QQII")
COPY_IN = struct.Struct("<QQQQQQQ")
U64 = struct.Struct("<Q")
U32X2 = struct.Struct("<II")
U32X4 = struct.Struct("<IIII")
U64U32 = struct.Struct("<QI")
U64X2 = struct.Struct("<QQ")

_pack_entry, _pack_attributes = ENTRY.pack, ATTR.pack
_SECOND = 1_000_000_000


def entry(id_: int, valid_s: int, st: os.stat_result, device: int) -> bytes:
    """Return the protocol's entry: a node and its attributes, both valid for so long.

    Args:
        device: the root's.
    """
    mode, ino, on, links, uid, gid, size, a, m, c = st
    if on != device:
        ino ^= mask_of(on)
    return _pack_entry(
        id_,
        0,
        valid_s,
        valid_s,
        0,
        0,
        ino,
        size,
        st.st_blocks,
        a,
        m,
        c,
        st.st_atime_ns % _SECOND,
        st.st_mtime_ns % _SECOND,
        st.st_ctime_ns % _SECOND,
        mode,
        links,
        uid,
        gid,
        encode_device(st.st_rdev) if st.st_rdev else 0,
        st.st_blksize,
        0,
    )


def attributes(valid_s: int, st: os.stat_result, device: int, *, lost: bool) -> bytes:
    """Return the answer that carries attributes.

    Args:
        device: the root's.
        lost: the inode has no name any more; one that the spool may have is not counted.
    """
    mode, ino, on, links, uid, gid, size, a, m, c = st
    if on != device:
        ino ^= mask_of(on)
    return _pack_attributes(
        valid_s,
        0,
        0,
        ino,
        size,
        st.st_blocks,
        a,
        m,
        c,
        st.st_atime_ns % _SECOND,
        st.st_mtime_ns % _SECOND,
        st.st_ctime_ns % _SECOND,
        mode,
        0 if lost else links,
        uid,
        gid,
        encode_device(st.st_rdev) if st.st_rdev else 0,
        st.st_blksize,
        0,
    )


def encode_device(device: int) -> int:
    """Return a device number as the protocol has it (the kernel's new_encode_dev)."""
    major, minor = os.major(device), os.minor(device)
    return minor & 0xFF | major << 8 | (minor & ~0xFF) << 12


def decode_device(encoded: int) -> int:
    """Return the device number that the protocol's form means."""
    return os.makedev(encoded >> 8 & 0xFFF, encoded & 0xFF | encoded >> 12 & 0xFFF00)


def signed(seconds: int) -> int:
    """Return a u64 of the protocol as the signed number it stands for."""
    return seconds - (1 << 64) if seconds >> 63 else seconds


def c_string(body: bytes, offset: int = 0) -> bytes:
    """Return the NUL-terminated string at `offset`."""
    return body[offset : body.index(0, offset)]
