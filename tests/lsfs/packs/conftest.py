"""A store in a temporary directory, opened as often as a test likes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.catalogue import Catalogue
from lsfs.packs import REAL_IO, DiskIO, Packs


class Opener:
    """Opens and closes the store of a test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: list[tuple[Packs, Catalogue]] = []

    def __call__(self, io: DiskIO = REAL_IO, seal_at: int = 32 << 20) -> Packs:
        """Open the store, as it is on the disk; what was open before is dropped as in a crash."""
        catalogue = Catalogue(self.root / "catalogue.db")
        packs = Packs(self.root / "packs", catalogue, io, seal_at=seal_at)
        self._open.append((packs, catalogue))
        return packs

    def close(self) -> None:
        while self._open:
            packs, catalogue = self._open.pop()
            packs.close()
            catalogue.close()

    def lose_catalogue(self) -> None:
        self.close()
        for path in self.root.glob("catalogue.db*"):
            path.unlink()

    def files(self) -> list[Path]:
        return sorted((self.root / "packs").glob("*.pack"))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    opener = Opener(tmp_path)
    yield opener
    opener.close()
