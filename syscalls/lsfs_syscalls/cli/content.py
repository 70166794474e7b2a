"""What `lsfs read` prints: the bytes themselves into a file or pipe, on a terminal what a person can read."""

from __future__ import annotations

import base64
import sys
from typing import Any

from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.render.plain import plain_text


def write_content(body: dict[str, Any], paint: Paint) -> None:
    """Print the content of a `read` answer: exactly, unless a terminal shows it."""
    binary = body.get("encoding") == "base64"
    if not sys.stdout.isatty():
        content = str(body["content"])
        sys.stdout.flush()
        sys.stdout.buffer.write(base64.b64decode(content) if binary else content.encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
        return
    if not binary:
        print(plain_text(str(body["content"])).removesuffix("\n"))
        return
    name = plain_text(str(body["path"]))
    if body.get("text"):
        print(plain_text(str(body["text"])).removesuffix("\n"))
        words = f"(the text in {name}; into a file or pipe its {body['size']} bytes are written)"
    else:
        words = f"({name} has {body['size']} bytes and no text; send them into a file or pipe)"
    print(paint.dim(words), file=sys.stderr)
