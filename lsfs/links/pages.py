"""The small page that a browser sees at a link, and the names in headers. Everything from outside is escaped."""

from __future__ import annotations

import html
import urllib.parse
from datetime import UTC, datetime

from lsfs.links.content import Parcel
from lsfs.model import FOREVER

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#222;background:#fff}}
a.get{{display:inline-block;padding:.6rem 1.2rem;background:#1a5fb4;color:#fff;border-radius:.4rem;text-decoration:none}}
table{{border-collapse:collapse;width:100%}}td{{padding:.2rem 0;border-bottom:1px solid #ddd}}td+td{{text-align:right}}
small{{color:#555}}</style></head>
<body><h1>{title}</h1>{body}</body></html>
"""
_MOST_ROWS = 200


def download_page(parcel: Parcel, *, expires_ns: int) -> str:
    """Return the page of a link."""
    what = "" if parcel.single else f"{len(parcel.files)} files, "
    until = "" if expires_ns == FOREVER else f" · valid until {_time(expires_ns)}"
    rows = "" if parcel.single else _rows(parcel)
    button = "Download" if parcel.single else "Download all as ZIP"
    body = (
        f'<p><a class="get" href="?download=1">{button}</a></p>'
        f"<p><small>{what}{size_text(parcel.size)}{until}</small></p>{rows}"
    )
    return _PAGE.format(title=html.escape(parcel.name), body=body)


def message_page(text: str) -> str:
    """Return a page that says why there is nothing to download."""
    return _PAGE.format(title="No download", body=f"<p>{html.escape(text)}</p>")


def _rows(parcel: Parcel) -> str:
    rows = "".join(f"<tr><td>{html.escape(f.name)}</td><td>{size_text(f.size)}</td></tr>" for f in parcel.files[:_MOST_ROWS])
    more = len(parcel.files) - _MOST_ROWS
    return f"<table>{rows}</table>" + (f"<p>and {more} more</p>" if more > 0 else "")


def _time(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M UTC")


def size_text(size: int) -> str:
    """Return a size for people."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def disposition(name: str) -> str:
    """Return the Content-Disposition of a download (RFC 6266): the name in ASCII, and whole in UTF-8."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%/' else "_" for c in name) or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"
