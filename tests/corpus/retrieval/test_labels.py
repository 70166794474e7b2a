"""The labels of the example library: well formed, about files that exist, and of every kind."""

from collections import Counter
from pathlib import Path

import pytest

from examples.place_library import LIBRARY
from tests.corpus.retrieval.labels import LIBRARY_LABELS, read_labels


def test_the_library_has_at_least_sixty_queries_with_ids_and_texts_of_their_own() -> None:
    queries = read_labels(LIBRARY_LABELS)
    assert len(queries) >= 60
    assert len({query.id for query in queries}) == len({query.query for query in queries}) == len(queries)


def test_every_kind_of_query_is_there() -> None:
    kinds = Counter(query.kind for query in read_labels(LIBRARY_LABELS))
    assert kinds["none"] >= 8
    assert min(kinds["semantic"], kinds["keyword"], kinds["mixed"]) >= 15


def test_every_labelled_file_is_in_the_library_and_every_query_has_a_best_one() -> None:
    for query in read_labels(LIBRARY_LABELS):
        missing = [path for path in query.relevant if not (LIBRARY / path).is_file()]
        assert not missing, (query.id, missing)
        assert query.kind == "none" or 3 in query.relevant.values(), query.id


def test_every_file_of_the_library_is_the_answer_to_something() -> None:
    labelled = {path for query in read_labels(LIBRARY_LABELS) for path in query.relevant}
    assert labelled == {str(path.relative_to(LIBRARY)) for path in LIBRARY.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "x", "query": "q", "kind": "fuzzy", "relevant": {"a": 1}}', "unknown kind"),
        ('{"id": "x", "query": "q", "kind": "none", "relevant": {"a": 1}}', "exactly when"),
        ('{"id": "x", "query": "q", "kind": "mixed", "relevant": {}}', "exactly when"),
        ('{"id": "x", "query": "q", "kind": "mixed", "relevant": {"a": 4}}', "grades"),
    ],
)
def test_a_malformed_label_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(ValueError, match=reason):
        read_labels(file)
