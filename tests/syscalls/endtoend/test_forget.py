"""`lsfs forget` on a real engine and mount: afterwards the whole state is searched for what was forgotten."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from lsfs.errors import LsfsError
from lsfs.packs.codec import decode
from lsfs.packs.format import PACK_HEADER_SIZE, Codec, PackHeader
from lsfs.packs.scan import scan
from lsfs_syscalls.lifecycle import down, up
from tests.syscalls.endtoend.conftest import eventually
from tests.syscalls.endtoend.mounted import Mounted, mounted_at

pytestmark = pytest.mark.fuse

WORDS = ("quagmirezeta", "vexillaryomega", "jabberwockkappa")
"""Words that stand nowhere else, one a version of the text."""
PROMPTED = "thaumaturgephi"
NAME = "zymurgysigma"
STAYS = "ordinary text that stays"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Mounted]:
    """An engine and a mount for one test, with a folder of their own for temporary files."""
    for folder in ("root", "mount", "tmp"):
        (tmp_path / folder).mkdir()
    one = mounted_at(tmp_path, tmp_path / "mount", tmp_path / "root", TMPDIR=str(tmp_path / "tmp"))
    yield one
    with suppress(LsfsError):
        down(one.served.client)


def secret(word: str) -> str:
    """Return a text about `word`, long enough for a passage of its own."""
    return f"The {word} is told to nobody. Its place is known to the keeper of the {word} alone.\n" * 3


def noise(seed: int) -> bytes:
    """Return content that does not compress: the packs keep it as it is."""
    return random.Random(seed).randbytes(150_000)


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield the content of every whole record of a pack, those that no row points to as well."""
    header = PackHeader.decode(data)
    for found in scan(data[PACK_HEADER_SIZE:], PACK_HEADER_SIZE, header.key, header.number, resync=True):
        if found.record.codec != Codec.PATCH:  # a patch has the texts that it changes as they are, or its base has them
            yield decode(found.record.codec, bytes(found.payload), found.record.length)


def state_of(m: Mounted) -> dict[str, list[bytes]]:
    """Return all bytes that are kept anywhere: state, folder of temporary files, root; packs also as what they hold."""
    base = m.served.root.parent
    out: dict[str, list[bytes]] = {}
    for top in (m.served.root, base / "tmp", base / "config"):
        for path in top.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with suppress(FileNotFoundError):
                    data = path.read_bytes()
                    out[str(path.relative_to(base))] = [data, *(unpacked(data) if path.suffix == ".pack" else ())]
    return out


def where(m: Mounted, *needles: bytes) -> set[str]:
    """Return the files that hold one of the needles, in any case."""
    return {
        name for name, parts in state_of(m).items() for part in parts if any(n in part or n in part.lower() for n in needles)
    }


def vectors_of(m: Mounted) -> list[bytes]:
    """Return every vector that there is: the rows of the matrix as they are, and as float32 in the search structure's files."""
    with sqlite3.connect(f"file:{m.served.root}/.lsfs/catalogue.db?mode=ro", uri=True) as con:
        places = [r[0] for r in con.execute("SELECT place FROM vector")]
    con.close()
    (file,) = (m.served.root / ".lsfs/vectors").glob("*.f16")
    rows = np.fromfile(file, dtype=np.float16).reshape(-1, int(file.stem.rpartition("-")[2]))[places]
    return [v for row in rows for v in (row.tobytes(), row.astype(np.float32).tobytes())]


def all_in_chroma(m: Mounted, vectors: list[bytes]) -> bool:
    files = {n: parts for n, parts in state_of(m).items() if "/chroma/" in n}
    return any(v in part for parts in files.values() for part in parts for v in vectors)


