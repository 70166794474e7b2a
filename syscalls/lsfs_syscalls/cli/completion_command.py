"""`lsfs completion bash|zsh|fish`: the shell's completion, made from the same grammar as the command line."""

from __future__ import annotations

import argparse
import shlex

from lsfs.errors import EXIT_FOUND
from lsfs_syscalls.cli.session import Session

_BASH = """_lsfs() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} cmd=${{COMP_WORDS[1]}}
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W "{names}" -- "$cur")); return; fi
    case $cur in
        -*) case $cmd in
{cases}
            esac;;
        *) COMPREPLY=($(compgen -f -- "$cur"));;
    esac
}}
complete -o filenames -F _lsfs lsfs"""


def run(session: Session) -> int:
    """Print the script; put it where the shell reads its completions."""
    from lsfs_syscalls.cli.main import parser

    commands = _commands(parser())
    session.print({"bash": _bash, "zsh": _zsh, "fish": _fish}[session.options.shell](commands))
    return EXIT_FOUND


def _commands(p: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the subcommands by name, without the spellings with an underscore."""
    sub = next(a for a in p._actions if isinstance(a, argparse._SubParsersAction))
    return {n: c for n, c in sub.choices.items() if "_" not in n}


def _options(p: argparse.ArgumentParser) -> list[argparse.Action]:
    return [a for a in p._actions if a.option_strings and a.help != argparse.SUPPRESS]


def _bash(commands: dict[str, argparse.ArgumentParser]) -> str:
    cases = "\n".join(f"            {name}) {_complete(_words_of(p))};;" for name, p in commands.items())
    return _BASH.format(names=" ".join(commands), cases=cases)


def _words_of(p: argparse.ArgumentParser) -> str:
    return " ".join(o for a in _options(p) for o in a.option_strings)


def _complete(words: str) -> str:
    return f'COMPREPLY=($(compgen -W "{words}" -- "$cur"))'


def _zsh(commands: dict[str, argparse.ArgumentParser]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(commands)


def _fish(commands: dict[str, argparse.ArgumentParser]) -> str:
    lines = []
    for name, p in commands.items():
        about = shlex.quote(p.description or "")
        lines.append(f"complete -c lsfs -n __fish_use_subcommand -a {name} -d {about}")
        for a in _options(p):
            long = next((o[2:] for o in a.option_strings if o.startswith("--")), None)
            if long:
                lines.append(
                    f"complete -c lsfs -n '__fish_seen_subcommand_from {name}' -l {long} -d {shlex.quote(a.help or '')}"
                )
    return "\n".join(lines)
