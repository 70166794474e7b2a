"""What the first half of parsing gives: clauses, each one thing asked for, with the stretches of text that fill its slots.

A clause is what was *said* ("delete | the pdfs | older than a year"); `lsfs_syscalls.parse.assemble` makes calls of it. The
intents are the calls of the table and the few ways of saying that a call needs to tell apart; the slots are the parts that
people say, named once for all the calls, so that what is learned of one serves the others.
"""

from __future__ import annotations

from dataclasses import dataclass

UNSUPPORTED, UNCLEAR = "unsupported", "unclear"
"""Intents of a clause that is no request to a file system, and of one whose object is missing."""

INTENTS: tuple[str, ...] = (
    "retrieve", "list", "stat", "read", "group_by", "join", "duplicates", "summarize", "history", "diff", "summarize_changes",
    "translate", "log", "create", "create_directory", "write", "append", "prepend", "touch", "concat", "copy", "move", "rename",
    "delete", "rollback", "undo", "snapshot", "tag", "untag", "lock", "unlock", "link", "unlink", "watch", "unwatch", "forget",
    "gc", "mount", "unmount", "links", "events", UNSUPPORTED, UNCLEAR,
)  # fmt: skip

SLOTS: tuple[str, ...] = (
    "PATH",  # the file or folder that the request is about, by its name
    "FOLDER",  # the folder it is in
    "TO",  # where something goes
    "SRC",  # where content comes from
    "OTHER",  # the second file or set
    "REF",  # it, them, the second one
    "QUERY", "QUERY2",  # a topic; the topic of a second set
    "K",  # how many files
    "STEPS",  # how many versions back, or transactions
    "VERSION", "VERSION2",  # a version by its number
    "WHEN",  # a stretch of time that limits
    "AT", "AT2",  # a point in time
    "DUR",  # how long, or until when
    "CONTENT",  # text to be written
    "NAME",  # the name of a snapshot
    "GLOB",  # what a file name begins with, contains, ends in
    "KW", "ANYKW", "EXCL",  # words that occur: all, one of them, none
    "AUTHOR", "ANYAUTHOR", "AFFIL", "ANYAFFIL",
    "TYPE", "LANG", "TAG", "HASTAG", "SORT", "SIZEMIN", "SIZEMAX", "LIKE", "MODE",
    "KEY",  # what to group or join by
    "LINES", "ACTOR", "FOCUS", "LENGTH", "THRESH",
    "REC",  # with what is below
    "CONTAIN",  # files contained in others
    "DROP",  # the parts are not kept
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """One filled slot.

    Attributes:
        text: the words as typed, quotes removed.
        mark: the mark of the literal, where the slot is one literal.
        before: the words that lead to it ("whose name starts with").
        after: the word behind it.
    """

    name: str
    text: str
    mark: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing asked for.

    Attributes:
        confidence: 0 to 1, that intent and slots are right.
        text: the stretch of the prompt, for questions.
    """

    intent: str
    slots: tuple[Slot, ...] = ()
    confidence: float = 1.0
    text: str = ""

    def all(self, *names: str) -> list[Slot]:
        """Return the slots of these names in the order in which they were said."""
        return [s for s in self.slots if s.name in names]

    def first(self, *names: str) -> str | None:
        """Return the text of the first slot of these names."""
        return next((s.text for s in self.slots if s.name in names), None)
