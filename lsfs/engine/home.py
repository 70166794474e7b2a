"""Where a root's state lives, who holds it, and which directories are no roots.

A root is known by its state directory's `format` file, never by the name `.lsfs` alone. The state holds the lock for the life
of the engine process. Sockets live in the runtime directory, because a socket's path has 107 bytes and a root's can be longer.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lsfs.errors import BadRequest, Conflict, Corrupt, NotFound, Unavailable
from lsfs.model import show

FORMAT = "lsfs 1"
STATE = ".lsfs"
_SYSTEM = ("/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var")
_UNFIT = {
    "9p": "a network file system",
    "autofs": "an automounter",
    "ceph": "a network file system",
    "cifs": "a network file system",
    "fuse": "a FUSE file system",
    "nfs": "a network file system",
    "nfs4": "a network file system",
    "proc": "no file system for data",
    "smb3": "a network file system",
    "sysfs": "no file system for data",
}


@dataclass(frozen=True, slots=True)
class Home:
    """A root and where its things are.

    Attributes:
        root: the user's directory.
        state: our data.
        engine_id: 16 hex digits, made with the state; names the runtime directory.
    """

    root: Path
    state: Path
    engine_id: str
    runtime: Path

    @property
    def backing(self) -> Path:
        """The directory that we work on: the root, or its private name where the root is mounted over itself."""
        private = self.runtime / "root"
        return private if is_mounted(private) else self.root

    @property
    def socket(self) -> Path:
        """The engine's HTTP socket."""
        return self.runtime / "engine.sock"

    @property
    def log(self) -> Path:
        """The engine's log."""
        return self.state / "engine.log"

    def mount_socket(self, number: int) -> Path:
        """The control socket of a mount."""
        return self.runtime / f"mount-{number}.sock"


def resolve_root(root: str | Path) -> Path:
    """Return a root's real path.

    Raises:
        NotFound: there is no such directory.
        BadRequest: it is no directory, or one of the system's.
    """
    path = Path(os.path.expanduser(root))
    if not path.exists():
        raise NotFound(f"there is no directory {show(os.fsencode(path))}")
    real = Path(os.path.realpath(path))
    if not real.is_dir():
        raise BadRequest(f"{real} is a file; a root is a directory")
    parts = [s for s in _SYSTEM if str(real) == s or (s not in ("/", "/run", "/var") and str(real).startswith(s + "/"))]
    if parts:
        raise BadRequest(f"{real} belongs to the system ({parts[0]}); choose a directory with your own files")
    return real


def file_system(path: Path) -> tuple[str, bool]:
    """Return the type of the file system that `path` is on, and whether it is mounted read-only."""
    found, best = ("", False), -1
    target = os.path.realpath(path)
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            _, where, kind, options, *_ = line.split(" ")
            where = where.encode("ascii", "surrogateescape").decode("unicode_escape")
            below = where == "/" or target == where or target.startswith(where.rstrip("/") + "/")
            if below and len(where) >= best:
                found, best = (kind, "ro" in options.split(",")), len(where)
    return found


def is_mounted(path: Path) -> bool:
    """Tell whether something is mounted at `path`; bind mounts too, which os.path.ismount does not see on one file system."""
    target = str(path)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as f:
        return any(line.split(" ")[4].encode("ascii", "surrogateescape").decode("unicode_escape") == target for line in f)


def check_state_disk(state: Path) -> None:
    """Refuse a place where a database and hard links cannot be trusted.

    Raises:
        BadRequest: it is on a network, FUSE or read-only file system; the text says what to do.
    """
    there = state
    while not there.exists():
        there = there.parent
    kind, read_only = file_system(there)
    hint = "; put the state elsewhere with --state DIR"
    if read_only:
        raise BadRequest(f"{there} is on a file system that is mounted read-only{hint}")
    unfit = _UNFIT.get(kind) or (_UNFIT["fuse"] if kind.startswith("fuse") else None)
    if unfit:
        raise BadRequest(f"{there} is on {unfit} ({kind}), where the state is not safe{hint}")


def runtime_base(environ: Mapping[str, str]) -> Path:
    """Return the directory for sockets: /run/lsfs for root, else below XDG_RUNTIME_DIR."""
    if os.geteuid() == 0:
        return Path("/run/lsfs")
    return Path(environ.get("XDG_RUNTIME_DIR") or f"/tmp/lsfs-{os.getuid()}") / "lsfs"  # noqa: S108 - made 0700 and checked


def find_home(root: Path, state: Path | None, environ: Mapping[str, str]) -> Home:
    """Return the home of a root that has a state directory.

    Raises:
        NotFound: it has none; `lsfs up` makes it.
        Corrupt: its `format` is not ours.
    """
    directory = state or _state_below(root)
    try:
        words = (directory / "format").read_text("ascii", "replace").split()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{root} is not served by lsfs yet; `lsfs up {root}` does that") from None
    if " ".join(words[:2]) != FORMAT or len(words) != 3 or len(words[2]) != 16:
        raise Corrupt(f"{directory}/format says {' '.join(words)!r}; this program knows `{FORMAT}`")
    home = Home(root, directory, words[2], runtime_base(environ) / words[2])
    if home.backing != root and directory.is_relative_to(root):
        return replace(home, state=home.backing / directory.relative_to(root))
    return home


def _state_below(root: Path) -> Path:
    """Return where a root's own state is: in it, or, where it is mounted over itself, where the mount says."""
    try:
        lines = (root / STATE / "root").read_text().splitlines()
    except OSError:
        return root / STATE
    return Path(lines[2]) if len(lines) > 2 else root / STATE


def make_home(root: Path, state: Path | None, environ: Mapping[str, str]) -> Home:
    """Return the home of a root, made where it is missing.

    Raises:
        BadRequest: the state cannot be kept there.
        Unavailable: the disk is full or refuses.
    """
    directory = state or _state_below(root)
    check_state_disk(directory)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (directory / "format").exists():
            temporary = directory / "format.new"
            temporary.write_text(f"{FORMAT} {secrets.token_hex(8)}\n")
            os.replace(temporary, directory / "format")
        home = find_home(root, state, environ)
        _private(home.runtime)
    except OSError as e:
        raise Unavailable(f"the state directory {directory} cannot be made: {e.strerror}; --state DIR puts it elsewhere") from e
    return home


def _private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    st = directory.lstat()
    if st.st_uid != os.geteuid() or not directory.is_dir() or directory.is_symlink():
        raise PermissionError(1, f"{directory} belongs to somebody else")
    os.chmod(directory, 0o700)


class Lock:
    """The state's lock, held for the life of the engine process."""

    def __init__(self, state: Path) -> None:
        self._fd = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise Conflict(f"another engine process ({holder or 'unknown'}) holds {state}") from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the lock go."""
        os.close(self._fd)


def is_locked(state: Path) -> bool:
    """Tell whether an engine process holds the state."""
    try:
        fd = os.open(state / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
