"""The values that the text package hands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Attributes = dict[str, list[str]]
"""Values by field, in the order found: title, author, affiliation, language, date, heading, symbol, import, from, to, ..."""

MAX_VALUES = 200
MAX_VALUE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text from which a page, sheet or cell begins.

    Attributes:
        offset: characters from the start of the text.
        page: page or slide number from 1; None where there are no pages.
        label: name of the sheet or cell.
    """

    offset: int
    page: int | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found in a file.

    Attributes:
        text: its text; empty when it has none.
        attributes: values by field.
        marks: pages, sheets and cells in rising order of offset.
        lined: line numbers of the text are those of the file.
        reason: why there is no text although there should be (too large, damaged, time limit); None else.
    """

    text: str = ""
    attributes: Attributes = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    lined: bool = False
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the value as JSON types (how the worker process answers)."""
        return {
            "text": self.text,
            "attributes": self.attributes,
            "marks": [[m.offset, m.page, m.label] for m in self.marks],
            "lined": self.lined,
            "reason": self.reason,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Extracted:
        """Return the value that `to_json` wrote."""
        marks = tuple(Mark(int(offset), page, label) for offset, page, label in data["marks"])
        return Extracted(data["text"], data["attributes"], marks, bool(data["lined"]), data["reason"])


def tidy(attributes: Mapping[str, Iterable[str]]) -> Attributes:
    """Return the attributes with blanks collapsed, empty and repeated values dropped, and their number and length bounded."""
    out: Attributes = {}
    for name, values in attributes.items():
        kept = dict.fromkeys(" ".join(str(v).split())[:MAX_VALUE_LENGTH] for v in values)
        kept.pop("", None)
        if kept:
            out[name] = list(kept)[:MAX_VALUES]
    return out
