"""Keeps the exam out of the training data: no name and no five words in a row of the held-out prompts may occur in it.

    python exam.py --update FILE.jsonl ...     write the hashes of the prompts of these files to `exam.hashes`
    python exam.py --check COUNT SEED          generate samples and count the hits (exit 1 when there is one)

Only hashes are kept here, and the generator drops a sample that hits one; so the held-out texts can be neither read nor imitated
from this folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HASHES = Path(__file__).parent / "exam.hashes"
GRAM = 5
_NAMES = frozenset(
    {"path", "files", "under", "to", "source", "like", "left", "right", "other", "authors", "any_authors", "affiliations"}
    | {"any_affiliations", "query", "content", "root", "at", "keywords", "any_keywords", "focus"}
)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def words(text: str) -> list[str]:
    """Return the words of a text for the comparison: lower case, letters and digits."""
    return re.findall(r"[\w']+", text.lower())


def grams(text: str) -> Iterator[str]:
    """Yield every five words in a row."""
    w = words(text)
    for i in range(len(w) - GRAM + 1):
        yield " ".join(w[i : i + GRAM])


def names_of(line: dict[str, object]) -> Iterator[str]:
    """Yield the names and topics in the labels of one line."""
    plans = [line.get("plan") or {}, *(line.get("accept") or [])]  # type: ignore[misc]
    for plan in plans:
        for step in plan.get("steps", []):
            for argument, value in step.get("args", {}).items():
                if argument in _NAMES:
                    yield from (v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str))


def is_name(text: str) -> bool:
    """Tell whether a label is peculiar to the exam: several words, or no plain word of one to five letters."""
    return not text.startswith("$") and (len(words(text)) > 1 or not re.fullmatch(r"[a-z]{1,5}/?", text)) and bool(words(text))


def update(files: list[str]) -> int:
    """Write the hashes of the files' prompts and names; return how many."""
    out: set[str] = set()
    for name in files:
        for line in Path(name).read_text(encoding="utf-8").splitlines():
            data = json.loads(line)
            out |= {_hash(g) for g in grams(data["prompt"])}
            for text in names_of(data):
                if is_name(text):
                    out.add(_hash("name " + " ".join(words(text))))
    HASHES.write_text("\n".join(sorted(out)) + "\n", encoding="ascii")
    return len(out)


def load() -> frozenset[str]:
    """Return the hashes."""
    return frozenset(HASHES.read_text(encoding="ascii").split())


def hits(prompt: str, values: list[str], forbidden: frozenset[str]) -> bool:
    """Tell whether a sample has five words in a row, or a name, of the exam."""
    if any(_hash(g) in forbidden for g in grams(prompt)):
        return True
    return any(_hash("name " + " ".join(words(v))) in forbidden for v in values)


def main() -> int:
    """Update the hashes or check the generator."""
    p = argparse.ArgumentParser()
    p.add_argument("--update", nargs="+", metavar="FILE")
    p.add_argument("--check", nargs=2, type=int, metavar=("COUNT", "SEED"))
    args = p.parse_args()
    if args.update:
        print(update(args.update), "hashes")
    if args.check:
        import compose

        forbidden = load()
        composer = compose.Composer(args.check[1])
        found = sum(
            hits(s.prompt, [s.prompt[x.start : x.end] for x in s.spans], forbidden) for s in composer.samples(args.check[0])
        )
        print(found, "of", args.check[0], "samples hit the exam")
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
