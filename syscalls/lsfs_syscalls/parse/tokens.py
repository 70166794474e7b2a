"""Words to the token ids of the model: word pieces for words, one reserved id for each mark of a literal."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from lsfs_syscalls.parse.words import MARKS, Word

_BEGIN, _END, _UNKNOWN = 101, 102, 100
MOST = 158
"""How many tokens of a prompt the model sees."""


class Tokens:
    """The vocabulary, with a cache of the words met so far."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {m: [self.mark_id(m)] for m in MARKS}

    @staticmethod
    def load(folder: Path) -> Tokens:
        """Return the vocabulary in `folder`."""
        return Tokens(Tokenizer.from_file(str(folder / "tokenizer.json")))

    def mark_id(self, mark: str) -> int:
        """Return the reserved id of a mark."""
        return self.id_of(f"[unused{MARKS.index(mark) + 1}]")

    def id_of(self, token: str) -> int:
        """Return the id of a token of the vocabulary."""
        found = self._tokenizer.token_to_id(token)
        return _UNKNOWN if found is None else int(found)

    def encode(self, words: list[Word]) -> tuple[list[int], list[int]]:
        """Return the token ids, and at which of them each word begins; words beyond `MOST` tokens are left out."""
        ids, first = [_BEGIN], []
        for w in words:
            pieces = self._pieces(w.seen)
            if len(ids) + len(pieces) > MOST:
                break
            first.append(len(ids))
            ids += pieces
        return [*ids, _END], first

    def _pieces(self, seen: str) -> list[int]:
        if seen not in self._known:
            if len(self._known) > 50_000:
                self._known = {m: [self.mark_id(m)] for m in MARKS}
            self._known[seen] = self._tokenizer.encode(seen, add_special_tokens=False).ids or [_UNKNOWN]
        return self._known[seen]
