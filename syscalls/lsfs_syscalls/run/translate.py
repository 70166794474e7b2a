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
from lsfs_syscalls.writer import Reply, Writer

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
    done, faults = _translated(ctx, ctx.writer, text[:MOST_CHARACTERS], call.language, show(entry.path))
    notices += faults
    body: dict[str, Json] = {"text": done, "language": call.language, "kind": "model", "model": ctx.writer.name}
    if notices:
        body["partial"] = True
    source: Json = {**path_json(entry.path)}
    return Answer({**body, "sources": [source], "notices": notices, **ctx.fresh()}, (entry.path,))


def _translated(ctx: Context, writer: Writer, text: str, language: str, name: str) -> tuple[str, list[Json]]:
    """Return the translation and what is missing in it; a model that goes away in the middle leaves what it has done.

    Raises:
        Unavailable: it does not answer at all.
    """
    instructions = prompt("translate", language=language)
    parts = _parts(text)
    out: list[str] = []
    faults: list[Json] = []

    def tell(piece: str) -> None:
        out.append(piece)
        if piece:
            ctx.tell({"text": piece})

    for number, (lead, body, end) in enumerate(parts, start=1):
        tell(lead)
        try:
            reply = writer.write(instructions, framed(body, name), tell) if body else Reply("")
        except Unavailable as e:
            if number == 1:
                raise
            return "".join(out), [*faults, f"only {number - 1} of {len(parts)} parts were translated: {e}"]
        if reply.fault:
            faults.append(f"part {number} of {len(parts)} is not whole: {reply.fault}")
        tell(end)
    return "".join(out), faults


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
