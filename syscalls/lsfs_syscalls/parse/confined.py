"""What no call can do although one that looks like it can: it would take back, take away or overwrite more than was said.

An undo takes back the latest change that was made before the plan, never a step of the plan; old versions go by the retention
rules, and `forget` takes the file with them; nothing edits inside a file, and a `write` overwrites all of it. Each of these is
asked about. The words are looked at with the marks of literals in their places, so that no name counts as a word.
"""

from __future__ import annotations

from lsfs_syscalls.calls.record import Call, Effect
from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.words import Word


def check(words: list[Word], steps: tuple[Call, ...]) -> None:
    """Pass where the steps do no more than what was said.

    Raises:
        Unclear: they would.
    """
    changing = [s for s in steps if type(s).effect is not Effect.READ]
    if len(changing) > 1 and any(type(s).syscall == "undo" and "transaction" not in s.to_json() for s in changing):
        raise Unclear(asking.UNDO_ALONE)
