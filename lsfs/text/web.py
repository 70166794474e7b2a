"""HTML pages to text, as a reader sees them: no addresses of links, no scripts. For the worker process: it meets hostile files.

Selectolax (the Lexbor parser, HTML5 rules) is imported here only. It takes a quarter of the time that the library for documents
takes to write Markdown, and the addresses of links and pictures, which that has, are no words of the page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsfs.text.decode import decode
from lsfs.text.extracted import Attributes, Extracted

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

# Control characters, which HTML has no way to write: they survive the joining of blanks, and are then line ends.
_LINE, _BLOCK, _KEPT, _BLANK = "\x01", "\x02", "\x03", "\x04"
_UNSEEN = ["script", "style", "noscript", "template", "svg", "head"]
_BLOCKS = (
    "address,article,aside,blockquote,dl,details,fieldset,figure,footer,form,h1,h2,h3,h4,h5,h6,header,hr,main,nav,ol,p,section,"
    "table,ul,div"
)
_LINES = "br,li,tr,dt,dd,option,caption,figcaption,summary,legend"
_HEADINGS = "h1,h2,h3,h4,h5,h6"
_CONTROLS = str.maketrans("", "", _LINE + _BLOCK + _KEPT + _BLANK)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]{2,40})", re.IGNORECASE)
_HEAD_BYTES = 4096
_META = {
    "author": "author", "dc.creator": "author", "article:author": "author", "description": "subject", "dc.subject": "subject",
    "keywords": "keyword", "date": "date", "dc.date": "date", "article:published_time": "date", "dcterms.created": "date",
}  # fmt: skip


def page(data: bytes) -> Extracted:
    """Return the text and attributes of an HTML page."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(_without_marks(_decoded(data)))
    attributes = _attributes(tree)
    return Extracted(_text(tree), attributes)


def html_text(data: bytes) -> str:
    """Return the text of an HTML page, of a mail for example."""
    return page(data).text


def _decoded(data: bytes) -> str:
    """Return the page in the encoding that it names, else in the one that it seems to have."""
    named = _CHARSET.search(data[:_HEAD_BYTES])
    if named and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode(named[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    text = decode(data)
    return data.decode("utf-8", "replace") if text is None else text


def _attributes(tree: LexborHTMLParser) -> Attributes:
    out: Attributes = {}
    title = tree.css_first("title")
    if title is not None and (text := _joined(title.text())):
        out["title"] = [text]
    for meta in tree.css("meta[content]"):
        key = (meta.attributes.get("name") or meta.attributes.get("property") or "").lower()
        field, value = _META.get(key), _joined(meta.attributes.get("content") or "")
        if field and value:
            values = [v.strip() for v in value.split(",")] if field == "keyword" else [value]
            out.setdefault(field, []).extend(values)
    language = tree.root.attributes.get("lang") if tree.root is not None else None
    if language:
        out["language"] = [language[:2].lower()]
    headings = [h for node in tree.css(_HEADINGS) if (h := _joined(node.text()).rstrip(" ¶#"))]
    return {**out, "heading": headings} if headings else out


def _text(tree: LexborHTMLParser) -> str:
    tree.strip_tags(_UNSEEN)
    body = tree.body
    if body is None:
        return ""
    for picture in tree.css("img[alt]"):
        picture.insert_before(f" {picture.attributes.get('alt') or ''} ")
    for node in tree.css("pre,textarea"):
        node.replace_with(_BLOCK + node.text().replace("\n", _KEPT).replace(" ", _BLANK) + _BLOCK)
    for node in tree.css(_BLOCKS):
        node.insert_before(_BLOCK)
        node.insert_after(_BLOCK)
    for node in tree.css(_LINES):
        node.insert_before(_LINE)
    for node in tree.css("td,th"):
        node.insert_after(" ")
    return _tidied(body.text(deep=True, separator=""))


def _tidied(text: str) -> str:
    """Return the text with blanks joined and the marks as line ends; what was kept keeps its lines and its blanks."""
    blocks = ("\n".join(line.strip() for line in block.split(_LINE)).strip() for block in _joined(text).split(_BLOCK))
    return "\n\n".join(b for b in blocks if b).replace(_KEPT, "\n").replace(_BLANK, " ").strip()


def _joined(text: str) -> str:
    return " ".join(text.split())


def _without_marks(text: str) -> str:
    marked = any(mark in text for mark in (_LINE, _BLOCK, _KEPT, _BLANK))
    return text.translate(_CONTROLS) if marked else text
