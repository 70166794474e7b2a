"""Programs run as a user without rights."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

NOBODY = 65534


def as_nobody(*code: str, groups: str = "--clear-groups") -> subprocess.CompletedProcess[str]:
    """Run Python as an unprivileged user."""
    words = [
        "setpriv",
        "--reuid",
        str(NOBODY),
        "--regid",
        str(NOBODY),
        groups,
        "/usr/bin/env",
        "python3",
        "-c",
        "\n".join(code),
    ]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def reachable(place: Path) -> None:
    """Let everybody reach a folder; pytest's own are for their owner."""
    for above in (place, *place.parents):
        if stat.S_IMODE(above.stat().st_mode) & 0o011 != 0o011:
            above.chmod(stat.S_IMODE(above.stat().st_mode) | 0o011)
