"""Rewrite zip containers (Office files, EPUB) with fixed dates, so that the same content gives the same bytes."""

import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

FIXED_DATE = (2026, 1, 1, 0, 0, 0)


def write_members(target: Path, members: Mapping[str, bytes], *, stored: frozenset[str] = frozenset()) -> None:
    """Write a zip with the members in their order; those in `stored` are not compressed."""
    with zipfile.ZipFile(target, "w") as container:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, FIXED_DATE)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            container.writestr(info, data)


def normalise(path: Path, modified: datetime | None = None) -> None:
    """Give every member of the zip at `path` the same date, and `modified` as the date in its core properties (openpyxl writes the clock there)."""
    with zipfile.ZipFile(path) as container:
        members = {name: container.read(name) for name in container.namelist()}
    if modified is not None:
        stamp = f"{modified:%Y-%m-%dT%H:%M:%SZ}".encode()
        core = members["docProps/core.xml"]
        members["docProps/core.xml"] = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", lambda match: match[1] + stamp, core)
    write_members(path, members)
