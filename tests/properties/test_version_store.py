"""The version store against a plain model: random lives of a small tree, with crashes, undo, rollback and collection.

The model of the tree is the disk itself, read with plain Python (`Rig.tree`); the model of the past is a list of such trees,
each with its time. What is checked: the live tree of the tables is the disk's, every past tree reads back byte for byte, a
rollback brings it back, an undo restores what was before, `check` finds nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from lsfs.capture import Dirty
from lsfs.changes import Goal
from lsfs.errors import Conflict, LsfsError, NotFound
from lsfs.model import Kind
from lsfs.versions import Rules
from tests.lsfs.store_rig import Rig, p

NAMES = st.sampled_from(["a", "b", "a~", "d/a", "d/b", "d/e/c", "f/a"])
FOLDERS = st.sampled_from(["d", "d/e", "f", "g"])
TEXTS = st.binary(max_size=12) | st.binary(min_size=1, max_size=3).map(lambda b: b * 40_000)
Tree = dict[str, bytes | None]


class VersionStore(RuleBasedStateMachine):
    """A life of a tree."""

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="lsfs-machine-"))
        self.r = Rig(self.directory / "root", self.directory / "state")
        self.past: list[tuple[int, Tree]] = []
        self.undoable: list[tuple[Tree, Tree]] = []
        self.snapshots: dict[str, Tree] = {}
        self.remember()

    def teardown(self) -> None:
        if not hasattr(self, "directory"):
            return
        try:
            for at_ns, tree in self.past:
                assert self.tree_at(at_ns) == tree
            assert self.r.changes.check() == []
        finally:
            self.r.close()
            shutil.rmtree(self.directory)

    # What users and their programs do

    @rule(name=NAMES, text=TEXTS)
    def write(self, name: str, text: bytes) -> None:
        target = self.r.root / name
        if target.is_dir() or any(x.is_file() for x in target.parents if x != self.r.root):
            return
        self.r.write(name, text)

    @rule(name=NAMES, text=TEXTS)
    def save_atomically(self, name: str, text: bytes) -> None:
        if (self.r.root / name).is_file():
            self.r.write("tmp", text)
            os.rename(self.r.root / "tmp", self.r.root / name)

    @rule(name=NAMES, size=st.integers(0, 20))
    def truncate(self, name: str, size: int) -> None:
        if (self.r.root / name).is_file():
            os.truncate(self.r.root / name, size)

    @rule(old=NAMES | FOLDERS, new=NAMES | FOLDERS)
    def rename(self, old: str, new: str) -> None:
        self._try(lambda: os.rename(self.r.root / old, self.r.root / new))

    @rule(old=NAMES, new=NAMES)
    def link(self, old: str, new: str) -> None:
        self._try(lambda: os.link(self.r.root / old, self.r.root / new))

    @rule(name=NAMES)
    def unlink(self, name: str) -> None:
        self._try(lambda: os.unlink(self.r.root / name))

    @rule(name=FOLDERS)
    def remove_folder(self, name: str) -> None:
        shutil.rmtree(self.r.root / name, ignore_errors=True)

    @rule(name=NAMES, mode=st.sampled_from([0o600, 0o644]))
    def change_mode(self, name: str, mode: int) -> None:
        self._try(lambda: os.chmod(self.r.root / name, mode))

    def _try(self, change: object) -> None:
        try:
            change()  # type: ignore[operator]
        except OSError:
            return

    # What the engine does

    @rule(names=st.lists(NAMES | FOLDERS, max_size=3))
    def record_some(self, names: list[str]) -> None:
        for name in names:
            self.r.record(name)

    @rule()
    def remember(self) -> None:
        self.r.record()
        self.past.append((self.r.catalogue.tick(), self.r.tree()))

    @rule(name=st.sampled_from(["one", "two"]))
    def snapshot(self, name: str) -> None:
        if name not in self.snapshots:
            self.remember()
            self.r.changes.snapshot(name, actor="user")
            self.snapshots[name] = self.past[-1][1]

    @rule(name=NAMES, text=TEXTS, gone=NAMES | FOLDERS, fail=st.booleans())
    def transaction(self, name: str, text: bytes, gone: str, fail: bool) -> None:
        before = self.r.tree()
        try:
            with self.r.changes.begin(actor="user") as tx:
                if gone in before:
                    tx.delete(p(gone))
                tx.write(p(name), text)
                if fail:
                    raise NotFound("on purpose")
        except LsfsError:
            assert self.r.tree() == before
            return
        assert self.r.tree()[name] == text
        self.undoable.append((before, self.r.tree()))

    @rule(old=NAMES | FOLDERS, new=NAMES | FOLDERS)
    def move(self, old: str, new: str) -> None:
        before = self.r.tree()
        try:
            with self.r.changes.begin(actor="user") as tx:
                tx.move(p(old), p(new))
        except LsfsError:
            assert self.r.tree() == before
            return
        self.undoable.append((before, self.r.tree()))

    @precondition(lambda self: self.undoable)
    @rule()
    def undo(self) -> None:
        before, after = self.undoable.pop()
        now = self.r.tree()
        try:
            self.r.changes.undo()
        except Conflict:  # something has changed since, be it a mode
            assert self.r.tree() == now
            self.r.changes.undo(on_conflict="force")
            return
        if now == after:
            assert self.r.tree() == before

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def roll_back_the_tree(self, data: st.DataObject) -> None:
        at_ns, tree = data.draw(st.sampled_from(self.past))
        before = self.r.tree()
        self.r.changes.rollback([p("")], Goal(time_ns=at_ns), actor="user")
        assert self.r.tree() == tree
        if before != tree:
            self.undoable.append((before, tree))

    @rule(name=NAMES)
    def roll_back_one_step(self, name: str) -> None:
        self.remember()
        before = self.r.tree()
        try:
            version = self.r.versions.steps_back(p(name), 1)
        except NotFound:
            return
        text = self.r.versions.read(version) if version.kind == Kind.FILE else None
        try:
            self.r.changes.rollback([p(name)], Goal(steps=1), actor="user")
        except LsfsError:
            assert self.r.tree() == before
            return
        if text is not None and name in self.r.tree():
            assert self.r.tree()[name] == text
        if self.r.tree() != before:
            self.undoable.append((before, self.r.tree()))

    @rule()
    def collect(self) -> None:
        self.r.changes.gc(Rules())

    @rule(cut_off=st.booleans(), name=NAMES, text=TEXTS)
    def crash_and_open_again(self, cut_off: bool, name: str, text: bytes) -> None:
        before = self.r.tree()
        if cut_off:
            try:
                self.r.changes.begin(actor="user").write(p(name), text)
            except LsfsError:
                assert self.r.tree() == before
        self.r.packs.close()  # the catalogue is left as a killed process leaves it
        self.r = Rig(self.directory / "root", self.directory / "state")
        self.r.changes.recover()
        assert self.r.tree() == before

    @rule()
    def a_second_look_at_everything_finds_nothing(self) -> None:
        self.r.record(Dirty(p(""), subtree=True))
        live = {os.fsdecode(e.path) for e in self.r.versions.list(recursive=True)}
        assert live == set(self.r.tree())
        assert [c for c in self.r.record() if c.kind != "modified"] == []

    def tree_at(self, at_ns: int) -> Tree:
        out: Tree = {}
        for e in self.r.versions.list(at_ns=at_ns, recursive=True):
            version = self.r.versions.version_by_id(e.version)
            out[os.fsdecode(e.path)] = None if e.kind == Kind.DIRECTORY else self.r.versions.read(version)
        return out


QUICK = settings(
    max_examples=12,
    stateful_step_count=18,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    database=None,
)
TestVersionStore = VersionStore.TestCase
TestVersionStore.settings = QUICK


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_long_random_lives_of_a_tree() -> None:
    run_state_machine_as_test(
        VersionStore,
        settings=settings(QUICK, max_examples=150, stateful_step_count=40, derandomize=False),
    )
