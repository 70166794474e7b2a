"""Mail messages: headers as attributes, the readable body as text, attachments by name. For the worker process."""

from __future__ import annotations

import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime

from lsfs.text.decode import decode
from lsfs.text.extracted import Attributes, Extracted

_PEOPLE = ("from", "to", "cc")


def mail(data: bytes, html_text: Callable[[bytes], str]) -> Extracted:
    """Return the text and attributes of an RFC 5322 message; `html_text` turns an HTML body to text."""
    message = BytesParser(policy=email.policy.default).parsebytes(data)
    assert isinstance(message, EmailMessage)
    attributes: Attributes = {name: _people(message, name) for name in _PEOPLE}
    attributes["author"] = attributes["from"]
    attributes["subject"] = attributes["title"] = [str(message.get("subject", ""))]
    attributes["date"] = _date(str(message.get("date", "")))
    attributes["attachment"] = [name for part in message.walk() if (name := part.get_filename())]
    head = [
        f"{name.title()}: {', '.join(attributes[name])}" for name in ("from", "to", "cc", "subject") if any(attributes[name])
    ]
    return Extracted("\n".join(head) + "\n\n" + _body(message, html_text), attributes)


def _people(message: EmailMessage, header: str) -> list[str]:
    values = [str(v) for v in message.get_all(header, [])]
    return [f"{name} <{address}>" if name else address for name, address in getaddresses(values) if name or address]


def _date(text: str) -> list[str]:
    try:
        return [parsedate_to_datetime(text).isoformat()]
    except ValueError:
        return []


def _body(message: EmailMessage, html_text: Callable[[bytes], str]) -> str:
    """Return the plain text part, or the HTML part as text."""
    texts: dict[str, list[str]] = {"plain": [], "html": []}
    for part in message.walk():
        if part.get_content_maintype() != "text" or part.get_filename():
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            kind = "html" if part.get_content_subtype() == "html" else "plain"
            texts[kind].append(_decoded(payload, part.get_content_charset()))
    if any(text.strip() for text in texts["plain"]):
        return "\n".join(texts["plain"])
    return "\n".join(html_text(html.encode()) for html in texts["html"])


def _decoded(payload: bytes, charset: str | None) -> str:
    try:
        return payload.decode(charset or "utf-8").replace("\r\n", "\n")
    except (LookupError, UnicodeDecodeError):
        return decode(payload) or ""
