"""Documents to text through the extraction library. For the worker process: it meets hostile files.

Kreuzberg is imported here only. OCR is off (it would download models), caching too (it would leave text in the home folder).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

from lsfs.text.extracted import Attributes, Extracted, Mark
from lsfs.text.paper import paper_attributes
from lsfs.text.tables import sheets

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
MIME: dict[str, str] = {
    "pdf": "application/pdf",
    "docx": _OFFICE + "wordprocessingml.document",
    "pptx": _OFFICE + "presentationml.presentation",
    "ppsx": _OFFICE + "presentationml.slideshow",
    "xlsx": _OFFICE + "spreadsheetml.sheet",
    "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "xls": "application/vnd.ms-excel",
    "doc": "application/msword",
    "ppt": "application/vnd.ms-powerpoint",
    "odt": _OPEN + "text",
    "ods": _OPEN + "spreadsheet",
    "rtf": "application/rtf",
    "epub": "application/epub+zip",
    "fb2": "application/x-fictionbook+xml",
    "msg": "application/vnd.ms-outlook",
}
"""The library's name for each kind of document, by extension."""

# Private-use characters: they do not occur in documents and survive the library's tidying of blanks.
_MARKER = "\n\n\ue000{page_num}\ue001\n\n"
_MARKED = re.compile("\ue000(\\d+)\ue001")
_SHEETS = {"xlsx", "xlsm", "xls", "ods"}


def document(data: bytes, extension: str) -> Extracted:
    """Return the text, pages and attributes of a document.

    Raises:
        Exception: whatever the library raises on a damaged, encrypted or unsupported file.
    """
    result = _extract(data, MIME[extension])
    attributes = _metadata(result.metadata)
    if extension in _SHEETS and result.tables:
        names = [str(n) for n in result.metadata.get("sheet_names") or []]
        tables = [(_name(names, i), t.cells) for i, t in enumerate(_distinct(result.tables))]
        found = sheets(tables)
        return Extracted(found.text, {**attributes, **found.attributes}, found.marks)
    text, marks = _paged(result)
    title = next(iter(attributes.get("title", [])), None)
    if extension in {"pdf", "docx", "odt"}:
        for name, values in paper_attributes(text, title).items():
            attributes.setdefault(name, values)
    return Extracted(text, attributes, marks)


def _extract(data: bytes, mime: str) -> Any:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        enable_quality_processing=False,
        pages=kreuzberg.PageConfig(extract_pages=True, insert_page_markers=True, marker_format=_MARKER),
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
    )
    return kreuzberg.extract_bytes_sync(data, mime, config)


def _paged(result: Any) -> tuple[str, tuple[Mark, ...]]:
    """Return the text with a mark where each page or slide begins (per-page texts are empty for some formats)."""
    parts = _MARKED.split(str(result.content).replace("\r\n", "\n"))
    text = parts[0].strip("\n")
    marks: list[Mark] = []
    for number, content in zip(parts[1::2], parts[2::2], strict=True):
        text += "\n\n" if text else ""
        marks.append(Mark(len(text), int(number)))
        text += content.strip("\n")
    return text, tuple(marks)


def _metadata(metadata: Any) -> Attributes:
    """Return the properties that Office and PDF files carry, by our names."""
    out: Attributes = {
        "title": _texts(metadata.get("title")),
        "author": _texts(metadata.get("authors")) or _texts(metadata.get("created_by")),
        "subject": _texts(metadata.get("subject")),
        "keyword": [k.strip() for text in _texts(metadata.get("keywords")) for k in text.replace(";", ",").split(",")],
        "language": [t[:2].lower() for t in _texts(metadata.get("language"))],
        "date": _texts(metadata.get("created_at")),
        "heading": _headings(metadata.get("headers")),
    }
    for field in ("from_email", "to_emails", "cc_emails", "attachments"):
        if metadata.get(field):
            out[field.partition("_")[0].rstrip("s")] = _texts(metadata[field])
    if metadata.get("format_type") == "email":
        out["author"] = out.get("from", [])
        out["title"] = out["subject"]
    pages = metadata.get("page_count") or (metadata.get("pages") or {}).get("total_count")
    if pages:
        out["pages"] = [str(pages)]
    return out


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    values = value if isinstance(value, list | tuple) else [value]
    return [html.unescape(str(v)) for v in values]


def _headings(headers: Any) -> list[str]:
    return [str(h["text"]) if isinstance(h, dict) else str(h) for h in headers or []]


def _name(names: list[str], index: int) -> str:
    return names[index] if index < len(names) else f"Sheet{index + 1}"


def _distinct(tables: Iterable[Any]) -> list[Any]:
    """Return the tables without the second listing that the library gives of some."""
    out: list[Any] = []
    for table in tables:
        if not any(t.cells == table.cells for t in out):
            out.append(table)
    return out
