"""Text and tables of any version of a file: what the index has kept, else read now.

Plain text is decoded here; documents go through the limited worker process of `lsfs.text`. Nothing raises for what is in a
file: a file that cannot be read has no text and no tables.
"""

from __future__ import annotations

from lsfs.errors import LsfsError, NotFound
from lsfs.model import Kind, Version
from lsfs.text.decode import decode
from lsfs.text.extracted import Extracted
from lsfs.text.families import extension, extensions_of
from lsfs_syscalls.run.context import Context
from lsfs_syscalls.run.table_scan import Scan, scan
from lsfs_syscalls.run.tables import MOST_BYTES, Table, delimited, records, sheets

DELIMITED = frozenset({"csv", "tsv", "tab"})
SHEETS = extensions_of("spreadsheet") - DELIMITED
BEGINNING = 256 * 1024
"""Bytes of a large text that are read where some of it is better than nothing."""
RECORDS = frozenset({"json", "jsonl", "ndjson"})


def extracted(ctx: Context, version: Version) -> Extracted | None:
    """Return text, marks and attributes of a version, or None where its content cannot be had."""
    if version.kind is not Kind.FILE:
        return None
    try:
        with ctx.engine.versions.open(version) as stream:
            return ctx.engine.extractor.extract(version.path, stream, version.size)
    except (LsfsError, OSError):
        return None


def text_of(ctx: Context, version: Version) -> str | None:
    """Return the text of a version, or None when it has none."""
    kept = ctx.engine.texts.text_of_version(version.vid)
    if kept:
        return kept
    found = extracted(ctx, version)
    return found.text if found is not None and found.text else None


def beginning(ctx: Context, version: Version) -> str:
    """Return the beginning of a plain text that is too large to be indexed; nothing for any other file."""
    large = version.kind is Kind.FILE and version.size > ctx.engine.config.index.max_text_bytes
    if not large or ctx.engine.extractor.is_slow(version.path):
        return ""
    try:
        with ctx.engine.versions.open(version) as stream:
            text = decode(stream.read(BEGINNING)) or ""
    except (LsfsError, OSError):
        return ""
    return text[: text.rfind("\n") + 1] or text


def is_table(version: Version) -> bool:
    """Tell by its name whether a file holds tables."""
    return extension(version.path) in DELIMITED | SHEETS


def tables_of(ctx: Context, version: Version) -> list[Table]:
    """Return the tables of a CSV, TSV, spreadsheet or JSON file; none for anything else."""
    ending = extension(version.path)
    if version.size > MOST_BYTES or ending not in DELIMITED | SHEETS | RECORDS:
        return []
    if ending in SHEETS:
        return sheets(sheet_texts(ctx, version))
    text = text_of(ctx, version) or ""
    found = delimited(text) if ending in DELIMITED else records(text)
    return [found] if found is not None else []


def sheet_texts(ctx: Context, version: Version) -> list[tuple[str, str]]:
    """Return name and text of each sheet of a spreadsheet."""
    found = extracted(ctx, version)
    if found is None:
        return []
    ends = [m.offset for m in found.marks[1:]] + [len(found.text)]
    return [(m.label or "", found.text[m.offset : end]) for m, end in zip(found.marks, ends, strict=True)]


def scans_of(ctx: Context, version: Version) -> list[Scan]:
    """Return the tables of a file as hashes, for containment."""
    if extension(version.path) in SHEETS:
        found = [scan(text.encode("utf-8", "replace"), quoting=False) for _, text in sheet_texts(ctx, version)]
        return [s for s in found if s is not None and s.rows]
    try:
        one = scan(ctx.engine.versions.read(version))
    except NotFound:
        return []
    return [one] if one is not None and one.rows else []
