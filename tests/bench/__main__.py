"""`make bench`: every table of figures, one after the other. `python -m tests.bench NAME ...` for some of them."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import date

NAMES = ("store", "versions", "search", "commands", "mount", "calls", "parser", "soak")
"""The modules of this folder that print a table."""


def commit() -> str:
    """Return the commit that is measured."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def main(names: list[str]) -> int:
    """Run the named tables, or all of them; return the exit status."""
    print(f"{platform.system()} {platform.release()}, Python {platform.python_version()}, commit {commit()}, {date.today()}\n")
    failed = []
    for name in names or NAMES:
        print(f"## {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode:
            failed.append(name)
        print(flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
