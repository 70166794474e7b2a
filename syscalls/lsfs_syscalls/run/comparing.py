"""What differs between two versions: as a table where both are tables, else as text, line by line.

Texts of documents (PDF, Word, mail) are compared as they were extracted. Of very long texts only what lies between the common
beginning and end is compared, and where even that is too long, only counted.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

from lsfs.model import Kind, State, Version, show
from lsfs.subscriptions.wording import line_changes
from lsfs.text.decode import decode
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.contents import tables_of, text_of
from lsfs_syscalls.run.context import Context
from lsfs_syscalls.run.large import between
from lsfs_syscalls.run.table_diff import diff_tables, table_json, table_summary, table_text
from lsfs_syscalls.run.tables import Table

MOST_LINES = 20_000
MOST_CHARACTERS = 4_000_000
_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs.

    Attributes:
        text: lines for people; empty when nothing differs, or nothing can be shown.
        summary: in a sentence.
        tables: the differences of tables as data, by sheet.
    """

    same: bool
    text: str
    summary: str
    tables: dict[str, Json] = field(default_factory=dict)


def compare(ctx: Context, old: Version, new: Version) -> Difference:
    """Return what differs from `old` to `new`."""
    if old.digest is not None and old.digest == new.digest:
        return Difference(True, "", "the same")
    for v in (old, new):
        if v.kind is Kind.FILE and v.state in (State.MISSED, State.LOST, State.REMOVED, State.PENDING):
            return Difference(False, "", f"different; version {v.number} of {show(v.path)} is {v.state.value}, not stored")
    before, after = tables_of(ctx, old), tables_of(ctx, new)
    if before and after:
        return _tables(before, after)
    a, b = ("" if v.kind is Kind.FILE and v.size == 0 else text_of(ctx, v) for v in (old, new))
    names = (f"{show(old.path)} (version {old.number})", f"{show(new.path)} (version {new.number})")
    if a is None or b is None:
        return _large(ctx, old, new, names) or Difference(False, "", f"different: {old.size} and {new.size} bytes, not text")
    text = unified(a, b, names)
    if not text:
        return Difference(a == b, "", "the text is the same, the files differ")
    return Difference(False, text, _counted(text) if text != _TOO_LONG else line_changes(a, b))


def _large(ctx: Context, old: Version, new: Version, names: tuple[str, str]) -> Difference | None:
    """Return what differs between texts that are too large to be indexed; None where they are no texts of lines."""
    if max(old.size, new.size) <= ctx.engine.config.index.max_text_bytes or ctx.engine.extractor.is_slow(new.path):
        return None
    with ctx.engine.versions.open(old) as a, ctx.engine.versions.open(new) as b:
        found = between(a, b)
    if found.old is None or found.new is None:
        words = f"{found.removed} bytes became {found.added} from line {found.line + 1} on; too much to be compared by lines"
        return Difference(False, _TOO_LONG, words)
    before, after = decode(found.old), decode(found.new)
    if before is None or after is None:
        return None
    text = unified(before, after, names)
    shifted = "".join(_moved(x, found.line) if x.startswith("@@ ") else x for x in text.splitlines(keepends=True))
    return Difference(False, shifted, _counted(shifted) if text != _TOO_LONG else line_changes(before, after))


def _counted(text: str) -> str:
    added, removed = (sum(1 for x in text.splitlines()[2:] if x.startswith(sign)) for sign in "+-")
    return f"{added} line{'' if added == 1 else 's'} added, {removed} removed"


_TOO_LONG = "(the differences are too long to be shown)\n"


def unified(a: str, b: str, names: tuple[str, str]) -> str:
    """Return the unified diff; of long texts only of the part between their common beginning and end."""
    old, new = a.splitlines(keepends=True), b.splitlines(keepends=True)
    head, tail = _common(old, new)
    old_part, new_part = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(old_part) + len(new_part) > MOST_LINES:
        return _TOO_LONG
    lines = list(difflib.unified_diff(old_part, new_part, *names, n=_CONTEXT))
    out = [_moved(x, head) if x.startswith("@@") else x for x in lines]
    if sum(map(len, out)) > MOST_CHARACTERS:
        return _TOO_LONG
    return "".join(x if x.endswith("\n") else x + "\n\\ No newline at end of file\n" for x in out)


def _common(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many lines both begin and end with, but for the context that is shown around a change."""
    least = min(len(old), len(new))
    head = next((i for i in range(least) if old[i] != new[i]), least)
    tail = next((i for i in range(least - head) if old[-1 - i] != new[-1 - i]), least - head)
    return max(head - _CONTEXT, 0), max(tail - _CONTEXT, 0)


def _moved(hunk: str, by: int) -> str:
    """Return a hunk's header with its line numbers moved by what was left out before."""
    _, old, new, _ = hunk.split(" ", 3)
    return f"@@ {_plus(old, by)} {_plus(new, by)} @@\n"


def _plus(span: str, by: int) -> str:
    first, comma, count = span[1:].partition(",")
    return f"{span[0]}{int(first) + by}{comma}{count}"


def _tables(before: Sequence[Table], after: Sequence[Table]) -> Difference:
    """Compare tables of the same name; a file with one table each is one pair whatever their names."""
    if len(before) == len(after) == 1:
        pairs = [(before[0], after[0])]
        gone: list[str] = []
        came: list[str] = []
    else:
        olds, news = {t.name: t for t in before}, {t.name: t for t in after}
        pairs = [(olds[n], news[n]) for n in news if n in olds]
        gone, came = [n for n in olds if n not in news], [n for n in news if n not in olds]
    lines = [f"- sheet {n}\n" for n in gone] + [f"+ sheet {n}\n" for n in came]
    words = [f"sheet {n} removed" for n in gone] + [f"sheet {n} added" for n in came]
    data: dict[str, Json] = {}
    for old, new in pairs:
        found = diff_tables(old, new)
        data[new.name] = table_json(found)
        if not found.same or (len(pairs) == 1 and not words):
            lines += [f"[{new.name}]\n"] if new.name and len(pairs) > 1 else []
            lines.append(table_text(found, old, new))
            prefix = f"{new.name}: " if new.name and len(pairs) > 1 else ""
            words.append(prefix + table_summary(found, broken=old.broken + new.broken))
    text = "".join(lines)
    return Difference(not text, text, "; ".join(words) or "the same rows", data)
