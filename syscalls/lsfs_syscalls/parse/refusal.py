"""What is refused before anything is understood: shell commands, and nothing at all.

A line that is a command of a shell is not guessed at: `rm -rf x` typed here is answered with a question. Orders to ignore one's
instructions need no rule here, since no text can make the parser do more than name calls of the table; the model has learned
to take them for what they are, no request for files.
"""

# ruff: noqa: E501  word lists
from __future__ import annotations

import re

from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.words import Word

_COMMANDS = (
    "sudo rm ls cd cp mv cat grep egrep rg sed awk chmod chown chgrp kill pkill killall ps top git npm pip pip3 apt apt-get yum dnf brew "
    "docker kubectl ssh scp rsync curl wget tar gzip gunzip zip unzip dd mkfs fdisk mkdir rmdir ln df du echo export source bash sh zsh "
    "python python3 node make gcc vim vi nano emacs man which whoami uname ifconfig ping systemctl service crontab xargs less more head tail "
    "tree shred mount umount chroot su exec eval nohup"
)
_WORDS_OF_A_REQUEST = frozenset(
    "the a an my our your all every any please me it them this that these those about with by of from for and then which who what how is are "
    "was files file folder everything".split()
)
_AMBIGUOUS = frozenset(
    "cat cd head less make man mount more service source tail top touch tree which who zip kill exec node echo export".split()
)
_ON_LITERALS = frozenset("cat cd head tail less more tree man export source exec echo which".split())
"""Commands that are words of requests as well, but not before literals alone."""
_SYNTAX = re.compile(
    r"(?:^|\s)-{1,2}[A-Za-z][\w-]*(?:[=\s]|$)|\|\s*\w+|&&|\|\||;\s*(?:rm|cd|ls|cat)\b|\$\(|`[^`]+`\s*$|>\s*/|2>&1|:\(\)\s*\{|\$\{?[A-Z_]{2,}"
)


def check(prompt: str, words: list[Word]) -> None:
    """Pass where the prompt can be a request in words.

    Raises:
        Unclear: it is empty or a shell command.
    """
    if not any(w.mark or w.text[0].isalnum() for w in words):
        raise Unclear(asking.UNSURE)
    first = words[0].text
    if first in _ON_LITERALS and all(w.mark for w in words[1:]):
        raise Unclear(asking.SHELL_COMMAND)
    rest = {w.text.lower() for w in words[1:]}
    if first.islower() and first in _COMMANDS.split():
        sure = first not in _AMBIGUOUS or bool(_SYNTAX.search(prompt)) or len(words) == 1
        if sure and not (rest & _WORDS_OF_A_REQUEST and not _SYNTAX.search(prompt)):
            raise Unclear(asking.SHELL_COMMAND)
    if re.search(r"\s-(?:type|iname|name|mtime|exec|maxdepth)\s", prompt):
        raise Unclear(asking.SHELL_COMMAND)
    if re.search(r"&&|\|\s*(?:xargs|grep|sh|bash|wc|sort|tee|head|tail)\b|\brm\s+-\w*[rf]|^\$ |:\(\)\s*\{", prompt):
        raise Unclear(asking.SHELL_COMMAND)
