"""What `lsfs read` prints: the bytes themselves into a file or pipe, on a terminal what a person can read."""

from __future__ import annotations

import base64
import sys
from typing import Any

from lsfs_syscalls.render.paint import Paint


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
        print(paint.plain(str(body["content"])).removesuffix("\n"))
    elif body.get("text"):
        print(paint.plain(str(body["text"])).removesuffix("\n"))
        print(
            paint.dim(f"(the text in {body['path']}; into a file or pipe its {body['size']} bytes are written)"),
            file=sys.stderr,
        )
    else:
        print(
            paint.dim(f"({body['path']} has {body['size']} bytes and no text; send them into a file or pipe)"), file=sys.stderr
        )
