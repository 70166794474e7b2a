"""Is a file a model that this machine can hold? Looked at before llama.cpp is, which only says that it failed.

Source: the GGUF specification of ggml (magic, version), proc_meminfo(5), the kernel's cgroup v2 documentation (`memory.max`).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from lsfs.errors import Unavailable

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_BESIDES_BYTES = 256 << 20
"""For what a model needs besides its weights: the context and the buffers of a small one."""


def checked(file: Path) -> Path:
    """Return `file` when it can be loaded, as far as its first bytes and its size tell.

    Raises:
        Unavailable: it is not there, cannot be read, is no GGUF, or is larger than the memory that is free.
    """
    try:
        with file.open("rb") as f:
            head = f.read(8)
            size = os.fstat(f.fileno()).st_size
    except OSError as e:
        raise Unavailable(f"the language model {file} cannot be read ({e.strerror}); see [llm] model_file") from e
    if len(head) < 8 or head[:4] != _MAGIC or struct.unpack("<I", head[4:])[0] not in _VERSIONS:
        raise Unavailable(f"{file} is no language model in the GGUF format; see [llm] model_file")
    free = free_bytes()
    if size + _BESIDES_BYTES > free:
        raise Unavailable(
            f"the language model {file} needs {_gb(size + _BESIDES_BYTES)} GB of memory and {_gb(free)} GB are free; "
            "take a smaller one, or close something"
        )
    return file


def free_bytes(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the memory that this process could still take: the machine's, or its cgroup's where that is less."""
    free = _of_machine(proc / "meminfo")
    try:
        most = int((cgroup / "memory.max").read_text())
        anonymous = int((cgroup / "memory.stat").read_text().split(maxsplit=2)[1])  # its first line is `anon N`
    except (OSError, ValueError, IndexError):  # "max": no limit; or no cgroup v2
        return free
    return min(free, max(0, most - anonymous))


def _of_machine(meminfo: Path) -> int:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _gb(n: int) -> str:
    return f"{n / 1e9:.1f}"
