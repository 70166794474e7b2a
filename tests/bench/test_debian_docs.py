"""The builder of the documentation corpus, on packages that are already unpacked; and the labels that belong to it."""

import gzip
from collections import Counter
from pathlib import Path

from tests.bench.debian_docs import LABELLED, LARGE, Selection, build, pages
from tests.corpus.retrieval.labels import DEBIAN_LABELS, read_labels


def _unpacked_package(downloads: Path) -> Path:
    package = downloads / "sample-doc"
    docs = package / "usr/share/doc/sample"
    (docs / "part/_sources").mkdir(parents=True)
    (docs / "guide.html").write_text("<p>guide</p>")
    (docs / "genindex.html").write_text("<p>index</p>")
    (docs / "logo.png").write_bytes(b"\x89PNG")
    (docs / "part/_sources/guide.html").write_text("source")
    (docs / "part/notes.rst.gz").write_bytes(gzip.compress(b"notes\n"))
    (docs / "link.html").symlink_to("guide.html")
    (package / "complete").write_text("1.2-3\n")
    return package


SAMPLE = Selection("sample-doc", "usr/share/doc/sample", ("**/*.html", "**/*.png", "**/*.rst*"), "sample")


def test_pages_are_text_files_without_indexes_links_and_sources(tmp_path: Path) -> None:
    package = _unpacked_package(tmp_path)
    assert [str(path) for _, path in pages(SAMPLE, package)] == ["sample/guide.html", "sample/part/notes.rst"]


def test_build_copies_and_unpacks_pages_and_returns_the_versions(tmp_path: Path) -> None:
    _unpacked_package(tmp_path / "downloads")
    assert build(tmp_path / "corpus", tmp_path / "downloads", [SAMPLE]) == {"sample-doc": "1.2-3"}
    files = {str(file.relative_to(tmp_path / "corpus")) for file in (tmp_path / "corpus").rglob("*") if file.is_file()}
    assert files == {"sample/guide.html", "sample/part/notes.rst"}
    assert (tmp_path / "corpus/sample/part/notes.rst").read_text() == "notes\n"


def test_a_copied_page_keeps_its_modification_time(tmp_path: Path) -> None:
    package = _unpacked_package(tmp_path / "downloads")
    build(tmp_path / "corpus", tmp_path / "downloads", [SAMPLE])
    original = package / "usr/share/doc/sample/part/notes.rst.gz"
    assert (tmp_path / "corpus/sample/part/notes.rst").stat().st_mtime_ns == original.stat().st_mtime_ns


def test_the_large_selection_has_every_labelled_package_and_no_path_twice() -> None:
    assert {selection.package for selection in LABELLED} <= {selection.package for selection in LARGE}
    for selections in (LABELLED, LARGE):
        assert max(Counter(selection.target for selection in selections).values()) == 1


def test_the_labels_have_eighty_queries_over_the_labelled_selection() -> None:
    queries = read_labels(DEBIAN_LABELS)
    assert len([query for query in queries if query.relevant]) >= 80
    assert len({query.id for query in queries}) == len({query.query for query in queries}) == len(queries)
    targets = {selection.target for selection in LABELLED}
    for query in queries:
        assert {path.split("/")[0] for path in query.relevant} <= targets, query.id
        assert query.kind == "none" or 3 in query.relevant.values(), query.id
