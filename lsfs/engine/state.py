"""The state directory: made whole in one step, known by its `format` file, and taken only where it is the user's own.

A directory that came from elsewhere (an archive, a share, a former owner) can hold a `.lsfs` that was made to deceive: a link
to another place, or links in it that our writes would follow. Such a state is refused, with words that say what to do.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from pathlib import Path

from lsfs.errors import BadRequest, Corrupt, Denied, NotFound
from lsfs.model import STAGE_PREFIX, show

FORMAT = "lsfs 1"
STATE = ".lsfs"
_OURS = frozenset(
    "captured chroma config.toml engine.log format links.key lock mount.log packs root.path spool vectors".split()
)
_LONGEST = 100
_ELSEWHERE = "move it away, or put the state elsewhere with --state DIR"


def engine_id(directory: Path) -> str:
    """Return the id that was made with a state.

    Raises:
        NotFound: there is no state.
        Denied: it is not our own.
        Corrupt: its `format` is not ours.
    """
    name = show(os.fsencode(directory))
    try:
        _check_own(directory)
        with (directory / "format").open("rb") as f:
            text = f.read(_LONGEST).decode("ascii", "replace")
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{name} is no state of lsfs") from None
    except OSError as e:
        raise Denied(f"the state {name} cannot be read: {e.strerror}") from e
    words = text.split()
    if " ".join(words[:2]) == FORMAT and len(words) == 3 and len(words[2]) == 16:
        return words[2]
    if words[:1] == ["lsfs"] and len(words) > 1 and words[1].isdigit():
        raise Corrupt(f"{name} was made by another version of lsfs (format {words[1]}; this one knows {FORMAT}); update lsfs")
    raise Corrupt(f"{name}/format is no format of lsfs ({show(text.encode())[:40]!r}); {_ELSEWHERE}")


def _check_own(directory: Path) -> None:
    """Refuse what is not a plain directory of our own user with plain files and folders in it.

    Raises:
        Denied: it is somebody else's, or a link, or holds one.
    """
    name = show(os.fsencode(directory))
    st = directory.lstat()
    if stat.S_ISLNK(st.st_mode):
        raise Denied(f"{name} is a symbolic link; the state is a directory of its own: {_ELSEWHERE}")
    if st.st_uid != os.geteuid():
        raise Denied(f"the state {name} belongs to the user with id {st.st_uid}; run lsfs as that user, or {_ELSEWHERE}")
    for entry in os.listdir(directory):
        if (directory / entry).is_symlink():
            raise Denied(f"{show(os.fsencode(directory / entry))} is a symbolic link, which lsfs would not make: {_ELSEWHERE}")


def _check_free(directory: Path) -> None:
    """Refuse a directory that holds the user's files; a state that only lost its `format` is gone on with."""
    if (directory / "format").exists():
        return
    passed = (os.fsdecode(STAGE_PREFIX), "catalogue.")
    strange = sorted(n for n in os.listdir(directory) if n not in _OURS and not n.startswith(passed))
    if strange:
        name = show(os.fsencode(directory))
        raise BadRequest(f"{name} holds what is not lsfs's ({show(os.fsencode(strange[0]))}); {_ELSEWHERE}")


def check_apart(root: Path, directory: Path) -> None:
    """Refuse a state among the user's files, but for the one place that is guarded from being renamed or removed by the way.

    Raises:
        BadRequest: it is there.
    """
    if directory != root / STATE and (directory.is_relative_to(root) or root.is_relative_to(directory)):
        raise BadRequest(f"the state {directory} has to be outside of the root {root}, or, without --state, in its {STATE}")


def make_state(directory: Path) -> None:
    """Make a state directory that is known as one from its first moment, however many processes try it at once.

    Raises:
        BadRequest: something else has its name.
        Denied: it is not our own.
        OSError: the disk refuses.
    """
    if os.path.lexists(directory):
        if not directory.is_dir():
            raise BadRequest(f"{show(os.fsencode(directory))} is there and no directory; {_ELSEWHERE}")
        _check_own(directory)
        _check_free(directory)
        os.chmod(directory, 0o700)  # contents of files are in it
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
            os.link(made / "format", directory / "format")
    except OSError:
        if not (directory / "format").exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def claim(directory: Path, root: Path) -> None:
    """Write down in a state that lies elsewhere whose it is: with another root's state every file would seem deleted.

    Raises:
        BadRequest: it is the state of another root that is there.
    """
    if directory.is_relative_to(root):
        return
    known = claimed_root(directory)
    if known == root:
        return
    if known is not None and known.is_dir():
        names = [show(os.fsencode(p)) for p in (directory, known)]
        raise BadRequest(f"{names[0]} is the state of {names[1]}; each root has a state of its own: name another directory")
    made = directory / f"{os.fsdecode(STAGE_PREFIX)}{secrets.token_hex(8)}"
    _write_durably(made, os.fsencode(root))
    os.replace(made, directory / "root.path")


def claimed_root(directory: Path) -> Path | None:
    """Return the root that a state which lies elsewhere says it is of."""
    try:
        return Path(os.fsdecode((directory / "root.path").read_bytes()))
    except OSError:
        return None


def _write_durably(file: Path, data: bytes) -> None:
    with file.open("xb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
