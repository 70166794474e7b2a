"""git, SQLite, an editor, a compiler and rsync at once on one mount, with the engine, for ten minutes.

`python -m tests.bench.soak`, or with the seconds behind it. Each program checks its own work (`tests/mount/soaking.py`);
afterwards what the mount process holds is told, and which saves of the edited file have a version.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from lsfs_syscalls.connect import Client
from lsfs_syscalls.lifecycle import down, up
from tests.mount.soaking import soak

SECONDS = 600.0


def resident_mib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def _versions(client: Client, root: Path) -> str:
    """Tell how many versions the edited file has, and whether the newest is its last save."""
    versions = client.call("history", {"path": "editor/text.txt"})["versions"]
    newest = max(versions, key=lambda v: int(v["version"]))
    content = client.call("read", {"path": "editor/text.txt", "version": newest["version"]})["content"]
    same = content == (root / "editor" / "text.txt").read_text()
    return f"the edited file has {len(versions)} versions, the newest {'is' if same else 'is not'} its last save"


def main() -> None:
    """Run and print what was done."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory(prefix="lsfs-soak-") as scratch:
        root, point = Path(scratch) / "root", Path(scratch) / "point"
        root.mkdir()
        environ = {k: v for k, v in os.environ.items() if not k.startswith("LSFS_")} | {"XDG_CONFIG_HOME": f"{scratch}/config"}
        up(str(root), str(point), state=None, environ=environ)
        client = Client.find(root=str(root), state=None, environ=environ)
        try:
            pid = int(client.status()["mounts"][0]["pid"])
            before = resident_mib(pid)
            print("rounds:", soak(point, seconds), flush=True)
            print(
                f"mount process: {before} MiB, then {resident_mib(pid)} MiB, {len(os.listdir(f'/proc/{pid}/fd'))} descriptors"
            )
            settled = client.wait(600.0, vectors=False)
            missed = client.status()["missed_count"]
            print(f"settled: {settled}; said to be missed: {missed}; {_versions(client, root)}")
        finally:
            down(client)


if __name__ == "__main__":
    main()
