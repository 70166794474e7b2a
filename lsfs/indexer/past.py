"""Words and vectors of earlier contents, made again from the store after the catalogue was lost.

A rebuild from the packs brings back every version, but the index only ever reads what a file has now. This goes over the files
that have a past, when there is nothing else to do, and makes the documents that would be there; it remembers where it is.

Threading: the thread of the vectors calls it.
Durability: a document is one transaction; a file that was begun is begun again and what is there is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from lsfs.catalogue import Catalogue
from lsfs.errors import NotFound
from lsfs.index import backlog, lost_past
from lsfs.index.documents import IGNORED, Documents
from lsfs.indexer.embedding import Embedding
from lsfs.indexer.preparing import Preparer
from lsfs.model import Fid

_MARK = "index:past"
_DONE = "done"


class Past:
    """The files whose past is not searched yet."""

    def __init__(self, catalogue: Catalogue, documents: Documents, preparer: Preparer, embedding: Embedding) -> None:
        self._catalogue = catalogue
        self._documents = documents
        self._preparer = preparer
        self._embedding = embedding
        mark = catalogue.meta(_MARK)
        if mark is None:
            mark = "0" if lost_past.is_lost(catalogue.read()) else _DONE
            catalogue.set_meta(_MARK, mark)
        self._after = None if mark == _DONE else int(mark)

    def waiting(self) -> int:
        """Return how many files are left."""
        return 0 if self._after is None else lost_past.count(self._catalogue.read(), self._after)

    def step(self, go_on: Callable[[], bool]) -> bool:
        """Make the documents of one file's past; False when there is none left.

        Args:
            go_on: asked between contents; False ends the step early.
        """
        if self._after is None:
            return False
        con = self._catalogue.read()
        fid = lost_past.next_file(con, self._after)
        if fid is not None:
            for piece in lost_past.pieces(con, fid):
                if not go_on():
                    return True
                self._make(piece)
            if not self._embed(fid, go_on):
                return True
        self._after = fid
        self._catalogue.set_meta(_MARK, _DONE if fid is None else str(fid))
        return fid is not None

    def _make(self, piece: lost_past.Piece) -> None:
        try:
            new = self._preparer.prepare_version(piece.vid)
        except NotFound:
            return  # collected meanwhile
        if new is None or new.state == IGNORED:
            return
        with self._catalogue.write() as con:
            if backlog.is_known(con, piece.vid):
                self._documents.put_past(new, piece.from_ns, piece.to_ns)

    def _embed(self, fid: Fid, go_on: Callable[[], bool]) -> bool:
        """Embed what the documents of a file miss; False when that was ended early."""
        while dids := lost_past.without_vectors(self._catalogue.read(), fid):
            if not self._embedding.complete(dids, go_on):
                return False
        return True
