"""Operations on folders: open, list with and without attributes, close; and the size of the file system.

A listing takes the names down when it is read from the start, so that offsets stay valid while the folder changes.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from lsfs_mount import protocol as p
from lsfs_mount.files import with_copy
from lsfs_mount.nested import mask_of
from lsfs_mount.nodes import Node
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation
from lsfs_mount.shared import Shared


@dataclass(slots=True)
class Listing:
    """An open folder: its descriptor, and its names (with inode number and type) from when it was read from the start."""

    fd: int
    node: Node
    names: list[tuple[bytes, int, int]]


class Folders:
    """The operations; `table` says which request is whose."""

    def __init__(self, shared: Shared) -> None:
        self._s = shared
        self._nodes = shared.nodes
        self._listings: dict[int, Listing] = {}

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        return {
            Op.STATFS: self.statfs,
            Op.OPENDIR: self.opendir,
            Op.READDIR: self.readdir,
            Op.READDIRPLUS: self.readdirplus,
            Op.RELEASEDIR: self.releasedir,
            Op.FSYNCDIR: self.fsyncdir,
        }

    def statfs(self, header: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Return the size of the file system below."""
        s = os.statvfs(self._nodes.fd(self._nodes.root))
        return p.STATFS_OUT.pack(s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree, s.f_bsize, s.f_namemax, s.f_frsize, 0)

    def opendir(self, header: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Open a folder."""
        node = self._nodes.get(header[3])
        fd = os.open(self._nodes.proc_path(node), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._listings[fd] = Listing(fd, node, [])
        return p.OPEN_OUT.pack(fd, 0, 0)

    def _read_names(self, listing: Listing) -> None:
        """Take the folder's names down, so that offsets stay valid while it changes."""
        node, mask = listing.node, self._mask(listing.node)
        above = node.parent or node
        names = [(b".", node.key[1] ^ mask, 4), (b"..", above.key[1] ^ self._mask(above), 4)]
        with os.scandir(listing.fd) as it:
            for e in it:
                name = os.fsencode(e.name)
                if not self._s.is_hidden(node, name):
                    names.append((name, e.inode() ^ mask, _type_of(e)))
        listing.names = names

    def _mask(self, node: Node) -> int:
        device = node.key[0]
        return 0 if device == self._nodes.device else mask_of(device)

    def readdir(self, header: Header, body: bytes) -> bytes:
        """Return names."""
        return self._list(header, body, plus=False)

    def readdirplus(self, header: Header, body: bytes) -> bytes:
        """Return names with their attributes, each counted as a look-up."""
        return self._list(header, body, plus=True)

    def _list(self, _: Header, body: bytes, *, plus: bool) -> bytes:
        fd, offset, size, *_rest = p.READ_IN.unpack_from(body)
        listing = self._listings[fd]
        if offset == 0 or not listing.names:
            self._read_names(listing)
        parts: list[bytes] = []
        used = 0
        for at in range(offset, len(listing.names)):
            name, ino, kind = listing.names[at]
            length = 24 + len(name)
            need = length + -length % 8 + (128 if plus else 0)
            if used + need > size:
                break
            if plus:
                parts.append(self._entry_of(listing.node, name))
            parts.append(p.DIRENT.pack(ino, at + 1, len(name), kind) + name + b"\0" * (-length % 8))
            used += need
        return b"".join(parts)

    def _entry_of(self, parent: Node, name: bytes) -> bytes:
        if name in (b".", b".."):
            return bytes(128)
        try:
            return self._s.entry(parent, name)[1]
        except OSError:
            return bytes(128)

    def releasedir(self, _: Header, body: bytes) -> bytes:
        """Close a folder."""
        (fd,) = p.U64.unpack_from(body)
        del self._listings[fd]
        os.close(fd)
        return b""

    def fsyncdir(self, header: Header, body: bytes) -> Answer:
        """Write a folder through to the disk, in a worker."""
        return with_copy(self._s, header, p.U64.unpack_from(body)[0], os.fsync)


def _type_of(e: os.DirEntry[str]) -> int:
    """Return the kind as a directory entry has it."""
    if e.is_symlink():
        return 10
    if e.is_dir(follow_symlinks=False):
        return 4
    if e.is_file(follow_symlinks=False):
        return 8
    try:
        return stat.S_IFMT(e.stat(follow_symlinks=False).st_mode) >> 12  # a FIFO, socket or device: rare
    except OSError:
        return 0
