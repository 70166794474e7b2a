"""Colours for a terminal, and none elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paint:
    """Wraps text in ANSI colours, or leaves it as it is.

    Attributes:
        colour: whether the output understands escape codes.
        width: columns of the output.
        terminal: whether the output goes to a terminal, which what is in files must not steer.
    """

    colour: bool = False
    width: int = 100
    terminal: bool = False

    def plain(self, text: str) -> str:
        """Return text of a file or name as it can be printed."""
        return plain_text(text) if self.terminal else text

    def dim(self, text: str) -> str:
        """Return `text` for what is secondary."""
        return self._wrap("2", text)

    def bold(self, text: str) -> str:
        """Return `text` for what matters."""
        return self._wrap("1", text)

    def good(self, text: str) -> str:
        """Return `text` for what was added or went well."""
        return self._wrap("32", text)

    def bad(self, text: str) -> str:
        """Return `text` for what is removed or failed."""
        return self._wrap("31", text)

    def name(self, text: str) -> str:
        """Return `text` for the name of a file."""
        return self._wrap("36", text)

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def cut(self, text: str, used: int = 0) -> str:
        """Return `text` on one line, cut to what is left of the width."""
        flat = " ".join(text.split())
        room = max(20, self.width - used)
        return flat if len(flat) <= room else flat[: room - 1] + "…"


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain_text(text: str) -> str:
    """Return text that a terminal only shows: what could move its cursor, set its title or colours is a visible mark.

    File names and texts come from anybody; line ends and tabs stay.
    """
    return _CONTROL.sub(lambda m: "" if m[0] == "\r" else f"\\x{ord(m[0]):02x}", text)