def live_through(m: Mounted) -> None:
    """Make a life of the secret files: edits on every way, a rename, a spooled version, a prompt, tags, a link, events."""
    m.sh(f"mkdir d && echo '{STAYS}' > d/stays.txt")
    for number, word in enumerate(WORDS):
        (m.mount / "d" / f"{NAME}.txt").write_text(secret(word))
        (m.mount / "d" / f"{NAME}.bin").write_bytes(noise(number))
        if number < 2:
            m.served.settle(vectors=True)
    m.served.settle(vectors=True)
    m.served.call("watch", path="d")
    m.served.call("watch", path=f"d/{NAME}.txt")
    os.rename(m.mount / "d" / f"{NAME}.txt", m.mount / "d" / f"{NAME}-2.txt")
    m.served.settle()
    m.served.call("tag", path=f"d/{NAME}-2.txt", tags=["marked"])
    m.served.call("lock", path=f"d/{NAME}-2.txt")
    m.served.call("unlock", path=f"d/{NAME}-2.txt")
    m.served.call("link", path=f"d/{NAME}-2.txt")
    plan = {"syscall": "write", "args": {"path": f"d/{NAME}-2.txt", "content": secret(PROMPTED)}}
    m.served.client.plan({"prompt": f"write {secret(PROMPTED)}", "steps": [plan]}, consent=True)
    m.served.call("copy", path=f"d/{NAME}-2.txt", to=f"d/{NAME}-copy.txt")
    m.served.call("summarize", path=f"d/{NAME}-2.txt")
    m.served.call("diff", path=f"d/{NAME}-2.txt")
    m.served.call("rollback", path=f"d/{NAME}-2.txt", steps=1)
    m.served.call("undo")
    m.served.settle(vectors=True)


CONTENTS = [w.encode() for w in (*WORDS, PROMPTED)] + [noise(n)[k * 30_000 :][:64] for n in range(3) for k in range(5)]


def test_forget_leaves_nothing_of_the_contents_words_and_vectors(own: Mounted) -> None:
    live_through(own)
    vectors = vectors_of(own)
    assert vectors
    assert eventually(lambda: all_in_chroma(own, vectors))
    kinds = {n.split("/")[2] for n in where(own, *CONTENTS) if n.startswith("root/.lsfs/")}
    assert {"packs", "catalogue.db"} <= {k.removesuffix("-wal") for k in kinds}, "the search below can find what it looks for"
    before = own.served.json("forget", "d", "--dry-run")
    assert "5 files" in str(before), before
    done = own.served.lsfs("forget", "d", "--yes")
    assert done.returncode == 0, done.stderr
    own.served.write("later/stays.txt", STAYS)
    own.served.settle(vectors=True)
    assert where(own, *CONTENTS) == set()
    (left,) = {own.served.call("read", path="later/stays.txt")["content"]}
    assert left == STAYS
    kept = set(vectors_of(own))
    assert where(own, *(v for v in vectors if v not in kept)) == set()
    assert where(own, NAME.encode()) == set(), "names go as well"
    assert own.served.client.request("POST", "/check", {"repair": False, "sample": 1.0})["damage"] == []


def test_what_is_set_aside_while_the_engine_is_dead_and_an_old_catalogue_are_forgotten_too(own: Mounted) -> None:
    m = own
    m.sh("mkdir d")
    (m.mount / "d/a.txt").write_text(secret(WORDS[0]))
    m.served.settle()
    down(m.served.client)
    assert m.served.lsfs("check", "--rebuild").returncode == 0
    assert any("before-rebuild" in n for n in where(m, WORDS[0].encode()))
    up(str(m.served.root), str(m.mount), state=None, environ=m.served.environ)
    os.kill(m.served.client.status()["pid"], signal.SIGKILL)
    for word in WORDS[1:]:
        (m.mount / "d/a.txt").write_text(secret(word))
    (m.mount / "d/b.bin").write_bytes(noise(0))
    (m.mount / "d/b.bin").unlink()
    assert m.served.lsfs("forget", "d", "--yes").returncode == 0
    m.served.settle(vectors=True)
    assert where(m, *CONTENTS) == set()
