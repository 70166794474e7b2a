"""Colours for a terminal, and none elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paint:
    """Wraps text in ANSI colours, or leaves it as it is.

    Attributes:
        colour: whether the output understands escape codes.
        width: columns of the output.
        terminal: whether the output goes to a terminal: content of files is then shown, and not passed on byte for byte.
    """

    colour: bool = False
    width: int = 100
    terminal: bool = False

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
