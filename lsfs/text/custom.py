"""Extractors that users bring: functions that find attributes in a file's content, installed as entry points.

A package offers one in the group `lsfs.extractors`, `(name: str, content: bytes) -> dict[str, list[str]]`: values by field.
The entry point's name says which files it is called on: `NAME` for the documents, images and sounds that the worker reads
anyway, `NAME.ext.ext2` for files with one of these extensions, plain text too.

The engine looks at the names alone and never imports such a function; the worker process does, under its limits of memory and
time, in a request of its own, so that a function that fails, hangs or eats memory costs the file its custom attributes and
nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from lsfs.text.extracted import Attributes, Extracted, tidy
from lsfs.text.families import extension

GROUP = "lsfs.extractors"
Function = Callable[[str, bytes], dict[str, list[str]]]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files have extractors.

    Attributes:
        extensions: those of extractors that name them.
        documents: there is an extractor for what the worker reads anyway.
        signature: changes with the extractors that are installed, and with their versions.
    """

    extensions: frozenset[str] = frozenset()
    documents: bool = False
    signature: str = ""

    def wants(self, ext: str, *, document: bool) -> bool:
        """Tell whether a file of this extension has an extractor."""
        return ext in self.extensions or (document and self.documents)


def installed(points: Iterable[EntryPoint] | None = None) -> Wanted:
    """Return which files have extractors, from the names of the installed ones."""
    found = sorted(entry_points(group=GROUP) if points is None else points)
    named = [_extensions(p) for p in found]
    signature = "; ".join(f"{p.name}={p.value} {p.dist.version if p.dist else ''}".strip() for p in found)
    return Wanted(frozenset().union(*named), any(not n for n in named), signature)


def _extensions(point: EntryPoint) -> frozenset[str]:
    return frozenset(point.name.lower().split(".")[1:])


class Custom:
    """The functions, in the worker process."""

    def __init__(self) -> None:
        self._points = list(entry_points(group=GROUP))
        self._functions: dict[str, Function] = {}

    def extract(self, name: str, data: bytes) -> Extracted:
        """Return the attributes that the functions for this file find, and as reason which of them failed, and how."""
        ext = extension(name.encode("utf-8", "surrogateescape"))
        out: Attributes = {}
        failed = []
        for point in self._points:
            wanted = _extensions(point)
            if wanted and ext not in wanted:
                continue
            try:
                out.update(tidy(self._function(point)(name, data)))
            except Exception as e:  # noqa: BLE001 - any error of a user's function is that function's
                failed.append(f"{point.name}: {type(e).__name__}: {str(e)[:200]}")
        return Extracted(attributes=out, reason="; ".join(failed) or None)

    def _function(self, point: EntryPoint) -> Function:
        if point.name not in self._functions:
            self._functions[point.name] = point.load()
        return self._functions[point.name]


def with_custom(found: Extracted, custom: Extracted, path: bytes) -> Extracted:
    """Return what was found with the custom attributes added; what went wrong with those is for the log."""
    if custom.reason is not None:
        _LOG.warning("an extractor failed on %r: %s", path, custom.reason)
    return Extracted(found.text, {**found.attributes, **custom.attributes}, found.marks, found.lined, found.reason)
