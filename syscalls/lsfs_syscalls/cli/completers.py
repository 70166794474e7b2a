"""Completion in the shell: names and options of calls, and paths of the root."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from lsfs.errors import LsfsError
from lsfs_syscalls.connect import Client


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
    """Completes a word to the paths of the folder it names."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """Yield the names in the folder that the last word is in."""
        if " " not in document.text_before_cursor:
            return
        word = document.text_before_cursor.split(" ")[-1]
        folder, slash, _ = word.rpartition("/")
        try:
            body = self._client.call("list", {"under": folder} if folder else {})
        except LsfsError:
            return
        for f in body["files"]:
            path = str(f["path"]) + ("/" if f["kind"] == "directory" else "")
            if path.startswith(folder + slash) and path.startswith(word):
                yield Completion(path, -len(word))
