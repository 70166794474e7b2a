from __future__ import annotations

import os
import threading
from pathlib import Path

from lsfs.catalogue import Catalogue


def test_threads_that_end_leave_their_connection_to_the_next(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "c.db")
    seen: list[int] = []

    def read() -> None:
        catalogue.meta("x")
        seen.append(len(os.listdir("/proc/self/fd")))

    for _ in range(20):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    assert seen[-1] - seen[0] <= 3
    catalogue.close()


def test_threads_at_once_have_connections_of_their_own(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "c.db")
    met = threading.Barrier(3)
    seen: list[int] = []

    def read() -> None:
        con = catalogue.read()
        met.wait(10)
        seen.append(id(con))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 3
    catalogue.close()
