"""The mount against a plain directory: the same calls, at random, through two handles and two names, must end the same.

Every call is made in both places; its result (value or errno) and what can be seen afterwards must be equal. Run on a mount
with passthrough, on one without, and on the portable driver with each of its bindings.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.mount.rig import mounted

pytestmark = pytest.mark.fuse
_LIBC = ctypes.CDLL(None, use_errno=True)
NAMES = st.sampled_from(["a", "b", "d/a", "d/b"])
FOLDERS = st.sampled_from(["d", "e"])
SLOTS = st.sampled_from([0, 1])
FLAGS = st.sampled_from(
    [
        os.O_RDONLY,
        os.O_RDWR,
        os.O_WRONLY,
        os.O_RDWR | os.O_CREAT,
        os.O_RDWR | os.O_CREAT | os.O_EXCL,
        os.O_RDWR | os.O_CREAT | os.O_TRUNC,
        os.O_RDWR | os.O_APPEND | os.O_CREAT,
        os.O_RDONLY | os.O_TRUNC,
    ]
)
OFFSETS = st.sampled_from([0, 1, 100, 4095, 4096, 10_000, 70_000])
DATA = st.binary(min_size=1, max_size=40) | st.sampled_from([b"x" * 4096, b"y" * 5000, b"z" * 140_000])
_numbers = itertools.count()


def attempt(act: Callable[[], Any]) -> Any:
    """Return what a call gives, or its errno."""
    try:
        return act()
    except OSError as e:
        return ("errno", e.errno)


def of_handle(fd: int) -> tuple[int, int]:
    """Return what an open file tells of itself."""
    st = os.fstat(fd)
    return st.st_size, st.st_nlink


class Place:
    """One of the two places."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.handles: list[int | None] = [None, None]
        (top / "d").mkdir(parents=True)

    def path(self, name: str) -> str:
        return f"{self.top}/{name}"

    def open(self, slot: int, name: str, flags: int) -> bool:
        self.close(slot)
        self.handles[slot] = os.open(self.path(name), flags, 0o640)
        return True

    def close(self, slot: int) -> None:
        fd, self.handles[slot] = self.handles[slot], None
        if fd is not None:
            os.close(fd)

    def handle(self, slot: int) -> int:
        fd = self.handles[slot]
        if fd is None:
            raise OSError(errno.EBADF, "no open handle")
        return fd

    def map_write(self, slot: int, data: bytes) -> bytes:
        fd = self.handle(slot)
        size = os.fstat(fd).st_size
        if size == 0:
            return b""
        with mmap.mmap(fd, size) as m:
            part = data[:size]
            m[: len(part)] = part
            return bytes(m[: len(part)])

    def exchange(self, a: str, b: str, flags: int) -> int:
        failed = _LIBC.renameat2(-100, os.fsencode(self.path(a)), -100, os.fsencode(self.path(b)), flags)
        return ctypes.get_errno() if failed else 0

    def is_one_file(self, slot: int, other: int) -> bool:
        a, b = self.handles[slot], self.handles[other]
        return slot != other and a is not None and b is not None and os.path.samestat(os.fstat(a), os.fstat(b))

    def seen(self) -> Any:
        """Return everything that can be seen."""
        tree = {}
        for folder, names, files in os.walk(self.top):
            for name in names + files:
                path = os.path.join(folder, name)
                s = os.lstat(path)
                content = Path(path).read_bytes() if name in files else b""
                size = s.st_size if name in files else 0
                tree[os.path.relpath(path, self.top)] = (s.st_mode, s.st_nlink, size, content)
        return tree, [self.held(slot) for slot in (0, 1)]

    def held(self, slot: int) -> Any:
        """Return what the open file tells of itself, None where none is open."""
        fd = self.handles[slot]
        return None if fd is None else attempt(lambda: of_handle(fd))


