"""The worker process: reads one file after the other from its standard input, answers text and attributes on its output.

Parsers of PDF, Office and image formats meet hostile files here, under a limit of memory, away from the engine. It is started
with exec by `lsfs.text.pool`, which also sets the time limit. It sees bytes, never paths, and answers JSON, which the engine
can read without trusting it.

A request is `<u32 length of the name><u64 length of the content><u8 kind><name><content>`, an answer `<u32 length><JSON>`,
numbers little endian; kind 0 asks for text and attributes, kind 1 for the attributes of the user's extractors. What the
libraries print goes to standard error.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

from lsfs.text.custom import Custom
from lsfs.text.documents import MIME, document
from lsfs.text.extracted import Extracted
from lsfs.text.families import FAMILIES, extension
from lsfs.text.mail import mail
from lsfs.text.media import image, sound
from lsfs.text.plain import finished
from lsfs.text.web import html_text, page

REQUEST = struct.Struct("<IQB")
ANSWER = struct.Struct("<I")
_CLASSES = re.compile(r"\b(?:\w+(?:Error|Exception): )+")
_OBJECTS = re.compile(r" ?<[\w.]+ object at 0x[0-9a-f]+>")
TEXT, CUSTOM = 0, 1
"""Kinds of request."""

_PAGES = frozenset(["html", "htm", "xhtml"])
_PICTURES = frozenset("jpg jpeg png gif bmp tif tiff webp ico avif".split())
_SOUNDS = FAMILIES["audio"] | frozenset(["mp4", "m4v", "mov"])


def handled(ext: str) -> bool:
    """Tell whether files of this extension are read by the worker."""
    return ext in MIME or ext in _PAGES or ext in _PICTURES or ext in _SOUNDS or ext == "eml"


def extract(name: str, data: bytes) -> Extracted:
    """Return what is in a file; a file that cannot be read has the reason instead of text."""
    ext = extension(name.encode("utf-8", "surrogateescape"))
    try:
        found = _reader(ext, name)(data)
    except Exception as e:  # noqa: BLE001 - any error of a parser is the file's, not ours
        found = Extracted(reason=f"cannot be read as {ext}: {_in_words(e)}")
    return finished(found)


def _in_words(e: Exception) -> str:
    """Return what a parser says of a file, without the names of its classes and the addresses of its objects."""
    if isinstance(e, MemoryError):
        return "it needs more memory than a reader may have"
    words = _CLASSES.sub("", _OBJECTS.sub("", str(e)))
    return words[:200].strip() or type(e).__name__


def _reader(ext: str, name: str) -> Callable[[bytes], Extracted]:
    if ext in MIME:
        return lambda data: document(data, ext)
    if ext in _PAGES:
        return page
    if ext == "eml":
        return lambda data: mail(data, html_text)
    if ext in _PICTURES:
        return image
    if ext in _SOUNDS:
        return lambda data: sound(data, name)
    return lambda _: Extracted()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the input ends."""
    custom = Custom()
    while True:
        head = requests.read(REQUEST.size)
        if len(head) < REQUEST.size:
            return
        name_length, length, kind = REQUEST.unpack(head)
        name = requests.read(name_length).decode("utf-8", "surrogateescape")
        data = requests.read(length)
        found = custom.extract(name, data) if kind == CUSTOM else extract(name, data)
        answer = json.dumps(found.to_json()).encode("ascii")
        answers.write(ANSWER.pack(len(answer)))
        answers.write(answer)
        answers.flush()


def main() -> int:
    """Limit this process and serve on standard input and output."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    # The libraries may print: keep the answers' descriptor for ourselves and send the rest to standard error.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(io.BufferedReader(io.FileIO(0)), answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
