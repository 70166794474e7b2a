"""What a short request lacks besides its file: "translate a.txt" lacks a language and "move a.txt" a place, not a file.

The model reads such a request as unclear, and the general question would ask for the file that was just named. Here the verb
says what to ask; `lsfs_syscalls.parse.asking.completed` puts the answer where it belongs.
"""

from __future__ import annotations

from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.words import FILE, FOLDER, IDENT, QUOTED_PATH, Word

_NAMES = frozenset({FILE, FOLDER, QUOTED_PATH, IDENT})
_BESIDES = frozenset("please the a my our file folder document to into in this up can could you .".split())
"""Words of such a request that say nothing more."""
_QUESTIONS = {
    **dict.fromkeys(("move", "put", "relocate", "transfer", "copy", "duplicate"), asking.WHERE_TO),
    "rename": asking.WHICH_NAME,
    **dict.fromkeys(("translate", "übersetze", "traduis", "traduce"), asking.WHICH_LANGUAGE),
    **dict.fromkeys(("tag", "label", "mark", "untag"), asking.WHAT_TAG),
    **dict.fromkeys(("write", "append", "prepend", "add"), asking.WHAT_TEXT),
}


def question(words: list[Word], general: str) -> str:
    """Return the question for a request that is nothing but a verb and one name; else the general one, as it is."""
    if general not in (asking.WHICH_FILE, asking.WHICH_FILES):
        return general
    rest = [w.text.lower() for w in words if w.mark not in _NAMES]
    said = [w for w in rest if w not in _BESIDES]
    if len(words) - len(rest) != 1 or len(said) != 1:
        return general
    return _QUESTIONS.get(said[0], general)
