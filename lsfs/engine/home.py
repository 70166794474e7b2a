"""Where a root's state lives, and which directories are no roots.

A root is known by its state directory's `format` file, never by the name `.lsfs` alone. Sockets live in the runtime directory,
because a socket's path has 107 bytes and a root's can be longer. The runtime directory is named after the state directory
itself (its device and inode beside the id in it), so that the copy of a served root does not answer for the original.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lsfs.engine.places import check_state_disk, file_system, is_mounted
from lsfs.engine.state import STATE, check_apart, claim, engine_id, make_state
from lsfs.errors import BadRequest, Denied, NotFound, Unavailable
from lsfs.model import show

BEFORE_REBUILD = "catalogue.before-rebuild.db"
"""Where a rebuild puts the catalogue that was there."""

_SYSTEM = ("/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var")


@dataclass(frozen=True, slots=True)
class Home:
    """A root and where its things are.

    Attributes:
        root: the user's directory.
        state: our data.
        engine_id: 16 hex digits, made with the state.
        runtime: where the sockets are.
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
        Denied: we may not look at it.
        BadRequest: it is no directory, or one of the system's.
    """
    path = Path(os.path.expanduser(root))
    try:
        path.stat()
    except OSError as e:
        missing = isinstance(e, FileNotFoundError | NotADirectoryError)
        words = f"there is no directory {show(os.fsencode(path))}" if missing else f"{show(os.fsencode(path))}: {e.strerror}"
        raise (NotFound if missing else Denied)(words) from None
    real = Path(os.path.realpath(path))
    if not real.is_dir():
        raise BadRequest(f"{real} is a file; a root is a directory")
    refuse_system(real, "choose a directory with your own files")
    return real


def refuse_system(path: Path, advice: str) -> None:
    """Raise BadRequest for a directory of the system."""
    parts = [s for s in _SYSTEM if str(path) == s or (s not in ("/", "/run", "/var") and str(path).startswith(s + "/"))]
    if parts:
        raise BadRequest(f"{path} belongs to the system ({parts[0]}); {advice}")


def runtime_base(environ: Mapping[str, str]) -> Path:
    """Return the directory for sockets: /run/lsfs for root, else below XDG_RUNTIME_DIR."""
    if os.geteuid() == 0:
        return Path("/run/lsfs")
    return Path(environ.get("XDG_RUNTIME_DIR") or f"/tmp/lsfs-{os.getuid()}") / "lsfs"  # noqa: S108 - made 0700 and checked


def find_home(root: Path, state: Path | None, environ: Mapping[str, str]) -> Home:
    """Return the home of a root that has a state directory.

    Raises:
        NotFound: it has none; `lsfs up` makes it.
        Denied: it is not our own.
        Corrupt: its `format` is not ours.
    """
    directory = _state_below(root) if state is None else Path(os.path.realpath(state))
    try:
        found = engine_id(directory)
        st = directory.stat()
    except (NotFound, FileNotFoundError):
        raise NotFound(
            f"{show(os.fsencode(root))} is not served by lsfs yet; `lsfs up DIR` does that (or say --state DIR)"
        ) from None
    home = Home(root, directory, found, runtime_base(environ) / _runtime_name(found, st))
    if home.backing != root and directory.is_relative_to(root):
        return replace(home, state=home.backing / directory.relative_to(root))
    return home


def _runtime_name(engine_id: str, st: os.stat_result) -> str:
    return hashlib.blake2b(f"{engine_id} {st.st_dev} {st.st_ino}".encode(), digest_size=8).hexdigest()


def mounted_root(folder: Path) -> tuple[Path, Path] | None:
    """Return the root and state whose mount a folder is, as the mount says; None where it is none.

    Only a FUSE mount is believed: an ordinary folder can hold anything, also a file that names another root of the user.
    """
    try:
        lines = (folder / STATE / "root").read_text("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    if len(lines) < 3 or not file_system(folder)[0].startswith("fuse"):
        return None
    return Path(lines[0]), Path(lines[2])


def _state_below(root: Path) -> Path:
    """Return where a root's own state is: in it, or, where it is mounted over itself, where the mount says."""
    mounted = mounted_root(root)
    return mounted[1] if mounted is not None else root / STATE


def make_home(root: Path, state: Path | None, environ: Mapping[str, str]) -> Home:
    """Return the home of a root, made where it is missing.

    Raises:
        BadRequest: the state cannot be kept there, or is another root's.
        Denied: it is not our own.
        Unavailable: the disk is full or refuses.
    """
    directory = _state_below(root) if state is None else Path(os.path.realpath(state))
    check_apart(root, directory)
    check_state_disk(directory)
    try:
        make_state(directory)
        claim(directory, root)
        home = find_home(root, directory, environ)
        _make_runtime(home.runtime, environ)
    except OSError as e:
        raise Unavailable(f"the state directory {directory} cannot be made: {e.strerror}; --state DIR puts it elsewhere") from e
    return home


def _make_runtime(runtime: Path, environ: Mapping[str, str]) -> None:
    """Make the folder of the sockets; each folder above it that we make ourselves is nobody else's either."""
    base = runtime.parent
    own = [base, runtime] if os.geteuid() == 0 or environ.get("XDG_RUNTIME_DIR") else [base.parent, base, runtime]
    if len(own) == 2:
        base.parent.mkdir(parents=True, exist_ok=True)
    for directory in own:
        directory.mkdir(mode=0o700, exist_ok=True)
        st = directory.lstat()
        if st.st_uid != os.geteuid() or not stat.S_ISDIR(st.st_mode):
            raise Denied(f"{directory} belongs to somebody else; set XDG_RUNTIME_DIR to a directory of your own")
        os.chmod(directory, 0o700)
