"""The past, as people ask for it: a root whose history was made over months, seen by the command line and on the mount.

The history is made by an engine whose clock the test sets; then a real engine process serves it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lsfs.config import Config
from lsfs.engine.engine import Engine
from lsfs.engine.home import make_home
from lsfs.errors import LsfsError
from lsfs_syscalls import times
from lsfs_syscalls.daemon.main import make_embedder
from lsfs_syscalls.lifecycle import down
from tests.syscalls.endtoend.conftest import Served
from tests.syscalls.endtoend.mounted import Mounted, contents, mounted_at

pytestmark = pytest.mark.fuse

NOW = datetime.now().astimezone()


def begin_of(words: str) -> datetime:
    """Return the beginning of what people mean by these words."""
    span = times.resolve(words, NOW)
    assert span is not None
    assert span.since is not None
    return span.since


IN_SPRING = begin_of("last spring") + timedelta(days=40)
ON_MONDAY = begin_of("last monday") + timedelta(hours=9)
YESTERDAY = (NOW - timedelta(days=1)).replace(hour=12, minute=0)


@dataclass
class Clock:
    """A clock that goes on from where it was set, by a microsecond at each look."""

    at_ns: int = 0
    began: datetime = field(default=NOW)

    def __call__(self) -> int:
        self.at_ns += 1000
        return self.at_ns

    def set(self, moment: datetime) -> None:
        self.at_ns = int(moment.timestamp() * 1e9)


def lived(root: Path, environ: dict[str, str], days: list[tuple[datetime, Callable[[Path], None]]]) -> None:
    """Let a root have a history: at each moment something is done with its files."""
    clock = Clock()
    clock.set(days[0][0] - timedelta(days=1))
    config = Config()
    engine = Engine(make_home(root, None, environ), config, make_embedder(config), clock_ns=clock)
    engine.start()
    try:
        for moment, do in days:
            clock.set(moment)
            do(root)
            assert engine.settle(60.0, vectors=False)
    finally:
        engine.stop(unmount=True)


def spring(root: Path) -> None:
    (root / "trips").mkdir()
    (root / "trips/plan.md").write_text("We open the Berlin office in May.\n")
    (root / "trips/contacts.md").write_text("Ask at the Berlin office.\n")
    (root / "trips/menu.md").write_text("Soup and bread.\n")
    (root / "old.md").write_text("The Berlin office is on the fifth floor.\n")


def monday(root: Path) -> None:
    (root / "trips/plan.md").write_text("We open the Lisbon office in May.\n")
    (root / "trips/menu.md").write_text("Soup, bread and cheese.\n")


def yesterday(root: Path) -> None:
    (root / "trips/contacts.md").write_text("Ask at the Berlin office, or in Lisbon.\n")
    (root / "old.md").unlink()
    (root / "trips").rename(root / "travel")


def today(root: Path) -> None:
    (root / "travel/menu.md").write_text("Nothing but soup.\n")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    base = tmp_path_factory.mktemp("past")
    for name in ("root", "mount"):
        (base / name).mkdir()
    environ = {"XDG_CONFIG_HOME": str(base / "config")}
    lived(base / "root", environ, [(IN_SPRING, spring), (ON_MONDAY, monday), (YESTERDAY, yesterday), (NOW, today)])
    one = mounted_at(base, base / "mount", base / "root")
    one.served.settle()
    yield one
    with suppress(LsfsError):
        down(one.served.client)
    subprocess.run(["umount", "-l", str(one.mount)], capture_output=True, check=False)


def listed(served: Served, at: str) -> list[str]:
    return [f["path"] for f in served.json("ls", "--recursive", "--at", at)["files"] if f["kind"] == "file"]


THEN = {
    "last spring": ["old.md", "trips/contacts.md", "trips/menu.md", "trips/plan.md"],
    "last monday": ["old.md", "trips/contacts.md", "trips/menu.md", "trips/plan.md"],
    "yesterday": ["travel/contacts.md", "travel/menu.md", "travel/plan.md"],
}


@pytest.mark.parametrize("at", [*THEN, "ISO"])
def test_the_tree_is_listed_as_it_was(past: Mounted, at: str) -> None:
    written = (ON_MONDAY + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M") if at == "ISO" else at
    assert listed(past.served, written) == THEN["last monday" if at == "ISO" else at]


@pytest.mark.parametrize(
    ("path", "at", "text"),
    [
        ("trips/plan.md", "last spring", "Berlin"),
        ("trips/plan.md", "last monday", "Lisbon"),
        ("travel/plan.md", "yesterday", "Lisbon"),
        ("travel/menu.md", "yesterday", "Soup, bread and cheese."),
        ("old.md", (YESTERDAY - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S"), "fifth floor"),
    ],
    ids=["spring", "monday", "yesterday", "menu", "iso"],  # not the time itself, which differs between test processes
)
def test_a_file_is_read_as_it_was(past: Mounted, path: str, at: str, text: str) -> None:
    done = past.served.lsfs("read", path, "--at", at)
    assert done.returncode == 0, done.stderr
    assert text in done.stdout


def test_what_was_not_there_at_a_time_is_not_found(past: Mounted) -> None:
    assert past.served.lsfs("read", "travel/plan.md", "--at", "last monday").returncode != 0
    assert past.served.lsfs("read", "old.md", "--at", "yesterday").returncode != 0
    assert past.served.json("ls", "--at", IN_SPRING.replace(year=IN_SPRING.year - 1).isoformat())["files"] == []


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("last spring", ["old.md", "trips/contacts.md", "trips/plan.md"]),
        ("last monday", ["old.md", "trips/contacts.md"]),
        ("yesterday", ["travel/contacts.md"]),
    ],
)
def test_a_search_at_a_time_finds_what_the_files_said_then(past: Mounted, at: str, found: list[str]) -> None:
    hits = past.served.json("retrieve", "--keywords", "Berlin", "--at", at, "-k", "0")["files"]
    assert sorted(h["path"] for h in hits) == found


def test_which_files_mentioned_the_berlin_office_last_spring_and_no_longer_do(past: Mounted) -> None:
    then = {"keywords": ["Berlin office"], "at": "last spring", "k": 0}
    steps = [
        {"syscall": "retrieve", "args": then},
        {"syscall": "retrieve", "args": {"keywords": ["Berlin office"], "k": 0}},
        {"syscall": "retrieve", "args": then | {"except_files": ["$2"]}},
    ]
    answers = past.served.client.plan({"prompt": "", "steps": steps}, consent=False)
    assert sorted(f["path"] for f in answers[-1]["files"]) == ["old.md", "trips/plan.md"]
    now = [f["path"] for f in past.served.json("retrieve", "--keywords", "Berlin office", "-k", "0")["files"]]
    left = past.served.json("retrieve", "--keywords", "Berlin office", "--at", "last spring", "-k", "0", "--except-files", *now)
    assert sorted(f["path"] for f in left["files"]) == ["old.md", "trips/plan.md"]


def test_the_mount_shows_the_tree_at_any_time(past: Mounted) -> None:
    at = past.mount / ".lsfs/at"
    assert sorted(os.listdir(at / "last monday")) == ["old.md", "trips"]
    assert (at / "last spring/trips/plan.md").read_text() == "We open the Berlin office in May.\n"
    assert (at / "yesterday/travel/menu.md").read_text() == "Soup, bread and cheese.\n"
    assert (
        at / (ON_MONDAY - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S") / "trips/menu.md"
    ).read_text() == "Soup and bread.\n"
    assert past.sh("diff -r '.lsfs/at/last spring/trips' .lsfs/at/yesterday/travel").stdout.count("diff -r") == 3
    with pytest.raises(OSError, match="Read-only"):
        (at / "yesterday/travel/menu.md").write_text("no")
    with pytest.raises(FileNotFoundError):
        os.listdir(at / "no time at all")


def test_the_mount_shows_every_version_under_every_name(past: Mounted) -> None:
    history = past.mount / ".lsfs/history"
    versions = sorted(os.listdir(history / "travel/menu.md"))
    assert [(history / "travel/menu.md" / v).read_text() for v in versions] == [
        "Soup and bread.\n", "Soup, bread and cheese.\n", "Nothing but soup.\n"
    ]  # fmt: skip
    assert versions[0] == f"0001 {IN_SPRING:%Y-%m-%dT%H:%M:%S}"
    (gone,) = os.listdir(history / "old.md")
    assert "fifth floor" in (history / "old.md" / gone).read_text()
    assert "plan.md" in os.listdir(history / "trips"), "a name that was given up is there still"


# Undo and rollback of what programs did, through the mount and the command line


SCRIPT = """
set -e
echo 'print(2)' > src/edited.py
sed -i s/one/two/ src/sed.txt
rm src/gone.txt
rm -r src/deep
mv src/old-name.txt src/new-name.txt
mkdir src/made
echo fresh > src/made/fresh.txt
chmod 755 src/run.sh
touch -d '2001-01-01' src/dated.txt
ln -s edited.py src/link
echo other > elsewhere.txt
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Mounted]:
    """A mounted root with a small project, recorded."""
    for name in ("root/src/deep/down", "mount"):
        (tmp_path / name).mkdir(parents=True)
    root = tmp_path / "root"
    texts = {"edited.py": "print(1)", "sed.txt": "one\n", "gone.txt": "gone", "old-name.txt": "moved", "run.sh": "#!/bin/sh"}
    for name, text in (texts | {"dated.txt": "dated", "deep/down/below.txt": "below", "untouched.txt": "untouched"}).items():
        (root / "src" / name).write_text(text)
    (root / "src/run.sh").chmod(0o644)
    (root / "elsewhere.txt").write_text("elsewhere")
    one = mounted_at(tmp_path, tmp_path / "mount", root)
    one.served.settle()
    yield one
    with suppress(LsfsError):
        down(one.served.client)
    subprocess.run(["umount", "-l", str(one.mount)], capture_output=True, check=False)


