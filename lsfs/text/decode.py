"""Bytes to text: byte order marks, UTF-8, UTF-16 without a mark, then the single-byte encodings by detection.

A file with NUL bytes or many control characters is binary and has no text.
"""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 64 * 1024
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 27})


def decode(data: bytes) -> str | None:
    """Return the text of `data` with line ends as line feeds, or None when it is binary."""
    text = _decode(data)
    if text is None:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    head = data[:_SAMPLE]
    if b"\0" in head:
        order = _unmarked_utf16(head)
        return data.decode(order, "replace") if order else None
    if len(head.translate(None, _CONTROLS)) < len(head) * 0.98:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        if e.start > _SAMPLE:  # a long text with one broken spot stays UTF-8
            return data.decode("utf-8", "replace")
    return data.decode(_detected(data), "replace")


def _unmarked_utf16(head: bytes) -> str | None:
    """Return the byte order when nearly every second byte is NUL, as in UTF-16 of European languages."""
    even, odd = head[0::2], head[1::2]
    if len(odd) and odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.05 * len(even) + 1:
        return "utf-16-le"
    if len(even) and even.count(0) > 0.7 * len(even) and odd.count(0) < 0.05 * len(odd) + 1:
        return "utf-16-be"
    return None


def _detected(data: bytes) -> str:
    """Return the encoding that fits best: multi-byte ones and code pages by detection, else Windows Latin 1."""
    from charset_normalizer import from_bytes

    # Mostly ASCII: a Western text with accents, on which detection only guesses.
    high = sum(byte > 127 for byte in data[:_SAMPLE])
    if high < 0.15 * min(len(data), _SAMPLE):
        return "latin-1" if any(b in data for b in (0x81, 0x8D, 0x8F, 0x90, 0x9D)) else "cp1252"
    best = from_bytes(data[:_SAMPLE]).best()
    return best.encoding if best is not None else "cp1252"
