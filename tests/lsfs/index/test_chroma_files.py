"""Chroma's files hold vectors and nothing of what else the process had in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys, threading
from pathlib import Path
import numpy as np
from lsfs.index.chroma import ChromaNearest

nearest = ChromaNearest(Path(sys.argv[1]), "model")
rng = np.random.default_rng(1)
vectors = rng.standard_normal((60, 384)).astype(np.float32)
nearest.add([0], vectors[:1])
large = bytearray(16 << 20)  # from here on large blocks come from the heap too, as in a process that runs for long
del large
def remember():
    secret = [b"zymurgysigma" * (1000 * n) for n in range(1, 16) for _ in range(8)]
    barrier.wait()
    del secret

barrier = threading.Barrier(24)
threads = [threading.Thread(target=remember) for _ in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
nearest.clear()
nearest.add(list(range(60)), vectors)
nearest.nearest(vectors[0], 5)
nearest.close()
"""


def test_what_was_in_memory_does_not_get_into_the_files(tmp_path: Path) -> None:
    for number in range(2):
        place = tmp_path / str(number)
        subprocess.run([sys.executable, "-c", SCRIPT, str(place)], check=True, timeout=100)
        files = [f for f in place.rglob("*") if f.is_file()]
        assert any(f.name == "data_level0.bin" for f in files)
        assert [f for f in files if b"zymurgysigma" in f.read_bytes()] == []
