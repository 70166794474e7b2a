"""What this machine offers lsfs: each thing looked at for real, with the advice that mends it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from ctypes.util import find_library
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lsfs.config import LlmConfig, load_config
from lsfs.embed.onnx import DATA, OnnxEmbedder
from lsfs.errors import LsfsError
from lsfs_syscalls.chat.choose import chat_of
from lsfs_syscalls.chat.local import LocalChat

ROOM_BYTES = 1 << 30
WATCHES = 100_000
PASSTHROUGH_KERNEL = (6, 9)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing.

    Attributes:
        needed: lsfs does not work without it; else it works less well.
        advice: what to do when it is not ok.
    """

    what: str
    ok: bool
    needed: bool
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as an object."""
        return asdict(self)


def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything."""
    return [*_mounting(), *_limits(), *_configuration(environ)]


def _mounting() -> list[Finding]:
    kernel = tuple(int("".join(c for c in p if c.isdigit()) or 0) for p in platform.release().split(".")[:2])
    root = os.geteuid() == 0
    passthrough = root and kernel >= PASSTHROUGH_KERNEL
    return [
        Finding(f"Python {sys.version.split()[0]}", sys.version_info >= (3, 11), True, "install Python 3.11 or later"),
        Finding(
            "/dev/fuse",
            os.access("/dev/fuse", os.R_OK | os.W_OK),
            True,
            "load the module (modprobe fuse); give the user access",
        ),
        Finding(
            "fusermount3" + (" (not needed as root)" if root else ""),
            shutil.which("fusermount3") is not None,
            not root,
            "install it (Debian: apt-get install fuse3)",
        ),
        Finding(
            "FUSE passthrough",
            passthrough,
            False,
            "needs Linux 6.9 and root; without it reads and writes go through the mount process",
        ),
        Finding(
            "portable driver ([mount] driver = portable)",
            any(find_spec(name) for name in ("mfusepy", "fuse")) and any(find_library(name) for name in ("fuse3", "fuse")),
            False,
            "only for systems where the native one cannot mount: pip install 'lsfs[fusepy]'; Debian: apt-get install fuse3",
        ),
    ]


def _limits() -> list[Finding]:
    try:
        watches = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    except (OSError, ValueError):
        watches = 0
    free = shutil.disk_usage("/").free
    return [
        Finding(f"inotify watches: {watches}", watches >= WATCHES, False, "sysctl fs.inotify.max_user_watches=1048576"),
        Finding(
            f"disk: {free / 1e9:.0f} GB free", free >= ROOM_BYTES, False, "versions need room; free some or use --state DIR"
        ),
        _model(),
    ]


def _model(folder: Path = DATA) -> Finding:
    try:
        OnnxEmbedder(folder, threads=1).embed(["a word"])
    except LsfsError as e:
        return Finding("embedding model", False, True, str(e))
    return Finding("embedding model", True, True)


def _configuration(environ: Mapping[str, str]) -> list[Finding]:
    try:
        config = load_config(environ=environ)
    except LsfsError as e:
        return [Finding("configuration", False, True, str(e))]
    return [Finding("configuration", True, True), _language_model(config.llm)]


def _language_model(config: LlmConfig) -> Finding:
    match chat_of(config):
        case None:
            why = "[llm] mode is offline" if config.mode == "offline" else "the offline parser is used"
            return Finding(f"language model: none ({why})", True, False)
        case LocalChat() as chat:
            what = f"language model: {chat.place}"
            try:
                chat.loadable()
            except LsfsError as e:
                return Finding(what, False, False, str(e))
            return Finding(what, True, False)
        case chat:
            return Finding(f"language model: {chat.model} at {chat.place}", True, False)
