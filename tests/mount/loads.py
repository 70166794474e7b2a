"""Programs that work on a mount while its processes are killed: what they were told was written has to be there afterwards.

Each runs its rounds in a thread of its own until it is stopped. A round that failed because the mount was gone promises
nothing; one that ended well promises what it wrote.
"""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from lsfs.engine.places import is_mounted

Contents = Mapping[str, Sequence[bytes]]
"""The contents of all versions of a file, the newest last."""
WORK = "work"
"""The folder that the programs work in: it is in the root only, so nobody writes into the bare mount point."""
BLOCK, BLOCKS = 4096, 32
FIO = [
    *("fio", "--name=verified", "--rw=randwrite", f"--bs={BLOCK}", f"--size={BLOCK * BLOCKS}", "--ioengine=psync"),
    *("--verify=crc32c", "--verify_fatal=1", "--fallocate=none", "--output-format=terse"),
]


class Load(ABC):
    """Rounds of one program.

    Attributes:
        complete: how many rounds ended well.
        said: what a round said that was wrong even though the mount may have been killed over it.
    """

    def __init__(self, point: Path) -> None:
        self.point = point
        self.complete = 0
        self.said: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        for i in range(10**9):
            if self._end.wait(0.02):
                return
            if is_mounted(self.point) and self.round(i):
                self.complete += 1

    @abstractmethod
    def round(self, i: int) -> bool:
        """Do one round; return whether it ended well."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the files that it writes."""

    @abstractmethod
    def wrong(self, contents: Contents) -> list[str]:
        """Return what was lost or mixed."""


class Fio(Load):
    """`fio --verify`: blocks that carry their checksum, written at random and read back."""

    FILES = 2

    def __init__(self, point: Path, plain: Path) -> None:
        super().__init__(point)
        self._plain = plain
        self._verified: list[tuple[str, str]] = []

    def round(self, i: int) -> bool:
        name = f"fio-{i % self.FILES}"
        try:  # from inside the folder: fio makes the folders that it misses
            done = subprocess.run(
                [*FIO, f"--filename={name}"], cwd=self.point / WORK, capture_output=True, text=True, check=False
            )
        except OSError:
            return False
        if "verify: bad" in done.stdout + done.stderr:
            self.said.append(done.stderr)
        if done.returncode:
            return False
        self._verified.append((name, hashlib.sha256((self._plain / WORK / name).read_bytes()).hexdigest()))
        return True

    def names(self) -> list[str]:
        return [f"{WORK}/fio-{i}" for i in range(self.FILES)]

    def wrong(self, contents: Contents) -> list[str]:
        have = {name: {hashlib.sha256(c).hexdigest() for c in contents.get(name, ())} for name in self.names()}
        return [f"{name} {digest}" for name, digest in self._verified if digest not in have[f"{WORK}/{name}"]]


class Tar(Load):
    """`tar -x` of a small tree, over what was there before."""

    FOLDERS, FILES = 3, 20

    def __init__(self, point: Path, archive: Path) -> None:
        super().__init__(point)
        self._archive = archive
        self._source = {f"member-{j}.txt": (f"content of member {j}\n" * (j * 20)).encode() for j in range(1, self.FILES + 1)}
        self._whole: set[str] = set()
        with tarfile.open(archive, "w") as tar:
            for name, content in self._source.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, BytesIO(content))

    def round(self, i: int) -> bool:
        folder = f"{WORK}/tar-{i % self.FOLDERS}"
        self._whole.discard(folder)
        try:
            (self.point / folder).mkdir(exist_ok=True)
        except OSError:
            return False
        done = subprocess.run(["tar", "-xf", self._archive, "-C", self.point / folder], capture_output=True, check=False)
        if done.returncode == 0:
            self._whole.add(folder)
        return done.returncode == 0

    def names(self) -> list[str]:
        return [f"{WORK}/tar-{i}/{name}" for i in range(self.FOLDERS) for name in self._source]

    def wrong(self, contents: Contents) -> list[str]:
        found = []
        for folder in (f"{WORK}/tar-{i}" for i in range(self.FOLDERS)):
            for name, source in self._source.items():
                have = contents.get(f"{folder}/{name}", ())
                if folder in self._whole and (not have or have[-1] != source):
                    found.append(f"{folder}/{name} is not as it was unpacked")
                found += [f"{folder}/{name} has {c[:40]!r}" for c in have if not source.startswith(c)]
        return found
