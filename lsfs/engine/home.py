"""Where a root's state lives, and which directories are no roots.

A root is known by its state directory's `format` file, never by the name `.lsfs` alone. Sockets live in the runtime directory,
because a socket's path has 107 bytes and a root's can be longer. The runtime directory is named after the state directory
itself (its device and inode beside the id in it), so that the copy of a served root does not answer for the original.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lsfs.capture.disk import STAGE_PREFIX
from lsfs.engine.places import check_state_disk, is_mounted
from lsfs.errors import BadRequest, Corrupt, Denied, NotFound, Unavailable
from lsfs.model import show

FORMAT = "lsfs 1"
STATE = ".lsfs"
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


def runtime_base(environ: Mapping[str, str]) -> Path:
    """Return the directory for sockets: /run/lsfs for root, else below XDG_RUNTIME_DIR."""
    if os.geteuid() == 0:
        return Path("/run/lsfs")
    return Path(environ.get("XDG_RUNTIME_DIR") or f"/tmp/lsfs-{os.getuid()}") / "lsfs"  # noqa: S108 - made 0700 and checked


def find_home(root: Path, state: Path | None, environ: Mapping[str, str]) -> Home:
    """Return the home of a root that has a state directory.

    Raises:
        NotFound: it has none; `lsfs up` makes it.
        Denied: it is somebody else's.
        Corrupt: its `format` is not ours.
    """
    directory = state or _state_below(root)
    try:
        words = (directory / "format").read_text("ascii", "replace").split()
        st = directory.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{root} is not served by lsfs yet; `lsfs up {root}` does that") from None
    except OSError as e:
        raise Denied(f"the state {directory} cannot be read: {e.strerror}") from e
    if " ".join(words[:2]) != FORMAT or len(words) != 3 or len(words[2]) != 16:
        raise Corrupt(f"{directory}/format says {' '.join(words)!r}; this program knows `{FORMAT}`")
    home = Home(root, directory, words[2], runtime_base(environ) / _runtime_name(words[2], st))
    if home.backing != root and directory.is_relative_to(root):
        return replace(home, state=home.backing / directory.relative_to(root))
    return home


def _runtime_name(engine_id: str, st: os.stat_result) -> str:
    return hashlib.blake2b(f"{engine_id} {st.st_dev} {st.st_ino}".encode(), digest_size=8).hexdigest()


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
        Denied: it is somebody else's.
        Unavailable: the disk is full or refuses.
    """
    directory = _state_below(root) if state is None else Path(os.path.realpath(state))
    _check_apart(root, directory)
    check_state_disk(directory)
    try:
        _make_state(directory)
        home = find_home(root, directory, environ)
        _make_runtime(home.runtime, environ)
    except OSError as e:
        raise Unavailable(f"the state directory {directory} cannot be made: {e.strerror}; --state DIR puts it elsewhere") from e
    return home


def _check_apart(root: Path, directory: Path) -> None:
    """Refuse a state among the user's files, but for the one place that is guarded from being renamed or removed by the way."""
    if directory != root / STATE and (directory.is_relative_to(root) or root.is_relative_to(directory)):
        raise BadRequest(f"the state {directory} has to be outside of the root {root}, or, without --state, in its {STATE}")


def _make_state(directory: Path) -> None:
    """Make a state directory that is known as one from its first moment, however many processes try it at once."""
    if (directory / "format").exists():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = not directory.exists()
    made = (directory.parent if fresh else directory) / f"{os.fsdecode(STAGE_PREFIX)}{secrets.token_hex(8)}"
    made.mkdir(mode=0o700)
    try:
        _write_durably(made / "format", f"{FORMAT} {secrets.token_hex(8)}\n".encode())
        if fresh:
            os.rename(made, directory)
        else:
            os.chmod(directory, 0o700)  # contents of files will be in it
            os.link(made / "format", directory / "format")
    except OSError:
        if not (directory / "format").exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_durably(file: Path, data: bytes) -> None:
    with file.open("xb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())


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
            raise PermissionError(1, f"{directory} belongs to somebody else")
        os.chmod(directory, 0o700)
