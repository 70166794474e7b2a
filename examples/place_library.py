"""Copy the example library to a folder and give each file the age that `library.toml` says.

A checkout gives every file the time of the checkout, but questions such as "what did I change last week" need
different times. Use: `python -m examples.place_library TARGET`. Knows nothing of the index, the mount or the engine.
"""

import os
import shutil
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE / "library"
MANIFEST = HERE / "library.toml"
UNITS_S = {"m": 60, "h": 3600, "d": 86400}


def ages(manifest: Path = MANIFEST) -> dict[str, int]:
    """Return the age of every file in seconds, by its path in the library."""
    table: dict[str, str] = tomllib.loads(manifest.read_text(encoding="utf-8"))["age"]
    return {path: int(age[:-1]) * UNITS_S[age[-1]] for path, age in table.items()}


def place(target: Path, now_s: float, library: Path = LIBRARY, manifest: Path = MANIFEST) -> int:
    """Copy the library into `target` (made if need be), set the times of files and folders, and return the number of files.

    A folder is as old as its youngest file. Files of `target` with the same path are replaced, others stay.

    Raises:
        OSError: a file cannot be copied.
    """
    shutil.copytree(library, target, dirs_exist_ok=True)
    youngest: dict[Path, float] = {}
    table = ages(manifest)
    for path, age_s in table.items():
        file, when_s = target / path, now_s - age_s
        os.utime(file, (when_s, when_s))
        for folder in file.relative_to(target).parents:
            youngest[folder] = max(when_s, youngest.get(folder, 0.0))
    for folder, when_s in youngest.items():
        os.utime(target / folder, (when_s, when_s))
    return len(table)


def main() -> int:
    """Place the library in the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m examples.place_library TARGET\n")
        return 2
    count = place(Path(sys.argv[1]), time.time())
    sys.stdout.write(f"{count} files in {sys.argv[1]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
