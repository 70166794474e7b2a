"""The two Python bindings of libfuse that the portable driver runs on, and the few things in which they differ.

fusepy (module `fuse`) speaks libfuse 2. mfusepy speaks libfuse 2 and 3; it is preferred, and on libfuse 3, because there the
kernel's cache follows changes behind an open handle. Both decode names; as Latin-1 every byte has one character and comes back
as it was (UTF-8, their default, refuses other names in fusepy).

Source: what a file system may answer, and when libfuse passes no path: include/fuse.h of libfuse 2.9 and 3.14.
"""

from __future__ import annotations

import errno
import importlib
import os
import warnings
from collections.abc import MutableMapping
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lsfs.errors import Unavailable

BINDINGS = ("mfusepy", "fusepy")
ENCODING = "latin-1"
_MODULES = {"mfusepy": "mfusepy", "fusepy": "fuse"}
_ADVICE = "install one with its library: pip install 'lsfs[fusepy]', and libfuse (Debian: apt-get install fuse3 libfuse2)"


class Info(Protocol):
    """What libfuse tells of an open file, and is told: its struct fuse_file_info."""

    flags: int
    fh: int
    direct_io: int
    writepage: int


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding that could be loaded.

    Attributes:
        libfuse: major and minor version of the library below it.
    """

    name: str
    libfuse: tuple[int, int]
    module: Any

    @property
    def words(self) -> str:
        """What it is called in `status`."""
        return f"portable ({self.name}, libfuse {self.libfuse[0]}.{self.libfuse[1]})"

    def caller(self) -> tuple[int, int, int]:
        """Return user, group and process id of who asks; good inside an operation only."""
        uid, gid, pid = self.module.fuse_get_context()
        return uid, gid, pid

    def run(self, operations: object, mountpoint: Path) -> None:
        """Mount and serve until the file system is unmounted. Threads are libfuse's own.

        Raises:
            OSError: libfuse refused; its words are in the log.
        """
        options: dict[str, Any] = {"fsname": "lsfs", "subtype": "lsfs", "default_permissions": True, "use_ino": True}
        options |= {"entry_timeout": 0, "attr_timeout": 0, "negative_timeout": 0}
        if os.geteuid() == 0:
            options["allow_other"] = True
        if self.libfuse[0] == 2:
            options |= {"big_writes": True, "atomic_o_trunc": True, "nonempty": True}
        run = _exact(self.module) if self.name == "mfusepy" else self.module.FUSE
        served = operations if self.name == "mfusepy" else _Called(operations)
        point = os.fsencode(mountpoint).decode(ENCODING)
        try:
            run(served, point, raw_fi=True, encoding=ENCODING, foreground=True, **options)
        except RuntimeError as e:
            raise OSError(errno.EIO, f"mounting at {mountpoint} was refused by libfuse (code {e}); its words are above") from e


class _Called:
    """Operations as fusepy takes them: it calls the object with the name of the operation; mfusepy calls the method."""

    def __init__(self, operations: object) -> None:
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operations, name)

    def __call__(self, name: str, *arguments: Any) -> Any:
        return getattr(self._operations, name)(*arguments)


def _exact(module: Any) -> Any:
    """Return mfusepy's class with what it drops under libfuse 3: the flags of a rename, and which handle is meant."""

    def rename(self: Any, old: bytes, new: bytes, flags: int) -> int:
        if flags:  # RENAME_EXCHANGE taken for a plain rename destroys a file
            raise OSError(errno.EINVAL, "renames with flags need the native driver")
        done: int = self.rename_fuse_2(old, new)
        return done

    def truncate(self: Any, path: bytes | None, length: int, info: Any) -> int:
        done: int = self.operations.truncate(_text(path), length, info.contents if info else None)
        return done

    def chmod(self: Any, path: bytes | None, mode: int, info: Any) -> int:
        done: int = self.operations.chmod(_text(path), mode, info.contents if info else None)
        return done

    return type("Exact", (module.FUSE,), {"rename_fuse_3": rename, "truncate_fuse_3": truncate, "chmod_fuse_3": chmod})


def _text(path: bytes | None) -> str | None:
    return None if path is None else path.decode(ENCODING)


def load(wanted: str, environ: MutableMapping[str, str]) -> Binding:
    """Return a binding.

    Args:
        wanted: its name, or "portable" for the first that can be loaded.
        environ: mfusepy finds its library by FUSE_LIBRARY_NAME there; it is set where it is not.

    Raises:
        Unavailable: there is none; the text says what to install.
    """
    if find_library("fuse3"):
        environ.setdefault("FUSE_LIBRARY_NAME", "fuse3")
    tried = []
    for name in BINDINGS if wanted == "portable" else (wanted,):
        try:
            return _loaded(name)
        except (ImportError, OSError, AttributeError) as e:
            tried.append(f"{name}: {e}")
    raise Unavailable(f"the portable driver needs a binding of libfuse ({'; '.join(tried)}); {_ADVICE}")


def _loaded(name: str) -> Binding:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what an old module does at its import is not ours to mend
        module = importlib.import_module(_MODULES[name])
    if name == "fusepy":
        version = module._libfuse.fuse_version()
        return Binding(name, (version // 10, version % 10), module)
    found = (module.fuse_version_major, module.fuse_version_minor)
    if found[0] == 3 and not all(
        hasattr(module.FUSE, n) for n in ("rename_fuse_3", "rename_fuse_2", "truncate_fuse_3", "chmod_fuse_3")
    ):
        raise ImportError("this version is not known; pip install 'mfusepy>=3.1,<4'")
    return Binding(name, found, module)
