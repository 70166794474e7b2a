"""What the offline parser costs and how right it is: load, a prompt, a thousand through the command, its size, its scores.

The prompts are those of the corpora, again and again. CPU beside wall time: these machines are shared.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path

from lsfs_syscalls.parse.model import load
from lsfs_syscalls.parse.parser import Parser
from tests.corpus.score import judge, wilson
from tests.corpus.score import load as read_corpus

CORPUS = Path(__file__).parents[1] / "corpus"
NOW = datetime(2026, 11, 23, 12)
Row = tuple[str, str, str]


def corpus(name: str) -> list[str]:
    return (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()


def costs(prompts: list[str]) -> Iterator[Row]:
    """Load the parser and parse the prompts one by one."""
    begin, cpu = time.perf_counter(), time.process_time()
    parser = Parser(load())
    yield "load: wall (CPU)", f"{time.perf_counter() - begin:.2f} s ({time.process_time() - cpu:.2f} s)", "0.3 s"
    used = []
    for prompt in prompts:
        cpu = time.process_time()
        parser.parse(prompt, NOW)
        used.append((time.process_time() - cpu) * 1e3)
    used.sort()
    figure = f"{statistics.median(used):.1f} ms, {used[len(used) * 99 // 100]:.1f} ms"
    yield "a prompt, CPU: median, 99th percentile", figure, "10 ms"


def thousand(prompts: list[str]) -> Iterator[Row]:
    """Parse 1,000 prompts through the command."""
    lines = "".join(f"{prompts[i % len(prompts)]}\n" for i in range(1000))
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "lsfs_syscalls.cli.main", "parse", "--jsonl"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert len(done.stdout.splitlines()) == 1000
    yield "1,000 prompts through `lsfs parse --jsonl`: wall (CPU)", f"{wall:.1f} s ({cpu:.1f} s)", "10 s"


def size() -> Row:
    """Return what the model takes in the package."""
    folder = Path(str(resources.files("lsfs_prompts"))) / "parser"
    return "model files", f"{sum(f.stat().st_size for f in folder.iterdir()) / 1e6:.0f} MB", "30 MB"


def scores(name: str, goal: str) -> Row:
    """Return right call and exact on a corpus, with Wilson's intervals."""
    parser = Parser(load())
    verdicts = [judge(label, parser.parse(label.prompt, label.now).to_json()) for label in read_corpus(corpus(name))]
    cells = []
    for right in ([v.call for v in verdicts], [v.exact for v in verdicts if v.exact is not None]):
        low, high = wilson(sum(right), len(right))
        cells.append(f"{100 * sum(right) / len(right):.1f} % [{100 * low:.1f}, {100 * high:.1f}]")
    return f"{name}, {len(verdicts)} prompts: right call; exact", "; ".join(cells), goal


def main() -> None:
    """Print the table."""
    prompts = [label.prompt for name in ("rq1", "heldout") for label in read_corpus(corpus(name))]
    prompts = [" ".join(p.split()) for p in prompts]
    print("| what | measured | goal |\n|---|---|---|")
    rows = [*costs(prompts), *thousand(prompts), size(), scores("rq1", "all"), scores("heldout", "92; 82")]
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
