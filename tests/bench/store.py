"""What the content store costs: CPU an add, throughput, reading, and the room that histories take, beside git and borg.

Each function takes a scratch directory and returns rows (what, figure, unit). `python -m tests.bench.store` prints them.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lsfs.catalogue import Catalogue
from lsfs.packs import Content, Packs

Row = tuple[str, float, str]
MIB = 1 << 20


@contextmanager
def store(root: Path) -> Iterator[Packs]:
    root.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(root / "catalogue.db")
    packs = Packs(root / "packs", catalogue)
    try:
        yield packs
    finally:
        packs.close()
        catalogue.close()


def text_lines(count: int, seed: int = 1) -> list[bytes]:
    """Return lines as source code has them: few words, many repeated."""
    rng = random.Random(seed)
    words = [bytes(rng.choices(b"etaoinshrdlu_", k=rng.randint(2, 9))) for _ in range(2000)]
    return [b"    " * rng.randint(0, 3) + b" ".join(rng.choices(words, k=rng.randint(1, 12))) + b"\n" for _ in range(count)]


def edited_versions(count: int = 50) -> list[bytes]:
    """Return versions of a text of 1 MiB, one line inserted each."""
    rng, versions = random.Random(2), list[bytes]()
    lines, size = list[bytes](), 0
    for line in text_lines(60_000):
        lines.append(line)
        size += len(line)
        if size >= MIB:
            break
    for i in range(count):
        versions.append(b"".join(lines))
        lines.insert(rng.randrange(len(lines)), b"an inserted line, number %d\n" % i)
    return versions


def small_files(root: Path, count: int = 5000) -> list[Row]:
    """CPU of adding small files, 256 a commit, and of adding them again."""
    lines = text_lines(20_000, 3)
    datas = [b"".join(lines[i * 3 : i * 3 + 100]) + b"%d" % i for i in range(count)]
    rows: list[Row] = []
    with store(root) as packs:
        for name in ("add", "add again (known)"):
            start = time.process_time()
            for i, data in enumerate(datas):
                packs.add(data)
                if i % 256 == 255:
                    packs.commit([(1, b"version record of about a hundred bytes" * 3)] * 256)
            packs.commit()
            rows.append((f"small file ({sum(map(len, datas)) // count} bytes), {name}", _us(start, count), "us CPU"))
        contents = [packs.add(data) for data in datas]
        start = time.process_time()
        for content in contents:
            packs.read(content)
        rows.append(("small file, read and verified", _us(start, count), "us CPU"))
    return rows


def _us(start: float, count: int) -> float:
    return (time.process_time() - start) / count * 1e6


def throughput(root: Path) -> list[Row]:
    """CPU throughput of large files: text and noise, in and out."""
    rows: list[Row] = []
    text = b"".join(text_lines(400_000, 4))[: 16 * MIB]
    for name, data in (("text", text), ("noise", random.Random(5).randbytes(64 * MIB))):
        path = root / f"large-{name}"
        path.write_bytes(data)
        with store(root / name) as packs, path.open("rb") as f:
            start = time.process_time()
            content = packs.add_file(f.fileno(), size_hint=len(data))
            packs.commit()
            rows.append((f"large file of {name}, stored", len(data) / MIB / (time.process_time() - start), "MiB/CPU-s"))
            start = time.process_time()
            packs.read(content)
            rows.append((f"large file of {name}, read", len(data) / MIB / (time.process_time() - start), "MiB/CPU-s"))
    return rows


def commits(root: Path, count: int = 100) -> list[Row]:
    """Wall time of a commit of one small version (it waits for the disk)."""
    with store(root) as packs:
        times = []
        for i in range(count):
            packs.add(b"content %d" % i)
            start = time.perf_counter()
            packs.commit([(1, b"r")])
            times.append(time.perf_counter() - start)
    return [("one commit, median", sorted(times)[count // 2] * 1e3, "ms")]


def fifty_edits(root: Path) -> list[Row]:
    """Room of 50 one-line edits of a 1 MiB text: here before and after repack, git, borg."""
    versions = edited_versions()
    rows: list[Row] = []
    with store(root / "lsfs") as packs:
        contents: list[Content] = []
        for data in versions:
            contents.append(packs.add(data))
            packs.commit([(1, b"version")])
        rows.append(("50 edits of 1 MiB, lsfs as captured", packs.stats().bytes / 1024, "KiB"))
        start = time.process_time()
        packs.repack([contents])
        spent = time.process_time() - start
        rows.append(("50 edits of 1 MiB, lsfs after repack", packs.stats().bytes / 1024, "KiB"))
        rows.append(("50 edits of 1 MiB, repack", spent * 1e3, "ms CPU"))
        start = time.process_time()
        assert packs.read(contents[-1]) == versions[-1]
        rows.append(("reading the last of 50 edits", (time.process_time() - start) * 1e3, "ms CPU"))
    for name, measure in (("git (gc --aggressive)", _git), ("borg (zstd,3)", _borg)):
        if shutil.which(name.split()[0]):
            rows.append((f"50 edits of 1 MiB, {name}", measure(root, versions) / 1024, "KiB"))
    return rows


def _run(root: Path, *command: str) -> None:
    environment = {
        **os.environ,
        "BORG_BASE_DIR": str(root),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)


def _git(root: Path, versions: list[bytes]) -> float:
    work = root / "git"
    work.mkdir()
    _run(work, "git", "init", "-q")
    for data in versions:
        (work / "file").write_bytes(data)
        _run(work, "git", "add", "file")
        _run(work, "git", "-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "v")
    _run(work, "git", "gc", "-q", "--aggressive", "--prune=now")
    return _size(work / ".git" / "objects")


def _borg(root: Path, versions: list[bytes]) -> float:
    work = root / "borg"
    work.mkdir()
    _run(work, "borg", "init", "-e", "none", "repo")
    for i, data in enumerate(versions):
        (work / "file").write_bytes(data)
        _run(work, "borg", "create", "-C", "zstd,3", f"repo::{i}", "file")
    _run(work, "borg", "compact", "repo")
    return _size(work / "repo")


def _size(path: Path) -> int:
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def growing_log(root: Path) -> list[Row]:
    """Room of ten versions of a growing 20 MB log, against gzip of each."""
    rng, words = random.Random(6), text_lines(500, 7)
    lines: list[bytes] = []
    size = 0
    while size < 20_000_000:
        lines.append(b"2026-11-20T10:%02d:%06.3f INFO %s" % (len(lines) // 9000 % 60, rng.random() * 60, rng.choice(words)))
        size += len(lines[-1])
    log = b"".join(lines)
    zipped = 0
    with store(root) as packs:
        for i in range(1, 11):
            version = log[: len(log) * i // 10]
            packs.add(version)
            packs.commit([(1, b"version")])
            zipped += len(gzip.compress(version))
        kept = packs.stats().bytes
    return [
        ("10 versions of a growing 20 MB log, lsfs", kept / MIB, "MiB"),
        ("10 versions of a growing 20 MB log, gzip of each", zipped / MIB, "MiB"),
        ("10 versions of a growing 20 MB log, share of gzip", kept / zipped, ""),
    ]


ALL: list[Callable[[Path], list[Row]]] = [small_files, throughput, commits, fifty_edits, growing_log]


def main() -> None:
    for measure in ALL:
        with tempfile.TemporaryDirectory() as scratch:
            for what, figure, unit in measure(Path(scratch)):
                print(f"{what:<55} {figure:>10.2f} {unit}")


if __name__ == "__main__":
    main()
