"""summarize_changes: what was added, removed and changed in files between two times, with the differences behind it."""

from __future__ import annotations

from lsfs.errors import BadRequest, Unavailable
from lsfs.model import path_json, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import SummarizeChanges
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.changed import ChangedFile, changed_below, changed_files, words_of
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.told import Passage, prompt, sources, write_about

MOST_FILES = 500
_DIFF_CHARACTERS = 4_000
_DIFFS = 50


def summarize_changes(ctx: Context, call: SummarizeChanges) -> Answer:
    """Name what changed in each file; a configured model writes the summary, else it is made of the differences themselves."""
    changed = _changed(ctx, call)
    parts = [(c, *words_of(ctx, c)) for c in changed[:MOST_FILES]]
    files: list[Json] = [_source(c, words, text, shown=i < _DIFFS) for i, (c, words, text) in enumerate(parts)]
    notices: list[Json] = []
    if len(changed) > MOST_FILES:
        notices.append(f"{len(changed)} files changed; the first {MOST_FILES} are told")
    summary = "\n".join(f"{show(c.path)}: {words}" for c, words, _ in parts) or "nothing changed"
    body: dict[str, Json] = {"summary": summary, "kind": "extractive"}
    if ctx.writer is not None and parts:
        body |= _by_model(ctx, parts, notices)
    body |= {"sources": files, "notices": notices, **ctx.fresh()}
    return Answer(body, tuple(c.path for c in changed), found=bool(changed))


def _changed(ctx: Context, call: SummarizeChanges) -> list[ChangedFile]:
    since, until = ctx.time_ns(call.since, end=False), ctx.time_ns(call.until)
    given = [x for x in (call.path, call.under, call.files or None) if x is not None]
    if len(given) > 1:
        raise BadRequest("`summarize_changes` takes one of `path`, `under` and `files`")
    if call.files:
        return changed_files(ctx, ctx.files(call.files), since, until)
    path = ctx.path(call.path or call.under or "")
    if not ctx.is_folder(path) and call.under is None:
        ctx.engine.versions.file_of(path)
        return changed_files(ctx, [path], since, until)
    return changed_below(ctx, path, since, until)


def _source(c: ChangedFile, words: str, text: str, *, shown: bool) -> Json:
    out: dict[str, Json] = {**path_json(c.path), "what": words, "versions": c.count, "last": times.iso_ns(c.last_ns)}
    out["from"] = None if c.before is None else c.before.number
    out["to"] = None if c.after is None else c.after.number
    if c.old_path is not None and c.old_path != c.path:
        out["old_path"] = path_json(c.old_path)["path"]
    if shown and text:
        out["diff"] = text if len(text) <= _DIFF_CHARACTERS else text[:_DIFF_CHARACTERS] + "…\n"
    return out


def _by_model(ctx: Context, parts: list[tuple[ChangedFile, str, str]], notices: list[Json]) -> dict[str, Json]:
    """Return the model's words for the differences; what cannot be had from it is said, and the other summary stays."""
    assert ctx.writer is not None
    passages = [Passage(c.path, None, f"{words}\n{text}") for c, words, text in parts]
    try:
        written = write_about(ctx.writer, prompt("changes"), passages, ctx.tell)
    except Unavailable as e:
        notices.append(f"extractive: {e}")
        return {}
    if written.left_out:
        notices.append(f"the model was not told of {written.left_out} of the files")
    notices += [f"the summary is not whole: {fault}" for fault in written.faults]
    return {"summary": written.text, **written.labels(ctx.writer.name), "cited": sources(written.cited)}
