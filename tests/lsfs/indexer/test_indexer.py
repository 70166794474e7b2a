"""The indexer on real changes: nothing is done twice, nothing is left, nothing bad stops it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from lsfs.embed.embedder import Vectors
from lsfs.errors import NotFound
from lsfs.index.query import Query
from lsfs.indexer.opening import Index, IndexSettings, open_index
from lsfs.model import Fid, RelPath, Version
from lsfs.text.extract import Limits
from lsfs.versions import Versions
from tests.lsfs.index_rig import EMBEDDER, QUIET, WAIT_S, IndexRig, index_rig
from tests.lsfs.store_rig import p, rig


class CountingEmbedder:
    """The real embedder, telling which texts it was given; `gate` holds it back."""

    model_id = EMBEDDER.model_id
    dimension = EMBEDDER.dimension

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def embed(self, texts: Sequence[str]) -> Vectors:
        assert self.gate.wait(WAIT_S)
        self.texts += texts
        return EMBEDDER.embed(texts)


def fid(r: IndexRig, name: str) -> Fid:
    entry = r.store.versions.live(p(name))
    assert entry is not None
    return entry.fid


def paragraphs(count: int) -> str:
    return "\n\n".join(
        f"{n}. " + f"Paragraph {n * 7919} speaks of {n * 31} things and of no others. " * 6 for n in range(count)
    )


def test_a_file_is_found_by_words_before_its_vectors_are_made(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    embedder.gate.clear()
    with index_rig(tmp_path, embedder=embedder) as r:
        r.store.save("a.txt", "purple elephants dance")
        assert r.index.indexer.settle(WAIT_S, vectors=False)
        assert r.paths("elephants", mode="keyword") == ["a.txt"]
        assert r.index.indexer.progress().vectors_pending == 1
        embedder.gate.set()
        r.settle()
        assert r.index.indexer.progress().vectors_pending == 0


def test_an_edit_embeds_only_what_changed(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    with index_rig(tmp_path, embedder=embedder) as r:
        r.save("a.txt", paragraphs(60))
        before = len(embedder.texts)
        r.save("a.txt", paragraphs(60).replace("30. ", "30. Something that was not there before. "))
        assert before > 15
        assert 1 <= len(embedder.texts) - before <= 5


def test_a_move_a_copy_and_a_restored_content_embed_nothing(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    with index_rig(tmp_path, embedder=embedder) as r:
        r.save("a.txt", "one text\n")
        r.save("b.txt", "one text\n")
        (r.store.root / "a.txt").rename(r.store.root / "c.txt")
        r.store.record()
        r.settle()
        r.save("c.txt", "another text\n")
        r.save("c.txt", "one text\n")
        assert sorted(embedder.texts) == ["another text", "one text"]
        assert set(r.paths("one text", mode="keyword")) == {"b.txt", "c.txt"}


def test_a_move_reads_nothing_again(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        r.save("a.txt", "one text")
        before = r.store.catalogue.read().execute("SELECT did FROM doc").fetchall()
        (r.store.root / "a.txt").rename(r.store.root / "z.txt")
        r.store.record("a.txt", "z.txt")
        r.settle()
        assert r.store.catalogue.read().execute("SELECT did FROM doc").fetchall() == before
        assert r.paths("z", mode="keyword") == ["z.txt"]


def test_a_moved_folder_takes_its_files_along(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        for n in range(5):
            r.store.write(f"old/{n}.txt", f"number {n}")
        r.store.record()
        (r.store.root / "old").rename(r.store.root / "new")
        r.store.record()
        r.settle()
        assert sorted(r.paths(under=RelPath(b"new"))) == [f"new/{n}.txt" for n in range(5)]
        assert r.paths(under=RelPath(b"old")) == []


def test_changes_while_it_was_down_are_found_at_the_start(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        r.store.write("gone.txt", "first gone")
        r.store.write("moved.txt", "second moved")
        r.store.write("edited.txt", "third edited")
        r.store.record()
        r.settle()
    with rig(tmp_path) as store:
        (store.root / "gone.txt").unlink()
        (store.root / "moved.txt").rename(store.root / "there.txt")
        store.write("edited.txt", "rewritten altogether")
        store.write("new.txt", "fourth new")
        store.record()
    with index_rig(tmp_path) as r:
        r.settle()
        assert sorted(r.paths()) == ["edited.txt", "new.txt", "there.txt"]
        assert r.paths("rewritten", mode="keyword") == ["edited.txt"]
        assert r.paths("third", mode="keyword") == []
        assert r.paths("second", mode="keyword") == ["there.txt"]


def test_what_was_stopped_in_the_middle_goes_on(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    embedder.gate.clear()
    with index_rig(tmp_path, embedder=embedder) as r:
        r.store.save("a.txt", "words are there")
        assert r.index.indexer.settle(WAIT_S, vectors=False)
        threading.Timer(0.05, embedder.gate.set).start()
    with index_rig(tmp_path) as r:
        r.settle()
        assert r.index.texts.vectors(fid(r, "a.txt")).shape == (1, 384)


def test_another_model_makes_its_own_vectors(tmp_path: Path) -> None:
    class Other(CountingEmbedder):
        model_id = "another"

    with index_rig(tmp_path) as r:
        r.save("a.txt", "some text")
    other = Other()
    with index_rig(tmp_path, embedder=other) as r:
        r.settle()
        assert other.texts == ["some text"]
        assert r.paths("some text", mode="semantic") == ["a.txt"]


def test_files_that_the_rules_keep_out_are_not_found_until_they_do_not(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        r.rules[b"secret.txt"] = "ignored by .gitignore"
        r.save("secret.txt", "hidden treasure")
        assert r.paths("treasure", mode="keyword") == []
        assert r.index.indexer.progress().skipped == []
        assert r.index.indexer.progress().pending == 0
        r.rules.clear()
        r.index.indexer.recheck()
        r.settle()
        assert r.paths("treasure", mode="keyword") == ["secret.txt"]
        r.rules[b"secret.txt"] = "ignored by .gitignore"
        r.index.indexer.recheck()
        r.settle()
        assert r.paths("treasure", mode="keyword") == []


def test_a_changed_ignore_file_has_the_rules_looked_at_again(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        r.save("draft.txt", "hidden treasure")
        r.rules[b"draft.txt"] = "ignored by .gitignore"
        r.save(".gitignore", "draft.txt\n")
        assert r.paths("treasure", mode="keyword") == []


def test_files_that_cannot_be_read_are_named_and_the_others_are_found(tmp_path: Path) -> None:
    settings = IndexSettings(chroma=False, limits=Limits(text=1000))
    with index_rig(tmp_path, settings=settings) as r:
        r.store.write("broken.pdf", b"%PDF-1.4 nothing behind it")
        r.store.write("large.txt", "word " * 500)
        r.store.write("fine.txt", "a fine text")
        r.store.record()
        r.settle()
        skipped = dict(r.index.indexer.progress().skipped)
        assert set(skipped) == {b"broken.pdf", b"large.txt"}
        assert "larger than the limit" in skipped[RelPath(b"large.txt")]
        assert r.paths("fine text")[0] == "fine.txt"
        assert r.paths(name="large*") == ["large.txt"]


@pytest.mark.parametrize("hostile", [b"caf\xe9.txt", b"two\nlines.txt", b"-rf.txt", b"%s'\".txt"])
def test_hostile_names_are_indexed(tmp_path: Path, hostile: bytes) -> None:
    with index_rig(tmp_path) as r:
        with open(os.path.join(os.fsencode(r.store.root), hostile), "wb") as file:
            file.write(b"hostile content")
        r.store.record()
        r.settle()
        (hit,) = r.search("hostile content", mode="keyword").hits
        assert hit.path == hostile


def test_a_hard_link_is_one_file_with_both_names(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        r.save("a.txt", "one text")
        os.link(r.store.root / "a.txt", r.store.root / "b.txt")
        r.store.record()
        r.settle()
        assert len(r.paths("one text", mode="keyword")) == 1
        assert r.paths(name="b.txt") == ["b.txt"] or r.paths(under=RelPath(b"b.txt")) != []


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("treasure outside")
    with index_rig(tmp_path) as r:
        (r.store.root / "link.txt").symlink_to(tmp_path / "outside.txt")
        r.store.record()
        r.settle()
        assert r.paths("treasure", mode="keyword") == []


def test_forgetting_leaves_no_trace_of_a_text(tmp_path: Path) -> None:
    with index_rig(tmp_path, settings=IndexSettings()) as r:
        r.save("secret.txt", "the launch code is swordfish")
        r.save("other.txt", "nothing special")
        secret = fid(r, "secret.txt")
        r.save("secret.txt", "nothing here")
        assert r.paths("swordfish", at_ns=r.store.versions.history(p("secret.txt"))[1].at_ns, mode="keyword") == ["secret.txt"]
        (r.store.root / "secret.txt").unlink()
        r.store.record()
        r.settle()
        r.index.indexer.forget(secret)
        r.settle()
        assert r.paths("swordfish", mode="keyword") == []
        con = r.store.catalogue.read()
        assert con.execute("SELECT count(*) FROM vector").fetchone() == (1,)
        assert con.execute("SELECT count(*) FROM body").fetchone() == (1,)
    catalogue = (tmp_path / "state/catalogue.db").read_bytes()
    assert b"swordfish" not in catalogue


def test_facts_of_a_file_are_there_for_other_calls(tmp_path: Path) -> None:
    with index_rig(tmp_path) as r:
        r.save("a.md", "---\nauthor: Ann Bee\n---\n# Title\n\n" + paragraphs(8))
        r.save("b.md", "---\nauthor: [ann bee, Carl Dee]\n---\n# Other\n")
        a, b = fid(r, "a.md"), fid(r, "b.md")
        assert r.index.attributes.get(a)["author"] == ["Ann Bee"]
        assert r.index.attributes.values("author") == {"Ann Bee": 2, "Carl Dee": 1}
        assert r.index.attributes.values("author", [a]) == {"Ann Bee": 1}
        assert r.index.attributes.fields()["title"] == 2
        passages = r.index.texts.passages(a)
        assert len(passages) == len(r.index.texts.vectors(a)) > 1
        assert passages[0].text.startswith("---")
        files, means = r.index.texts.mean_vectors([b, Fid(999), a])
        assert files == [b, a]
        np.testing.assert_allclose(np.linalg.norm(means, axis=1), 1.0, atol=1e-5)
        assert r.index.texts.text(b).endswith("# Other\n")
        with pytest.raises(NotFound):
            r.index.texts.text(Fid(999))


def test_chroma_gets_the_live_vectors_and_loses_the_others(tmp_path: Path) -> None:
    with index_rig(tmp_path, settings=IndexSettings(scanned_rows=0)) as r:
        r.save("a.txt", "bread and butter")
        r.save("b.txt", "wheels and chains")
        nearest = r.index.nearest
        assert nearest is not None
        assert r.index.indexer.settle_nearest(WAIT_S)
        assert len(nearest.rows()) == 2
        assert r.paths("breakfast", mode="semantic")[0] == "a.txt"
        (r.store.root / "a.txt").unlink()
        r.store.record()
        r.settle()
        assert r.index.indexer.settle_nearest(WAIT_S)
        assert len(nearest.rows()) == 1


def test_two_indexes_over_one_store_can_follow_each_other(tmp_path: Path) -> None:
    with rig(tmp_path) as store:
        store.save("a.txt", "first words")
        for text in ("first", "second"):
            store.save("a.txt", f"{text} words")
            index = open_index(store.catalogue, store.versions, store.root, store.state, EMBEDDER, lambda _: None, QUIET)
            index.indexer.start()
            assert index.indexer.settle(WAIT_S)
            assert index.search.search(Query(text=text, mode="keyword")).total == 1
            index.close()


class HeldSource:
    """A version store that lets a reader have a content only when the test says so."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self.reading, self.go_on = threading.Event(), threading.Event()

    def open(self, version: Version) -> BinaryIO:
        found = self._versions.open(version)
        self.reading.set()
        assert self.go_on.wait(WAIT_S)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._versions, name)


def forget_all(index: Index, fids: Sequence[Fid]) -> None:
    for forgotten in fids:
        index.indexer.forget(forgotten)


def test_a_file_that_is_forgotten_while_it_is_read_does_not_come_into_the_index(tmp_path: Path) -> None:
    with rig(tmp_path) as store:
        source = HeldSource(store.versions)
        settings = IndexSettings(chroma=False)
        index = open_index(store.catalogue, source, store.root, store.state, EMBEDDER, lambda path: None, settings)
        store.recorder.listen(index.indexer.changed)
        store.changes.on_forget.append(lambda fids: forget_all(index, fids))
        index.indexer.start()
        try:
            store.save("secret.txt", "the unmistakable axolotl " * 20)
            assert source.reading.wait(WAIT_S)
            store.changes.forget([p("secret.txt")])
            source.go_on.set()
            assert index.indexer.settle(WAIT_S)
            store.catalogue.scrub()
            left = [f for f in store.state.rglob("*") if f.is_file() and b"axolotl" in f.read_bytes()]
            assert left == []
            for table in ("doc", "body", "passage", "vector"):
                assert store.catalogue.read().execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        finally:
            source.go_on.set()
            index.close()