class Machine(RuleBasedStateMachine):
    """Two places, the same calls."""

    mount: ClassVar[Path]
    with_flags: ClassVar[bool]  # else the portable driver: renames with flags are refused
    allocates: ClassVar[bool]  # else glibc writes zeros instead, which a handle for appending refuses
    disk: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        number = str(next(_numbers))
        self.places = [Place(self.mount / number), Place(self.disk / number)]

    def both(self, act: Callable[[Place], Any]) -> None:
        mine, disk = (attempt(lambda p=p: act(p)) for p in self.places)  # type: ignore[misc]
        assert mine == disk

    @rule(slot=SLOTS, name=NAMES, flags=FLAGS)
    def open(self, slot: int, name: str, flags: int) -> None:
        self.both(lambda p: p.open(slot, name, flags))

    @rule(slot=SLOTS)
    def close(self, slot: int) -> None:
        self.both(lambda p: p.close(slot))

    @rule(slot=SLOTS, offset=OFFSETS, data=DATA)
    def write(self, slot: int, offset: int, data: bytes) -> None:
        self.both(lambda p: os.pwrite(p.handle(slot), data, offset))

    @rule(slot=SLOTS, data=DATA)
    def write_on(self, slot: int, data: bytes) -> None:
        self.both(lambda p: os.write(p.handle(slot), data))

    @rule(slot=SLOTS, offset=OFFSETS, size=st.sampled_from([1, 4096, 200_000]))
    def read(self, slot: int, offset: int, size: int) -> None:
        self.both(lambda p: os.pread(p.handle(slot), size, offset))

    @rule(slot=SLOTS, data=DATA)
    def map_write(self, slot: int, data: bytes) -> None:
        mine, disk = (p.held(slot) for p in self.places)
        if mine == disk or not self._may_differ(mine, disk):  # mapping asks the handle for its size first
            self.both(lambda p: p.map_write(slot, data))

    @rule(slot=SLOTS, size=OFFSETS)
    def cut_handle(self, slot: int, size: int) -> None:
        self.both(lambda p: os.ftruncate(p.handle(slot), size))

    @rule(slot=SLOTS, offset=OFFSETS, length=OFFSETS)
    def allocate(self, slot: int, offset: int, length: int) -> None:
        if self.allocates:
            self.both(lambda p: os.posix_fallocate(p.handle(slot), offset, length))

    @rule(source=SLOTS, sink=SLOTS, at=OFFSETS, to=OFFSETS)
    def copy_range(self, source: int, sink: int, at: int, to: int) -> None:
        if not self.with_flags and abs(at - to) < 5000 and self.places[1].is_one_file(source, sink):
            return  # the kernel does not know that, and does not refuse it
        self.both(lambda p: os.copy_file_range(p.handle(source), p.handle(sink), 5000, at, to))

    @rule(name=NAMES, size=OFFSETS)
    def cut_name(self, name: str, size: int) -> None:
        self.both(lambda p: os.truncate(p.path(name), size))

    @rule(a=NAMES, b=NAMES)
    def rename(self, a: str, b: str) -> None:
        self.both(lambda p: os.rename(p.path(a), p.path(b)))

    @rule(a=NAMES | FOLDERS, b=NAMES | FOLDERS, flags=st.sampled_from([1, 2]))
    def rename_specially(self, a: str, b: str, flags: int) -> None:
        if self.with_flags or a == b:
            self.both(lambda p: p.exchange(a, b, flags))
        else:
            assert self.places[0].exchange(a, b, flags) != 0  # the portable driver refuses them, and nothing has happened

    @rule(a=FOLDERS, b=FOLDERS)
    def rename_folder(self, a: str, b: str) -> None:
        self.both(lambda p: os.rename(p.path(a), p.path(b)))

    @rule(a=NAMES, b=NAMES)
    def link(self, a: str, b: str) -> None:
        self.both(lambda p: os.link(p.path(a), p.path(b)))

    @rule(name=NAMES)
    def unlink(self, name: str) -> None:
        self.both(lambda p: os.unlink(p.path(name)))

    @rule(name=FOLDERS)
    def make_folder(self, name: str) -> None:
        self.both(lambda p: os.mkdir(p.path(name)))

    @rule(name=FOLDERS)
    def remove_folder(self, name: str) -> None:
        self.both(lambda p: os.rmdir(p.path(name)))

    @rule(name=NAMES, mode=st.sampled_from([0o600, 0o644, 0o777, 0o4755]))
    def change_mode(self, name: str, mode: int) -> None:
        self.both(lambda p: os.chmod(p.path(name), mode))

    @rule(name=NAMES, value=st.sampled_from([b"", b"v", b"w" * 200]))
    def set_attribute(self, name: str, value: bytes) -> None:
        self.both(lambda p: os.setxattr(p.path(name), "user.k", value))
        self.both(lambda p: os.getxattr(p.path(name), "user.k"))

    @rule(slot=SLOTS)
    def sync(self, slot: int) -> None:
        self.both(lambda p: os.fsync(p.handle(slot)))

    @invariant()
    def the_same_is_seen(self) -> None:
        (tree, held), (disk_tree, disk_held) = (p.seen() for p in self.places)
        assert tree == disk_tree
        assert all(mine == on_disk or self._may_differ(mine, on_disk) for mine, on_disk in zip(held, disk_held, strict=True))

    def _may_differ(self, mine: Any, disk: Any) -> bool:
        """Tell whether a handle may answer so: libfuse cannot tell of a file that went with its folder."""
        return not self.with_flags and disk[1] == 0 and mine in (("errno", errno.ENOENT), ("errno", errno.ESTALE))

    def teardown(self) -> None:
        for place in self.places:
            for slot in (0, 1):
                place.close(slot)


OPTIONS = {
    "passthrough": (),
    "ordinary": ("--no-passthrough",),
    "mfusepy": ("--driver", "mfusepy"),
    "fusepy": ("--driver", "fusepy"),
}


@pytest.fixture(scope="module", params=OPTIONS)
def machine(request: pytest.FixtureRequest) -> Iterator[type[Machine]]:
    """A machine on a mount of its own."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lsfs-machine-")))
        rig = stack.enter_context(mounted(scratch / "m", *OPTIONS[request.param]))
        (scratch / "disk").mkdir()
        options = {"with_flags": "fuse" not in request.param, "allocates": request.param != "fusepy"}
        yield type("Bound", (Machine,), {"mount": rig.point, "disk": scratch / "disk", **options})


def _run(machine: type[Machine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_the_mount_does_what_the_disk_does(machine: type[Machine]) -> None:
    _run(machine, 60 if machine.with_flags else 10, 40)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_mount_does_what_the_disk_does_for_long(machine: type[Machine]) -> None:
    _run(machine, 500, 60)
