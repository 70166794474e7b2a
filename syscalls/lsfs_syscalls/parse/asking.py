"""The short questions that take the place of a guess."""

from __future__ import annotations

NOT_FOR_FILES = (
    "That is nothing a file system does. I find, read, group, compare, write, move, share, roll back and undo files; "
    "what shall I do with yours?"
)
WHICH_FILE = "Which file do you mean?"
WHICH_FILES = "Which files do you mean?"
WHERE_TO = "Where shall it go?"
WHAT_TEXT = "What text shall be written?"
WHAT_NAME = "What shall it be called?"
WHAT_TAG = "Which tag?"
WHICH_LANGUAGE = "Into which language?"
WHAT_KEY = "Group them by what: topic, type, author, folder, day, month, year, language or tag?"
WHAT_TO_FIND = "What shall I look for?"
WHAT_TO_WATCH = "What shall I watch: which file, or which topic?"
WHICH_STATE = "Back to which state: how many versions, which version, or which time?"
SHELL_COMMAND = "That is a shell command. Say what you want in words, or run it in a shell on the mounted directory."
UNSURE = "I am not sure what you mean. Can you say it in other words?"


class Unclear(Exception):
    """A clause cannot become a call without guessing; raised and caught inside this package only.

    Attributes:
        question: what to ask.
        candidates: possible answers, best first.
    """

    def __init__(self, question: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(question)
        self.question = question
        self.candidates = candidates
