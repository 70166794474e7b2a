"""Makes the golden store of format 1. Run once; format 1 must be read as it is for ever."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

from lsfs.catalogue import Catalogue
from lsfs.packs import Content, Packs

SEAL_AT = 6000


def golden_data() -> list[bytes]:
    """Return the contents: empty, noise, text, a text with an edit (kept as a patch), one of several chunks."""
    words = random.Random(3)
    text = [b"%d: the store keeps %s" % (i, words.randbytes(4).hex().encode()) for i in range(150)]
    edited = [*text[:70], b"one line more", *text[70:]]
    return [
        b"",
        random.Random(1).randbytes(700),
        b"\n".join(text),
        b"\n".join(edited),
        b"".join(b"line %d of a long file\n" % i for i in range(12_000)),
    ]


def main(target: Path) -> None:
    """Write the packs into `target`."""
    scratch = target / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    catalogue = Catalogue(scratch / "catalogue.db")
    packs = Packs(scratch / "packs", catalogue, seal_at=SEAL_AT)
    contents: list[Content] = []
    for number, data in enumerate(golden_data()):
        contents.append(packs.add(data))
        packs.commit([(7, bytes([number]) + contents[-1].encode())])
    dead = packs.add(random.Random(2).randbytes(900))
    packs.commit([(9, b"dropped")])
    packs.repack([contents[2:4]])
    packs.sweep(
        {i for c in contents for i in c.ids()}, now_ns=2**62, forget={dead.digest}, drop_records=lambda kind, _: kind == 9
    )
    packs.close()
    catalogue.close()
    for path in (scratch / "packs").glob("*.pack"):
        shutil.copy(path, target / path.name)
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
