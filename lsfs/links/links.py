"""Share links as the engine has them: made, listed, withdrawn and served, across restarts.

The address is that of the configuration (loopback unless the user names another); a port is chosen once and kept, so that links
stay valid. Nothing listens before there is a link, and nothing is uploaded anywhere.

Threading: any thread; `_lock` guards the server and the counts of wrong passwords.
"""

from __future__ import annotations

import logging
import socket
import threading
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from lsfs.capture.recorder import Recorder
from lsfs.config import ShareConfig
from lsfs.errors import BadRequest, Conflict, Denied, NotFound, Unavailable
from lsfs.links import signing
from lsfs.links.content import Parcel, parcel
from lsfs.links.link import Access, Link, Target
from lsfs.links.server import LinkServer
from lsfs.links.store import LinkStore, valid
from lsfs.model import FOREVER, Fid, RelPath, TimeNs, show
from lsfs.versions.versions import Versions

_log = logging.getLogger(__name__)
MOST_WRONG_PASSWORDS = 10
_FORGIVEN_AFTER_NS = 60 * 10**9


class Gone(NotFound):
    """The link was valid once (HTTP 410)."""

    gone = True


class Links:
    """The links of a root.

    Args:
        state: where the signing key is kept.
    """

    def __init__(self, recorder: Recorder, versions: Versions, state: Path, config: ShareConfig) -> None:
        self._catalogue = recorder.catalogue
        self._versions = versions
        self._disk = recorder.disk
        self._config = config
        self._store = LinkStore(recorder)
        self._key = signing.load_key(state / "links.key")
        self._lock = threading.Lock()
        self._server: LinkServer | None = None
        self._wrong: dict[bytes, tuple[int, int]] = {}
        self.problem: str | None = None

    # Serving

    def start(self) -> None:
        """Serve if there is a valid link; where the address is taken, `problem` says so and `make` tries again."""
        if self._store.any_valid(self._catalogue.tick()):
            try:
                self._serve()
            except Unavailable as e:
                self.problem = str(e)
                _log.warning("%s", e)

    def stop(self) -> None:
        """End serving; the links stay."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _serve(self) -> LinkServer:
        with self._lock:
            if self._server is None:
                port = self._config.port or self._store.port()
                self._server = LinkServer(self._config.host, port, self)
                self._store.set_port(self._server.port)
                self.problem = None
            return self._server

    def url(self, link: Link) -> str:
        """Return the address of a link, with the name of what it leads to at its end for people."""
        host = self._config.host
        if host in ("0.0.0.0", "::", ""):  # noqa: S104 - the user configured it; the address needs a name
            host = socket.gethostname()
        name = urllib.parse.quote(show(link.targets[0].path).rpartition("/")[2] or "files", safe="")
        shown = f"[{host}]" if ":" in host else host
        port = self._config.port or self._store.port()
        return f"http://{shown}:{port}/s/{signing.token(self._key, link.id, link.expires_ns)}/{name}"

    # Making and withdrawing

    def make(
        self,
        targets: Sequence[Target],
        *,
        actor: str,
        expires_ns: int | None = None,
        password: str | None = None,
        most: int | None = None,
    ) -> Link:
        """Make a link to files or folders, and serve it.

        Raises:
            BadRequest: no targets, an expiry in the past, or a limit below one.
            Unavailable: the configured address cannot be served.
        """
        now = self._catalogue.tick()
        if not targets:
            raise BadRequest("a link needs a file or folder")
        if expires_ns is not None and expires_ns <= now:
            raise BadRequest("the link would have expired already")
        if most is not None and most < 1:
            raise BadRequest("a link can be used once or more often")
        kept = signing.locked_up(password) if password else None
        end = FOREVER if expires_ns is None else TimeNs(expires_ns)
        link = Link(signing.new_id(), now, end, None, actor, kept, most, 0, tuple(targets))
        self._serve()
        self._store.make(link)
        return link

    def links(self, *, ended: bool = False, paths: Sequence[RelPath] | None = None) -> list[Link]:
        """Return the valid links (and those that have ended), that lead to one of `paths` (None: all); newest first."""
        found = self._store.all() if ended else valid(self._store.all(), self._catalogue.tick())
        return [link for link in found if paths is None or self._leads_to(link, set(paths))]

    def over(self, link: Link) -> str | None:
        """Return why a link is not valid any more, or None while it is."""
        return link.over(self._catalogue.tick())

    def revoke(self, paths: Sequence[RelPath] | None = None) -> list[Link]:
        """Withdraw the valid links that lead to one of `paths` (None: all), and return them."""
        found = self.links(paths=paths)
        self._store.revoke([link.id for link in found])
        return found

    def forget(self, fids: Sequence[Fid]) -> None:
        """Remove every trace of files that are forgotten; links to nothing else go as a whole."""
        self._store.forget(fids)

    def _leads_to(self, link: Link, paths: set[RelPath]) -> bool:
        for target in link.targets:
            entry = self._versions.entry_of(target.fid)
            if target.path in paths or (entry is not None and entry.path in paths):
                return True
        return False

    def accesses(self, link: Link) -> list[Access]:
        """Return the access log of a link, newest first."""
        return self._store.accesses(link.id)

    # What the server asks (see lsfs.links.server.Desk)

    def link(self, token: str) -> Link:
        """Return the valid link of a token.

        Raises:
            NotFound: it was not made here.
            Gone: it was, and has expired, was withdrawn or is used up.
        """
        link_id = signing.id_of(token)
        found = self._store.get(link_id)
        if found is None or not signing.is_signed(self._key, token, link_id, found.expires_ns):
            raise NotFound("there is no such link")
        over = found.over(self._catalogue.tick())
        if over is not None:
            raise Gone(over)
        return found

    def let_in(self, link: Link, password: str | None) -> None:
        """Check the password.

        Raises:
            Denied: it is missing or wrong.
            Conflict: there were too many wrong ones; a minute later it can be tried again.
        """
        if link.password is None:
            return
        now = self._catalogue.tick()
        with self._lock:
            count, since = self._wrong.get(link.id, (0, now))
        if count >= MOST_WRONG_PASSWORDS and now - since < _FORGIVEN_AFTER_NS:
            raise Conflict("too many wrong passwords; try again in a minute")
        if password is not None and signing.opens(password, link.password):
            with self._lock:
                self._wrong.pop(link.id, None)
            return
        if password is not None:
            with self._lock:
                self._wrong[link.id] = (count + 1 if now - since < _FORGIVEN_AFTER_NS else 1, now)
        raise Denied("this link needs its password")

    def parcel(self, link: Link) -> Parcel:
        """Return what a link leads to now.

        Raises:
            NotFound: it is not there any more.
        """
        return parcel(self._versions, self._disk, link)

    def count(self, link: Link) -> None:
        """Count a download.

        Raises:
            Gone: there were as many as are allowed.
        """
        if not self._store.count(link.id):
            raise Gone("this link was used as often as it may be")

    def note(self, link: Link, address: str, status: int, what: str, sent: int) -> None:
        """Write a line of the access log."""
        self._store.note(link.id, address, status, what, sent)
