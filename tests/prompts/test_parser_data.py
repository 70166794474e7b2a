"""The parser's data in the package: there, small, quick, and made without a look at the exam."""

import json
import subprocess
import sys
import time
from datetime import datetime
from importlib import resources
from pathlib import Path

import pytest

from lsfs_syscalls.calls.table import CALLS
from lsfs_syscalls.parse.builders import BUILDERS
from lsfs_syscalls.parse.clause import INTENTS, SLOTS, UNCLEAR, UNSUPPORTED
from lsfs_syscalls.parse.model import load
from lsfs_syscalls.parse.parser import Parser

ROOT = Path(__file__).parents[2]
DATA = Path(str(resources.files("lsfs_prompts"))) / "parser"
NOW = datetime(2026, 11, 23, 12)


def test_the_model_takes_at_most_30_megabytes() -> None:
    assert sum(f.stat().st_size for f in DATA.iterdir()) <= 30 * 10**6


def test_the_labels_of_the_model_are_those_of_the_code() -> None:
    labels = json.loads((DATA / "labels.json").read_text(encoding="utf-8"))
    assert labels["intents"] == list(INTENTS)
    assert labels["tags"] == ["O", *(f"{p}-{s}" for s in SLOTS for p in "BI")]


def test_every_intent_has_a_builder_and_every_call_an_intent() -> None:
    assert set(BUILDERS) == set(INTENTS) - {UNSUPPORTED, UNCLEAR}
    assert set(CALLS) <= set(INTENTS)


def test_a_prompt_takes_at_most_ten_milliseconds_of_one_core() -> None:
    parser = Parser(load())
    prompts = [
        "find the three newest pdfs on harbour dredging that Ada Holm changed since last Tuesday and group them by author",
        "could you put the invoices from Initech into taxes/2026 please, then tag them as paid",
        "bring kelmo back to how it was two days before yesterday",
    ]
    for p in prompts:
        parser.parse(p, NOW)
    began = time.process_time()
    for p in prompts * 10:
        parser.parse(p, NOW)
    assert (time.process_time() - began) / 30 <= 0.010


def test_loading_takes_at_most_300_milliseconds_of_cpu() -> None:
    """In a process that has the runtime libraries loaded, as the engine has."""
    load()
    began = time.process_time()
    load()
    assert time.process_time() - began <= 0.3


def test_no_generated_sample_has_a_name_or_five_words_of_the_exam() -> None:
    script = ROOT / "prompts" / "training" / "exam.py"
    done = subprocess.run([sys.executable, str(script), "--check", "1500", "11"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hashes_of_the_exam_are_up_to_date(tmp_path: Path) -> None:
    exam = ROOT / "tests" / "corpus"
    copy = tmp_path / "exam.py"
    copy.write_text((ROOT / "prompts" / "training" / "exam.py").read_text(encoding="utf-8"), encoding="utf-8")
    files = [str(exam / f"{n}.jsonl") for n in ("rq1", "heldout", "negatives")]
    subprocess.run([sys.executable, str(copy), "--update", *files], check=True, capture_output=True, timeout=60)
    ours = (ROOT / "prompts" / "training" / "exam.hashes").read_text(encoding="ascii")
    assert (tmp_path / "exam.hashes").read_text(encoding="ascii") == ours


@pytest.mark.parametrize("marker", ["{calls}", "{context}"])
def test_the_instructions_for_models_have_their_places(marker: str) -> None:
    assert marker in (resources.files("lsfs_prompts") / "plan.md").read_text(encoding="utf-8")
