"""`lsfs completion bash|zsh|fish`: the shell's completion, made from the same grammar as the command line."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Iterator

from lsfs.errors import EXIT_FOUND
from lsfs_syscalls.cli.common import common_options
from lsfs_syscalls.cli.session import Session

_BASH = """_lsfs() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} cmd= i=1 IFS=$' \t\n'
    COMPREPLY=()
    while [ "$i" -lt "$COMP_CWORD" ]; do
        case ${{COMP_WORDS[$i]}} in
            {valued}) i=$((i+1));;
            -*) ;;
            *) cmd=${{COMP_WORDS[$i]}}; break;;
        esac
        i=$((i+1))
    done
    case "$cmd $prev" in
{choices}
    esac
    case $cur in
        -*) case $cmd in
{cases}
            esac
            return;;
    esac
    if [ -z "$cmd" ]; then case $prev in
        {valued}) ;;
        *) COMPREPLY=($(compgen -W "{names}" -- "$cur")); return;;
    esac; fi
    IFS=$'\n'
    COMPREPLY=($(compgen -f -- "$cur"))
}}
complete -o filenames -F _lsfs lsfs"""


_FISH = """function __lsfs_needs_command
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case {valued}
                set -e words[1]
            case '-*'
            case '*'
                return 1
        end
        set -e words[1]
    end
end"""


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
    every = common_options()
    cases = [f"            {name}) {_complete(_words_of(p))};;" for name, p in commands.items()]
    cases.append(f"            *) {_complete(_words_of(every))};;")
    choices = [
        f"        {_either(f'{name} {o}' for o in a.option_strings or [name])}) {_complete(words)}; return;;"
        for name, p in commands.items()
        for a, words in _chosen(p)
    ]
    return _BASH.format(
        names=" ".join(commands),
        cases="\n".join(cases),
        choices="\n".join(choices),
        valued="|".join(_valued()),
    )


def _valued() -> list[str]:
    """Return the options before the command that a value follows."""
    return [o for a in _options(common_options()) if a.nargs != 0 for o in a.option_strings]


def _chosen(p: argparse.ArgumentParser) -> Iterator[tuple[argparse.Action, str]]:
    """Yield the arguments that take one of a few words, with the words."""
    yield from ((a, " ".join(str(c) for c in a.choices)) for a in p._actions if a.choices)


def _either(patterns: Iterable[str]) -> str:
    return "|".join(f'"{p}"' for p in patterns)


def _words_of(p: argparse.ArgumentParser) -> str:
    return " ".join(o for a in _options(p) for o in a.option_strings)


def _complete(words: str) -> str:
    return f'COMPREPLY=($(compgen -W "{words}" -- "$cur"))'


def _zsh(commands: dict[str, argparse.ArgumentParser]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(commands)


def _fish(commands: dict[str, argparse.ArgumentParser]) -> str:
    lines = [_FISH.format(valued=" ".join(_valued()))]
    lines += [_fish_option("__lsfs_needs_command", a) for a in _options(common_options())]
    for name, p in commands.items():
        about = shlex.quote(p.description or "")
        lines.append(f"complete -c lsfs -n __lsfs_needs_command -f -a {name} -d {about}")
        seen = f"'__fish_seen_subcommand_from {name}'"
        lines += [_fish_option(seen, a) for a in _options(p)]
        lines += [f"complete -c lsfs -n {seen} -f -a '{words}'" for a, words in _chosen(p) if not a.option_strings]
    return "\n".join(lines)


def _fish_option(when: str, a: argparse.Action) -> str:
    """Return the line for an option: `-x` takes one of some words, `-r` any word, such as a file's name."""
    names = [f"-l {o[2:]}" if o.startswith("--") else f"-s {o[1:]}" for o in a.option_strings]
    takes = f" -x -a '{' '.join(str(c) for c in a.choices)}'" if a.choices else " -r" if a.nargs != 0 else ""
    return f"complete -c lsfs -n {when} {' '.join(names)}{takes} -d {shlex.quote(a.help or '')}"
