r"""Texts that a terminal only shows: what comes from files, their names, models and other programs cannot steer it.

What could move the cursor, set the title or colours, turn the direction of writing or hide itself becomes a visible mark
(`\x1b`); so does half a character, which cannot be encoded. Line ends and tabs stay. In JSON the same characters are written
as JSON escapes, which mean exactly what was there.
"""

from __future__ import annotations

import json
import re
from typing import Any

_HIDDEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # the control characters, but for tab and line feed
    r"\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # the direction of writing, and nothing at all
    r"\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff"  # other line ends, marks, halves of characters
    r"\U000e0000-\U000e007f"  # tags, which nobody sees
)
_STEERING = re.compile(f"[{_HIDDEN}]")
_PAINTED = re.compile(rf"(\x1b\[(?:0|1|2|31|32|36)m)|[{_HIDDEN}]")
_CARRIAGE = re.compile(r"\r(?=\n)|\r\Z")


def plain_text(text: str) -> str:
    """Return a text of a file, a name or a model as it can be printed."""
    return _STEERING.sub(_mark, _CARRIAGE.sub("", text))


def painted_text(text: str) -> str:
    """Return a text that our own colours (`Paint`) are in, as it can be printed."""
    return _PAINTED.sub(lambda m: m[1] or _mark(m), text)


def plain(value: Any) -> Any:
    """Return an answer all of whose texts can be printed."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return [plain(x) for x in value]
    return {plain(k): plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def json_text(data: Any) -> str:
    """Return one line of JSON that means exactly `data` and that a terminal only shows."""
    return _STEERING.sub(lambda m: json.dumps(m[0])[1:-1], json.dumps(data, ensure_ascii=False))


def _mark(m: re.Match[str]) -> str:
    code = ord(m[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
