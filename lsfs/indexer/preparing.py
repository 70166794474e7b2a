"""From a file to its document: names, rules, content, text, chunks. Everything but the writing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lsfs.errors import Conflict, LsfsError, NotFound
from lsfs.index.documents import IGNORED, NONE, SKIPPED, TEXT, NewDocument
from lsfs.index.source import Source
from lsfs.indexer.reading import is_unchanged, open_content
from lsfs.model import Fid, Kind, RelPath, Version, VersionId
from lsfs.text.chunks import chunks
from lsfs.text.extract import Extractor
from lsfs.text.extracted import Extracted
from lsfs.text.families import extension

log = logging.getLogger(__name__)
_PAGES = frozenset({"html", "htm", "xhtml"})
_SMALL = 1 << 20
Indexable = Callable[[RelPath], str | None]
"""Returns why a path is not indexed, or None when it is."""


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it is now.

    Attributes:
        paths: its names that are indexed; none: it is gone or ignored.
        version: its newest version; None: it is gone.
        ignored: why none of its names is indexed.
    """

    fid: Fid
    paths: list[RelPath]
    version: Version | None
    ignored: str | None = None


class Preparer:
    """Makes documents of files."""

    def __init__(self, source: Source, extractor: Extractor, root: Path, indexable: Indexable) -> None:
        self._source = source
        self._extractor = extractor
        self._root = root
        self._indexable = indexable

    def look(self, fid: Fid) -> Look:
        """Return what a file is now."""
        entries = [e for e in self._source.names_of(fid) if e.kind == Kind.FILE]
        if not entries:
            return Look(fid, [], None)
        reasons = {e.path: self._indexable(e.path) for e in entries}
        paths = [path for path, reason in reasons.items() if reason is None]
        try:
            version = self._source.version_by_id(entries[0].version)
        except NotFound:  # collected or replaced between the two questions: the next change tells
            return Look(fid, [], None)
        return Look(fid, paths, version, None if paths else next(iter(reasons.values())))

    def is_slow(self, look: Look) -> bool:
        """Tell whether the file is read by a worker process."""
        return bool(look.paths) and self._extractor.is_slow(look.paths[0])

    def takes_long(self, look: Look) -> bool:
        """Tell whether reading the file can take more than a moment."""
        small = look.version is not None and look.version.size < _SMALL
        return self.is_slow(look) and not (small and extension(look.paths[0]) in _PAGES)

    def prepare(self, look: Look) -> NewDocument | None:
        """Return the document of a file; None when its content has moved on and has to be looked at again."""
        version = look.version
        assert version is not None
        if not look.paths:
            return NewDocument(version, Extracted(), (), IGNORED, look.ignored)
        try:
            extracted = self._extract(look.paths[0], version)
        except Conflict:
            return None
        except OSError as e:
            return NewDocument(version, Extracted(), (), SKIPPED, f"cannot be read: {e.strerror or e}")
        except LsfsError as e:
            return NewDocument(version, Extracted(), (), SKIPPED, str(e))
        except Exception as e:  # a file that our code cannot take must not stop the others
            log.exception("cannot index file %d", look.fid)
            return NewDocument(version, Extracted(), (), SKIPPED, f"internal error: {e!r}")
        if extracted.reason is not None:
            return NewDocument(version, extracted, (), SKIPPED, extracted.reason)
        found = chunks(extracted.text, extracted.marks)
        return NewDocument(version, extracted, found, TEXT if found else NONE)

    def prepare_version(self, vid: int) -> NewDocument | None:
        """Return the document of an earlier version, by the rules for the name that it had; None as `prepare`.

        Raises:
            NotFound: there is no such version (any more).
        """
        version = self._source.version_by_id(VersionId(vid))
        ignored = self._indexable(version.path)
        return self.prepare(Look(version.fid, [] if ignored else [version.path], version, ignored))

    def _extract(self, path: RelPath, version: Version) -> Extracted:
        with open_content(self._source, self._root, path, version) as stream:
            extracted = self._extractor.extract(path, stream, version.size)
            if not is_unchanged(stream, version):
                raise Conflict("it changed while it was read")
        return extracted
