"""Completion in the shell: names and options of calls, paths of the root, and prompts that were said before.

A path with a blank or a quote in it is completed in quotation marks, as calls and prompts both understand it.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from itertools import islice

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import History

from lsfs.errors import LsfsError
from lsfs_syscalls.connect import Client

_MOST_SAID = 8
_NEEDS_QUOTING = re.compile(r"[^\w./+,:@%=~-]")


class CallCompleter(Completer):
    """Completes the first word to a call, and later words that begin with a dash to its options."""

    def __init__(self, calls: Mapping[str, ArgumentParser]) -> None:
        self._calls = calls

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """Yield what could follow."""
        words = document.text_before_cursor.split(" ")
        word = words[-1]
        if len(words) == 1:
            yield from (Completion(n, -len(word)) for n in sorted(self._calls) if n.startswith(word) and "_" not in n)
        elif word.startswith("-") and words[0] in self._calls:
            options = [o for a in self._calls[words[0]]._actions for o in a.option_strings]
            yield from (Completion(o, -len(word)) for o in options if o.startswith(word))


class PathsOfRoot(Completer):
    """Completes a word, or what a quotation mark begins, to the paths of the folder it names."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """Yield the names in the folder that the last word is in."""
        text = document.text_before_cursor
        if " " not in text:
            return
        word, typed = last_word(text)
        folder, slash, _ = word.rpartition("/")
        try:
            body = self._client.call("list", {"under": folder} if folder else {})
        except LsfsError:
            return
        for f in body["files"]:
            path = str(f["path"]) + ("/" if f["kind"] == "directory" else "")
            if path.startswith(folder + slash) and path.startswith(word):
                yield Completion(quoted(path, typed), -len(typed), display=path)


class SaidBefore(Completer):
    """Completes a line to the prompts of the history that begin with it, the latest first."""

    def __init__(self, history: History) -> None:
        self._history = history

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """Yield at most a handful, each once."""
        text = document.text_before_cursor
        said = dict.fromkeys(reversed(self._history.get_strings())) if text.strip() else {}
        found = (s for s in said if s.startswith(text) and s != text and " " in s and "\n" not in s)
        yield from (Completion(s, -len(text)) for s in islice(found, _MOST_SAID))


def last_word(text: str) -> tuple[str, str]:
    """Return the last word of a line as it is meant, and as it is typed: with the quotation mark that is still open."""
    open_at, mark = -1, ""
    for i, c in enumerate(text):
        if mark:
            mark = "" if c == mark else mark
        elif c in "\"'" and (i == 0 or text[i - 1] == " "):
            open_at, mark = i, c
    if mark:
        return text[open_at + 1 :], text[open_at:]
    word = text.rpartition(" ")[2]
    return word, word


def quoted(path: str, typed: str) -> str:
    """Return a path as it is typed: in quotation marks where it needs them, left open behind a folder."""
    mark = typed[:1] if typed[:1] in ("'", '"') else ""
    if not mark and not _NEEDS_QUOTING.search(path):
        return path
    if not mark:
        mark = "'" if '"' in path else '"'
    return f"{mark}{path}" if path.endswith("/") else f"{mark}{path}{mark}"
