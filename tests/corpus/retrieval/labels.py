"""The labelled queries as records: read from a JSONL file, checked while reading.

Does not search and does not know where the files are; `metrics.py` compares a ranking with the labels.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast, get_args

Kind = Literal["semantic", "keyword", "mixed", "none"]
HERE = Path(__file__).parent
LIBRARY_LABELS = HERE / "library.jsonl"
DEBIAN_LABELS = HERE / "debian.jsonl"


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """What somebody types, and which files answer it."""

    id: str
    query: str
    kind: Kind
    relevant: Mapping[str, int]
    """Path relative to the corpus -> grade 1 to 3; empty exactly for the kind `none`."""


def read_labels(path: Path) -> list[LabelledQuery]:
    """Read a file of labels in its order.

    Raises:
        ValueError: a line has an unknown kind, a grade out of range, or labels where none belong.
    """
    queries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["kind"] not in get_args(Kind):
            raise ValueError(f"{record['id']}: unknown kind {record['kind']!r}")
        relevant: dict[str, int] = record["relevant"]
        if (record["kind"] == "none") != (not relevant):
            raise ValueError(f"{record['id']}: files are labelled exactly when the kind is not none")
        if not set(relevant.values()) <= {1, 2, 3}:
            raise ValueError(f"{record['id']}: grades are 1, 2 and 3")
        queries.append(LabelledQuery(record["id"], record["query"], cast(Kind, record["kind"]), MappingProxyType(relevant)))
    return queries
