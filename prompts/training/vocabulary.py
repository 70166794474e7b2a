"""The lists of `vocabulary.txt` by name."""

from __future__ import annotations

from pathlib import Path


def _read() -> dict[str, list[str]]:
    text = (Path(__file__).parent / "vocabulary.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: members.split("|") for name, _, members in (line.partition(": ") for line in lines)}


LISTS = _read()
