"""translate: a file in another language, by the configured model; without one the answer is what it needs."""

from __future__ import annotations

import re

from lsfs.errors import BadRequest, NotFound, Unavailable
from lsfs.model import Kind, path_json, show
from lsfs_syscalls.calls.reading import Translate
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.contents import text_of
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.told import framed, prompt
from lsfs_syscalls.writer import Writer

_PART = 6_000
MOST_CHARACTERS = 400_000


def translate(ctx: Context, call: Translate) -> Answer:
    """Translate a file's text, part by part.

    Raises:
        Unavailable: no model is configured, or it does not answer.
        NotFound: the file has no text.
    """
    entry = ctx.entry(call.path)
    if entry.kind is not Kind.FILE:
        raise BadRequest(f"{show(entry.path)} is a {entry.kind.value}; `translate` takes a file")
    if ctx.writer is None:
        raise Unavailable(
            "translating needs a language model: set [llm] base_url and model in the configuration (LSFS_LLM_BASE_URL, "
            "LSFS_LLM_MODEL) to any OpenAI-compatible server, one on this machine too"
        )
    text = text_of(ctx, ctx.engine.versions.version_by_id(entry.version))
    if not text or not text.strip():
        raise NotFound(f"{show(entry.path)} has no text to translate")
    notices: list[Json] = []
    if len(text) > MOST_CHARACTERS:
        notices.append(f"only the first {MOST_CHARACTERS} of {len(text)} characters were translated")
    done = _translated(ctx.writer, text[:MOST_CHARACTERS], call.language, show(entry.path))
    body: dict[str, Json] = {"text": done, "language": call.language, "kind": "model", "model": ctx.writer.name}
    source: Json = {**path_json(entry.path)}
    return Answer({**body, "sources": [source], "notices": notices, **ctx.fresh()}, (entry.path,))


def _translated(writer: Writer, text: str, language: str, name: str) -> str:
    instructions = prompt("translate", language=language)
    return "".join(
        lead + writer.write(instructions, framed(body, name)) + end if body else lead + end for lead, body, end in _parts(text)
    )


def _parts(text: str) -> list[tuple[str, str, str]]:
    """Cut at paragraphs; each part with the white space before and after it, which is kept as it is."""
    out = []
    at = 0
    while at < len(text):
        end = len(text)
        if end - at > _PART:
            cut = max(text.rfind("\n\n", at, at + _PART), at)
            end = cut + 2 if cut > at else max(text.rfind("\n", at, at + _PART), text.rfind(" ", at, at + _PART)) + 1
            end = end if end > at else at + _PART
        m = re.fullmatch(r"(?s)(\s*)(.*?)(\s*)", text[at:end])
        assert m is not None
        out.append((m[1], m[2], m[3]))
        at = end
    return out
