"""The store against a dictionary: add, commit, read, sweep, forget, repack, crash, lose the catalogue, reopen, in any order."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lsfs.catalogue import Catalogue
from lsfs.packs import Content, Packs

SEAL_AT = 30_000
KEPT, GONE = 1, 2
SIZES = st.sampled_from([0, 1, 40, 900, 5000, 20_000, 70_000, 200_000])


def data_of(seed: int, size: int) -> bytes:
    """Return bytes of a size: noise for odd seeds, text with an edit of its own for even ones."""
    rng = random.Random(seed)
    if seed % 2:
        return rng.randbytes(size)
    text = bytearray(b"".join(b"%d words of a text " % i for i in range(size // 16 + 1))[:size])
    if size > 40:
        text[rng.randrange(size - 10) :][:8] = b"the edit"
        text[seed % (size - 10) : seed % (size - 10) + 8] = b"%08d" % seed
    return bytes(text[:size])


class StoreMachine(RuleBasedStateMachine):
    """The model: what was committed, what was added since, the records in order."""

    @initialize()
    def start(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.committed: dict[int, tuple[Content, bytes]] = {}
        self.added: dict[int, tuple[Content, bytes]] = {}
        self.records: list[tuple[int, bytes]] = []
        self.next = 0
        self.open()

    def open(self) -> None:
        self.catalogue = Catalogue(self.root / "catalogue.db")
        self.packs = Packs(self.root / "packs", self.catalogue, seal_at=SEAL_AT)

    def reopen(self, between: Callable[[], None] = lambda: None) -> None:
        self.packs.close()
        self.catalogue.close()
        between()
        self.added = {}
        self.open()

    @rule(seed=st.integers(0, 12), size=SIZES)
    def add(self, seed: int, size: int) -> None:
        data = data_of(seed, size)
        self.added[self.next] = (self.packs.add(data), data)
        self.next += 1

    @rule(seed=st.integers(0, 12), size=SIZES)
    def add_file(self, seed: int, size: int) -> None:
        path, data = self.root / "file", data_of(seed, size)
        path.write_bytes(data)
        fd = os.open(path, os.O_RDONLY)
        self.added[self.next] = (self.packs.add_file(fd, size_hint=size), data)
        os.close(fd)
        self.next += 1

    @rule()
    def commit(self) -> None:
        records = [(KEPT, n.to_bytes(4, "big") + content.encode()) for n, (content, _) in self.added.items()]
        self.packs.commit(records)
        self.records += records
        self.committed.update(self.added)
        self.added = {}

    @precondition(lambda self: len(self.committed) > 1)
    @rule(choice=st.randoms(use_true_random=False), forget=st.booleans(), share=st.floats(0.2, 1))
    def collect(self, choice: random.Random, forget: bool, share: float) -> None:
        gone = [n for n in self.committed if choice.random() < share]
        records = [(GONE, n.to_bytes(4, "big")) for n in gone]
        self.packs.commit(records)
        self.committed.update(self.added)  # the commit made the contents durable; the model keeps them without records
        self.records += records
        for n in gone:
            self.committed.pop(n)
        live = {id_ for content, _ in self.committed.values() for id_ in content.ids()}
        self.added = {}
        self.packs.sweep(live, now_ns=2**62, forget=forget)

    @precondition(lambda self: self.committed)
    @rule()
    def repack(self) -> None:
        chain = [content for _, (content, data) in sorted(self.committed.items()) if len(data) > 300]
        self.packs.repack([chain])

    @rule()
    def close_and_reopen(self) -> None:
        self.reopen()

    @rule()
    def lose_the_catalogue(self) -> None:
        def lose() -> None:
            for path in self.root.glob("catalogue.db*"):
                path.unlink()

        self.reopen(lose)
        assert self.packs.orphans == self.records
        self.packs.adopt()

    @rule(garbage=st.binary(min_size=1, max_size=200))
    def crash_with_a_torn_tail(self, garbage: bytes) -> None:
        def tear() -> None:
            newest = max((self.root / "packs").glob("*.pack"), default=None)
            if newest is not None:
                with newest.open("ab") as f:
                    f.write(garbage)

        self.reopen(tear)

    @invariant()
    def everything_is_there(self) -> None:
        if not hasattr(self, "packs"):
            return
        for content, data in [*self.committed.values(), *self.added.values()]:
            assert self.packs.read(content) == data
            assert Content.decode(content.encode()) == content
        assert list(self.packs.records()) == self.records

    def teardown(self) -> None:
        if hasattr(self, "packs"):
            assert self.packs.verify() == []
            self.packs.close()
            self.catalogue.close()
            shutil.rmtree(self.root)


StoreMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestStoreAgainstADictionary = StoreMachine.TestCase
