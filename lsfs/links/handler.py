"""One HTTP request at a share link: checked, answered, written into the access log.

    GET /s/TOKEN[/NAME]              the content; for a browser (Accept: text/html) the page
    GET /s/TOKEN[/NAME]?download=1   the content

Nothing of the user's is ever shown inline: content comes as an attachment, with a type that browsers do not run. A password is
asked for with Basic authentication, which browsers, curl and wget all know.
"""

from __future__ import annotations

import base64
import binascii
import email.utils
import logging
import mimetypes
import urllib.parse
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast

from lsfs.errors import BadRequest, Denied, LsfsError, NotFound
from lsfs.links.content import Parcel, Shared
from lsfs.links.link import Link
from lsfs.links.pages import disposition, download_page, message_page
from lsfs.links.ranges import byte_range
from lsfs.links.zipping import write_zip

if TYPE_CHECKING:
    from lsfs.links.server import LinkServer

_log = logging.getLogger(__name__)
_PIECE = 256 * 1024


@dataclass(slots=True)
class Done:
    """What is written into the access log."""

    status: int = 0
    what: str = ""
    sent: int = 0


class LinkHandler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds without a byte, then the connection is closed
    server_version = "lsfs"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer GET."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer HEAD."""
        self._answer(body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing on the standard error output; the access log is a table."""

    def _answer(self, *, body: bool) -> None:
        desk = cast("LinkServer", self.server).desk
        parts = urllib.parse.urlsplit(self.path)
        words = [w for w in parts.path.split("/") if w]
        done = Done()
        link: Link | None = None
        try:
            if len(words) not in (2, 3) or words[0] != "s":
                raise NotFound("there is no such link")
            link = desk.link(words[1])
            self._let_in(link)
            parcel = desk.parcel(link)
            wanted = "download" in urllib.parse.parse_qs(parts.query)
            if not wanted and "text/html" in self.headers.get("Accept", ""):
                self._page(download_page(parcel, expires_ns=link.expires_ns), 200, done, body=body)
                done.what = "page"
            else:
                self._content(link, parcel, done, body=body)
        except LsfsError as e:
            self._refuse(e, done, body=body)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
            done.what = done.what + ", cut off"
        if link is not None:
            desk.note(link, self.client_address[0], done.status, done.what, done.sent)

    def _let_in(self, link: Link) -> None:
        desk = cast("LinkServer", self.server).desk
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        password = None
        if kind.lower() == "basic":
            try:
                password = base64.b64decode(given).decode("utf-8", "replace").partition(":")[2]
            except (ValueError, binascii.Error):
                password = None
        desk.let_in(link, password)

    def _refuse(self, e: LsfsError, done: Done, *, body: bool) -> None:
        status = {"not_found": 404, "denied": 401, "bad_request": 416, "conflict": 429}.get(e.kind, 503)
        if isinstance(e, NotFound) and getattr(e, "gone", False):
            status = 410
        done.what = str(e)
        if done.status:  # the headers are out: all that is left is to cut the connection, so that the other side notices
            self.close_connection = True
            return
        extra = {"WWW-Authenticate": 'Basic realm="lsfs link", charset="UTF-8"'} if isinstance(e, Denied) else {}
        self._page(message_page(str(e)), status, done, body=body, extra=extra)

    def _head(self, status: int, headers: dict[str, str], done: Done) -> None:
        done.status = status
        self.send_response(HTTPStatus(status))
        safe = {
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-downloads",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, no-store",
        }
        for name, value in {**safe, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _page(self, page: str, status: int, done: Done, *, body: bool, extra: dict[str, str] | None = None) -> None:
        data = page.encode("utf-8", "replace")
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(data)), **(extra or {})}
        self._head(status, headers, done)
        if body:
            self.wfile.write(data)

    def _content(self, link: Link, parcel: Parcel, done: Done, *, body: bool) -> None:
        desk = cast("LinkServer", self.server).desk
        if parcel.single:
            self._file(link, parcel.files[0], done, body=body)
            return
        done.what = "zip"
        headers = {"Content-Type": "application/zip", "Content-Disposition": disposition(parcel.name + ".zip")}
        if body:
            desk.count(link)
        self._head(200, {**headers, "Transfer-Encoding": "chunked"}, done)
        if body:
            done.sent = write_zip(parcel.files, self._chunk)
            self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _file(self, link: Link, f: Shared, done: Done, *, body: bool) -> None:
        """Send a file or a range of it; a link with a limit gives no ranges, as each would have to count."""
        desk = cast("LinkServer", self.server).desk
        done.what = "file"
        headers = {
            "Content-Type": mimetypes.guess_type(f.name)[0] or "application/octet-stream",
            "Content-Disposition": disposition(f.name),
            "ETag": f'"{f.etag}"',
            "Last-Modified": email.utils.formatdate(f.modified_ns / 1e9, usegmt=True),
            "Accept-Ranges": "bytes" if link.most is None else "none",
        }
        part = self._range(f) if link.most is None else None
        first, stop = part or (0, f.size)
        if part is not None:
            headers["Content-Range"] = f"bytes {first}-{stop - 1}/{f.size}"
        with f.open() as source:
            if body and (part is None or first == 0):
                desk.count(link)
            self._head(206 if part else 200, {**headers, "Content-Length": str(stop - first)}, done)
            source.seek(first)
            left = stop - first if body else 0
            while left and (piece := source.read(min(left, _PIECE))):
                self.wfile.write(piece)
                left -= len(piece)
                done.sent += len(piece)
            self.close_connection = self.close_connection or bool(left)

    def _range(self, f: Shared) -> tuple[int, int] | None:
        condition = self.headers.get("If-Range")
        if condition is not None and condition != f'"{f.etag}"':
            return None
        try:
            return byte_range(self.headers.get("Range"), f.size)
        except BadRequest as e:
            raise BadRequest(f"this range is not there: {e}") from e
