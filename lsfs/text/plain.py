"""Text that is read as it is: prose, markup, code, tables, notebooks. Runs in the engine, so it is linear and bounded."""

from __future__ import annotations

from lsfs.text.code import code_attributes, is_code
from lsfs.text.decode import decode
from lsfs.text.extracted import Attributes, Extracted, tidy
from lsfs.text.language import language_of
from lsfs.text.markup import text_attributes
from lsfs.text.tables import csv_attributes, notebook


def plain(data: bytes, extension: str) -> Extracted | None:
    """Return the text and attributes of a text file, or None when it is binary."""
    text = decode(data)
    if text is None:
        return None
    if extension == "ipynb":
        cells = notebook(text)
        if cells is not None:
            return finished(cells)
    attributes = _attributes(text, extension)
    return finished(Extracted(text, attributes, lined=True), language=not is_code(extension))


def _attributes(text: str, extension: str) -> Attributes:
    if is_code(extension):
        return code_attributes(text, extension)
    if extension in {"csv", "tsv"}:
        return csv_attributes(text)
    return text_attributes(text, extension)


def finished(extracted: Extracted, *, language: bool = True) -> Extracted:
    """Return `extracted` with its language where nothing named it, years of its dates, and tidy values."""
    attributes = tidy(extracted.attributes)
    found = language_of(extracted.text) if language and "language" not in attributes else None
    if found:
        attributes["language"] = [found]
    years = [d[:4] for d in attributes.get("date", []) if d[:4].isdigit()]
    if years and "year" not in attributes:
        attributes["year"] = list(dict.fromkeys(years))
    return Extracted(extracted.text, attributes, extracted.marks, extracted.lined, extracted.reason)
