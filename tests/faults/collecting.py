"""Kills a process at one effect after the other of gc, repack and forget, and checks what the next start makes of it.

`python -m tests.faults.collecting DIR FAULT POINT...`: a program of its own, so that it forks from a process with one thread.
What must hold after the next start: what was to stay reads back, `check` finds nothing, a forgetting that was committed is
finished and leaves no byte of the content in the whole state, one that was not has touched nothing; and a new file that got one
of the names meanwhile is there with what is in it.
"""

from __future__ import annotations

import functools
import random
import shutil
import sys
from pathlib import Path

from lsfs.errors import NotFound
from lsfs.model import State
from lsfs.versions import Rules
from tests.faults.child import holds, run_child
from tests.faults.disk import KILLED, Fault, FaultyIO
from tests.lsfs.store_rig import Rig, p

NEWCOMER = b"a new file that nobody asked to forget"
SECRET = random.Random(7).randbytes(3000)
STAYS = {"kept": b"the last text", "long": b"", "d/shared": b"a text of two files"}


def prepare(directory: Path) -> None:
    """Make files with versions, of which some go and some are forgotten."""
    r = Rig(directory / "root", directory / "state")
    lines = [f"line {n} {random.Random(n).getrandbits(40):x}" for n in range(4000)]
    for number in range(4):
        lines[number * 7] = f"edited {number}"
        r.save("long", "\n".join(lines))
        r.save("kept", f"text {number}" if number < 3 else STAYS["kept"])
    r.write("secret/a", SECRET)
    r.write("secret/b", STAYS["d/shared"])
    r.write("d/shared", STAYS["d/shared"])
    r.record()
    r.save("secret/a", SECRET + b"second")
    r.close()


def play(directory: Path, io: FaultyIO) -> None:
    """Collect, repack, forget; what has ended is noted in a file."""
    r = Rig(directory / "root", directory / "state", io=io)
    r.changes.recover()
    r.changes.gc(Rules(keep_last=2, undo_ns=0))
    r.changes.repack()
    (directory / "begun").touch()
    r.changes.forget([p("secret")])
    (directory / "ended").touch()
    r.close()


def check(directory: Path, *, newcomer: bool) -> None:
    """Open what a killed process left.

    Args:
        newcomer: a program has made a new file at a forgotten name by then, if that was free.
    """
    r = Rig(directory / "root", directory / "state")
    try:
        secret = r.root / "secret/a"
        newcomer = newcomer and not secret.exists()
        if newcomer:
            r.write("secret/a", NEWCOMER)
        r.changes.recover()
        r.record()
        for name, text in STAYS.items():
            newest = r.versions.history(p(name))[0]
            assert r.versions.read(newest) == (text or (r.root / name).read_bytes())
        for e in r.versions.list(recursive=True):
            for v in r.versions.history(e.path):
                assert v.digest is None or len(r.versions.read(v)) == v.size
                assert v.state in (State.STORED, State.DELETED)
        found = r.changes.check()
        assert found == [], found
        _is_done_or_not(r, directory, newcomer=newcomer)
        before = r.tree()
        r.changes.recover()
        assert r.tree() == before
    finally:
        r.close()


def _is_done_or_not(r: Rig, directory: Path, *, newcomer: bool) -> None:
    begun, ended = (directory / "begun").exists(), (directory / "ended").exists()
    there = (r.root / "secret/a").read_bytes() if (r.root / "secret/a").exists() else None
    new = [NEWCOMER] if newcomer else []
    assert there == (NEWCOMER if newcomer else SECRET + b"second") or (there is None and begun)
    assert newcomer or not (there and ended)
    if there is not None and r.texts("secret/a") != new:
        assert not ended
        assert r.texts("secret/a") == [SECRET, SECRET + b"second", *new]
        return
    _is_gone(r, directory)


def _is_gone(r: Rig, directory: Path) -> None:
    try:
        r.versions.history(p("secret/b"))
    except NotFound:
        pass
    else:
        raise AssertionError("the history is there and the file is not")
    left = [f for f in directory.rglob("*") if f.is_file() and SECRET[1000:1064] in f.read_bytes()]
    assert left == [], f"forgotten and still in {left}"


def main(directory: str, fault: str, *points: str) -> int:
    base = Path(directory) / "base"
    base.mkdir()
    prepare(base)
    plain = Path(directory) / "plain"
    shutil.copytree(base, plain)
    counter = FaultyIO()
    play(plain, counter)
    bad = 0
    for point in points or map(str, range(1, counter.count + 1)):
        bad += not _one(Path(directory), base, Fault(fault), int(point))
    print(f"{counter.count} points")
    return 1 if bad else 0


def _one(directory: Path, base: Path, fault: Fault, point: int) -> bool:
    root = directory / f"{fault}-{point}"
    shutil.copytree(base, root)
    status = run_child(lambda: play(root, FaultyIO(fault, point)))
    again = directory / f"{root.name}-newcomer"
    shutil.copytree(root, again)
    for left, newcomer in ((root, False), (again, True)):
        if not holds(f"{fault} at {point}", status, (KILLED, 0), functools.partial(check, left, newcomer=newcomer)):
            return False
        shutil.rmtree(left)
    return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