def tree(top: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time of modification and content of everything below a folder."""
    out = {}
    for path in top.rglob("*"):
        st = path.lstat()
        data = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        out[str(path.relative_to(top))] = (st.st_mode, 0 if path.is_dir() else st.st_mtime_ns, data)
    return out


def a_moment(served: Served) -> str:
    """Return the present moment as it is written, later than all that was recorded."""
    served.settle()
    return datetime.now().astimezone().isoformat()


def test_undo_since_a_time_under_a_folder_puts_back_what_a_shell_script_did(work: Mounted) -> None:
    before = tree(work.mount / "src")
    since = a_moment(work.served)
    assert work.sh(SCRIPT).returncode == 0
    work.served.settle()
    after = tree(work.mount / "src")
    assert after != before
    refused = work.served.lsfs("undo", "--since", since, "--under", "src")
    assert refused.returncode == 2, "without consent nothing happens"
    assert tree(work.mount / "src") == after
    done = work.served.lsfs("undo", "--since", since, "--under", "src", "--yes")
    assert done.returncode == 0, done.stderr
    assert tree(work.mount / "src") == before
    assert (work.mount / "elsewhere.txt").read_text() == "other\n", "what is not under the folder stays"
    assert "src/edited.py" in refused.stderr
    assert "elsewhere" not in refused.stderr, "what is shown is what will be done"
    undone = work.served.json("log")["transactions"][0]["transaction"]
    assert work.served.lsfs("undo", str(undone), "--yes").returncode == 0
    assert tree(work.mount / "src") == after, "undoing an undo works"


def test_a_snapshot_is_gone_back_to_by_its_name(work: Mounted) -> None:
    assert work.served.lsfs("snapshot", "before-cleanup", "--yes").returncode == 0
    before = tree(work.mount)
    assert work.sh(SCRIPT).returncode == 0
    work.served.settle()
    done = work.served.lsfs("rollback", "--snapshot", "before-cleanup", "--yes")
    assert done.returncode == 0, done.stderr
    assert tree(work.mount) == before
    assert sorted(os.listdir(work.mount / ".lsfs/history/src/made")) == ["fresh.txt"], "the replaced state stays"
    wrong = work.served.lsfs("rollback", "--snapshot", "no-such", "--yes")
    assert wrong.returncode != 0
    assert "before-cleanup" in wrong.stderr, "it says which there are"


def test_a_folder_is_rolled_back_to_a_time_as_people_write_it(work: Mounted) -> None:
    before = tree(work.mount / "src")
    moment = a_moment(work.served)
    assert work.sh(SCRIPT).returncode == 0
    work.served.settle()
    done = work.served.lsfs("rollback", "src", "--time", moment, "--yes")
    assert done.returncode == 0, done.stderr
    assert tree(work.mount / "src") == before
    assert (work.mount / "elsewhere.txt").read_text() == "other\n"


# Failures of the published systems, which take the whole program to show


def test_fault_3_thirty_fast_writes_are_thirty_versions_in_their_order(work: Mounted) -> None:
    for n in range(30):
        for name in ("fast.txt", "too.txt"):
            (work.mount / name).write_text(f"fast {n}")
    work.served.settle()
    for name in ("fast.txt", "too.txt"):
        assert contents(work, name) == [f"fast {n}" for n in range(30)]
    assert work.served.client.status()["missed"] == []


def test_fault_6_edits_made_while_nothing_ran_are_versions_and_found_whatever_files_there_are(work: Mounted) -> None:
    (work.mount / "own.bin").write_bytes(bytes(100))
    work.served.settle()
    down(work.served.client)
    (work.served.root / "src/untouched.txt").write_text("edited offline, axolotl")
    (work.served.root / "src/gone.txt").unlink()
    work.served.settle()
    assert contents(work, "src/untouched.txt") == ["untouched", "edited offline, axolotl"]
    assert [f["path"] for f in work.served.json("retrieve", "--keywords", "axolotl")["files"]] == ["src/untouched.txt"]
    assert work.served.call("history", path="src/gone.txt")["versions"][0]["deleted"]


@pytest.mark.parametrize("zone", ["", "Z", "+02:00"])
def test_fault_11_a_time_in_any_zone_is_that_instant(past: Mounted, zone: str) -> None:
    moment = ON_MONDAY - timedelta(hours=1)
    shown = {"": moment, "Z": moment.astimezone(UTC), "+02:00": moment.astimezone(timezone(timedelta(hours=2)))}[zone]
    done = past.served.lsfs("read", "trips/plan.md", "--at", f"{shown:%Y-%m-%dT%H:%M:%S}{zone}")
    assert "Berlin" in done.stdout, done.stderr
    after = shown + timedelta(hours=2)
    assert "Lisbon" in past.served.lsfs("read", "trips/plan.md", "--at", f"{after:%Y-%m-%dT%H:%M:%S}{zone}").stdout
