"""The semantic tree at MOUNTPOINT/.lsfs: the operations that the kernel may ask of it.

What a name is `lsfs_mount.meaning` says; here its answers become inodes.

Threading: look-ups, listings and reads run in workers, never in the dispatch thread.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lsfs_mount import protocol as p
from lsfs_mount.meaning import Meaning, Named, is_fixed
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation, Session
from lsfs_mount.virtual_nodes import Virtual, VirtualNodes

_TYPES = {"directory": 4, "file": 8, "symlink": 10}


class VirtualTree:
    """The operations; `table` says which request is whose.

    Args:
        engine: the engine's socket.
        owner: uid and gid that its files have.
        root_text: the content of the `root` file.
    """

    def __init__(self, session: Session, engine: Path, *, owner: tuple[int, int], root_text: bytes) -> None:
        self._session = session
        self.meaning = Meaning(engine, root_text, on_late=self._late)
        self._nodes = VirtualNodes(owner)
        self._listings: dict[int, list[Named]] = {}
        self._next_handle = 1

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        table: dict[int, Operation] = {
            Op.LOOKUP: self.lookup,
            Op.GETATTR: self.getattr,
            Op.READLINK: self.readlink,
            Op.OPEN: self.open,
            Op.READ: self.read,
            Op.RELEASE: self.release,
            Op.FLUSH: self.release,
            Op.FSYNC: self.release,
            Op.LSEEK: self.lseek,
            Op.COPY_FILE_RANGE: _elsewhere,
            Op.OPENDIR: self.opendir,
            Op.READDIR: lambda header, body: self._list(header, body, plus=False),
            Op.READDIRPLUS: lambda header, body: self._list(header, body, plus=True),
            Op.RELEASEDIR: self.releasedir,
            Op.FSYNCDIR: self.release,
            Op.MKDIR: self.mkdir,
            Op.RMDIR: self.rmdir,
            Op.GETXATTR: _no_data,
            Op.LISTXATTR: self.listxattr,
            Op.STATFS: self.statfs,
        }
        for op in (
            Op.SETATTR,
            Op.CREATE,
            Op.TMPFILE,
            Op.WRITE,
            Op.FALLOCATE,
            Op.UNLINK,
            Op.SYMLINK,
            Op.MKNOD,
            Op.RENAME,
            Op.RENAME2,
            Op.LINK,
            Op.SETXATTR,
            Op.REMOVEXATTR,
        ):
            table[op] = _read_only
        return table

    # Telling the kernel

    def forget(self, id_: int, count: int) -> None:
        """Take look-ups of a node back."""
        self._nodes.forget(id_, count)

    def entry(self) -> bytes:
        """Return the protocol's entry of the top folder."""
        return self._nodes.entry(self._nodes.top)

    def _late(self, path: bytes) -> None:
        """Make the kernel read a folder again whose listing came late."""
        if (node := self._nodes.known(path)) is not None:
            self._session.invalidate_inode(node.id)

    def stale(self) -> None:
        """Make the kernel ask again for everything here: the root has changed under us."""
        for id_ in self._nodes.ids():
            self._session.invalidate_inode(id_)

    def close(self) -> None:
        """End the threads."""
        self.meaning.close()

    # Names and attributes

    def lookup(self, header: Header, body: bytes) -> Answer:
        """Find a name."""
        parent, name = self._nodes.get(header[3]), body[:-1]
        path = parent.path + b"/" + name if parent.path else name
        if (own := self.meaning.own(path)) is not None:
            return self._nodes.entry(self._nodes.meet(path, *own))
        if parent is self._nodes.top and not self.meaning.is_top_name(name):
            raise OSError(errno.ENOENT, "no such folder")
        return self._later(header, lambda: self._nodes.entry(self._nodes.meet(path, *self.meaning.asked(path))))

    def getattr(self, header: Header, _: bytes) -> Answer:
        """Return attributes; those of a file that the engine makes are asked for again."""
        node = self._nodes.get(header[3])
        if node.wire.kind != "file" or node.text is not None:
            return self._nodes.attributes(node)

        def work() -> bytes:
            node.wire = self.meaning.asked(node.path)[0]
            return self._nodes.attributes(node)

        return self._later(header, work)

    def readlink(self, header: Header, _: bytes) -> bytes:
        """Return what a link points to."""
        return self._nodes.get(header[3]).wire.target or b""

    def mkdir(self, header: Header, body: bytes) -> Answer:
        """Make a saved search."""
        path = self._below(header, p.c_string(body, 8))
        return self._later(header, lambda: self._nodes.entry(self._nodes.meet(path, *self.meaning.make(path))))

    def rmdir(self, header: Header, body: bytes) -> Answer:
        """Remove a saved search."""
        path = self._below(header, body[:-1])

        def work() -> bytes:
            self.meaning.remove(path)
            return b""

        return self._later(header, work)

    def _below(self, header: Header, name: bytes) -> bytes:
        parent = self._nodes.get(header[3])
        return parent.path + b"/" + name if parent.path else name

    # Content

    def open(self, header: Header, body: bytes) -> bytes:
        """Open a file for reading."""
        node = self._nodes.get(header[3])
        if p.U32X2.unpack_from(body)[0] & (os.O_ACCMODE | os.O_TRUNC):
            raise OSError(errno.EROFS, "the semantic tree is read-only")
        cached = is_fixed(node.path)
        return p.OPEN_OUT.pack(0, p.FOPEN_KEEP_CACHE if cached else p.FOPEN_DIRECT_IO, 0)

    def read(self, header: Header, body: bytes) -> Answer:
        """Return bytes."""
        node = self._nodes.get(header[3])
        _fh, offset, size, *_rest = p.READ_IN.unpack_from(body)
        if node.text is not None:
            return node.text[offset : offset + size]
        return self._later(header, lambda: self.meaning.read(node.path, offset, size))

    def release(self, _: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Close a file, or write it through to the disk: nothing is to be done."""
        return b""

    def lseek(self, header: Header, body: bytes) -> Answer:
        """Find data or a hole: there are no holes."""
        _fh, offset, whence, _pad = p.LSEEK_IN.unpack_from(body)
        node = self._nodes.get(header[3])
        size = node.wire.size if node.text is None else len(node.text)
        if p.signed(offset) < 0 or offset >= size:
            return errno.ENXIO
        return p.U64.pack(size if whence == os.SEEK_HOLE else offset)

    # Folders

    def opendir(self, header: Header, _: bytes) -> bytes:
        """Open a folder."""
        self._nodes.get(header[3])
        handle = self._next_handle
        self._next_handle += 1
        return p.OPEN_OUT.pack(handle, 0, 0)

    def releasedir(self, _: Header, body: bytes) -> bytes:
        """Close a folder."""
        self._listings.pop(p.U64.unpack_from(body)[0], None)
        return b""

    def _list(self, header: Header, body: bytes, *, plus: bool) -> Answer:
        handle, offset, size, *_rest = p.READ_IN.unpack_from(body)
        node = self._nodes.get(header[3])
        if offset and handle in self._listings:
            return self._packed(node, self._listings[handle], offset, size, plus=plus)

        def work() -> bytes:
            names = self.meaning.names(node.path)
            self._listings[handle] = names
            return self._packed(node, names, offset, size, plus=plus)

        return self._later(header, work)

    def _packed(self, node: Virtual, names: list[Named], offset: int, size: int, *, plus: bool) -> bytes:
        here = replace(node.wire, kind="directory")
        all_names = [(b".", here, None), (b"..", here, None), *names]
        parts: list[bytes] = []
        used = 0
        for at in range(offset, len(all_names)):
            name, wire, text = all_names[at]
            padding = -(24 + len(name)) % 8
            need = 24 + len(name) + padding + (128 if plus else 0)
            if used + need > size:
                break
            id_ = node.id
            if at > 1 and plus:
                met = self._nodes.meet(node.path + b"/" + name if node.path else name, wire, text)
                id_ = met.id
                parts.append(self._nodes.entry(met))
            elif plus:
                parts.append(bytes(128))
            parts.append(p.DIRENT.pack(id_, at + 1, len(name), _TYPES[wire.kind]) + name + bytes(padding))
            used += need
        return b"".join(parts)

    def listxattr(self, _: Header, body: bytes) -> bytes:
        """There are no extended attributes."""
        return p.U32X2.pack(0, 0) if p.U32X2.unpack_from(body)[0] == 0 else b""

    def statfs(self, _: Header, body: bytes) -> bytes:  # noqa: ARG002 - every operation has this form
        """Tell that there is no room."""
        return p.STATFS_OUT.pack(0, 0, 0, len(self._nodes), 0, 4096, 255, 4096, 0)

    def _later(self, header: Header, work: Callable[[], bytes]) -> Answer:
        return self._session.later(header[2], work, asks=True)


def _elsewhere(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    """COPY_FILE_RANGE from here into the root: the kernel copies by reading and writing."""
    return errno.EXDEV


def _no_data(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    raise OSError(errno.ENODATA, "no such attribute")


def _read_only(_: Header, body: bytes) -> Answer:  # noqa: ARG001 - every operation has this form
    raise OSError(errno.EROFS, "the semantic tree is read-only")
