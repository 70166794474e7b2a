"""The example library: complete, small, dated, and as overlapping as the searches and joins need it."""

import csv
from pathlib import Path

from examples.place_library import LIBRARY, ages, place

NOW_S = 1_795_000_000.0


def _files() -> set[str]:
    return {str(path.relative_to(LIBRARY)) for path in LIBRARY.rglob("*") if path.is_file()}


def _rows(name: str) -> list[dict[str, str]]:
    with (LIBRARY / "finance/data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_manifest_names_every_file_of_the_library() -> None:
    assert set(ages()) == _files()


def test_the_library_has_at_least_seventy_files_in_less_than_three_megabytes() -> None:
    files = _files()
    assert len(files) >= 70
    assert sum((LIBRARY / path).stat().st_size for path in files) < 3_000_000


def test_placing_gives_each_file_its_age(tmp_path: Path) -> None:
    assert place(tmp_path / "root", NOW_S) == len(_files())
    assert (tmp_path / "root/thesis/todo.md").stat().st_mtime == NOW_S - 40 * 60
    assert (tmp_path / "root/papers/zoned-cache.pdf").stat().st_mtime == NOW_S - 5 * 86400
    assert (tmp_path / "root/thesis").stat().st_mtime == NOW_S - 40 * 60


def test_placing_keeps_what_is_already_in_the_target(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    place(tmp_path, NOW_S)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_one_table_is_contained_in_another_and_ids_are_shared() -> None:
    customers = _rows("customers.csv")
    european = _rows("customers-eu.csv")
    assert 0 < len(european) < len(customers)
    assert all(row in customers for row in european)
    assert {row["customer_id"] for row in _rows("orders-2026.csv")} <= {row["customer_id"] for row in customers}


def test_there_are_exact_copies_near_copies_and_contained_texts() -> None:
    assert (LIBRARY / "recipes/sourdough.md").read_bytes() == (LIBRARY / "recipes/old/sourdough (copy).md").read_bytes()
    assert (LIBRARY / "recipes/lentil-soup.md").read_text().strip() in (LIBRARY / "recipes/cookbook.md").read_text()
    draft = set((LIBRARY / "projects/atlas/design-draft.md").read_text().splitlines())
    final = set((LIBRARY / "projects/atlas/design.md").read_text().splitlines())
    assert len(draft & final) > len(draft) / 2
    assert draft != final


def test_the_letter_is_latin_1_and_not_utf_8() -> None:
    data = (LIBRARY / "notes/brief-hausverwaltung.txt").read_bytes()
    assert "Müller & Söhne" in data.decode("latin-1")
    assert b"M\xfcller" in data
