"""`lsfs watch --follow` as a process: each change once, as one line of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.syscalls.endtoend.conftest import Served


@pytest.fixture
def served(own: Served) -> Served:
    """An engine for one test: a follower hears of every subscription of its root."""
    return own


@contextmanager
def follower(served: Served, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "lsfs_syscalls.cli.main", "watch", *words, "--follow", "--yes"]
    process = subprocess.Popen(command, cwd=served.root, env=served.environ, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


def next_event(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    event: dict[str, Any] = json.loads(process.stdout.readline())
    return event


def test_a_follower_is_told_of_each_change_once_and_the_next_goes_on_there(served: Served) -> None:
    served.call("write", path="follow/a.txt", content="one\n")
    served.call("watch", path="follow/a.txt")
    served.call("write", path="follow/a.txt", content="two\n")
    with follower(served) as process:
        first = next_event(process)
        assert (first["event"], first["path"], first["actor"]) == ("modified", "follow/a.txt", "user")
        assert first["summary"] == "1 line added (“two”), 1 removed (“one”)"
        served.call("write", path="follow/a.txt", content="three\n")
        second = next_event(process)
        assert second["seq"] > first["seq"]
        served.call("write", path="follow/a.txt", content="four\n")
        third = next_event(process)
    served.call("write", path="follow/a.txt", content="five\n")
    with follower(served, "--after", str(third["seq"])) as process:
        assert "five" in next_event(process)["summary"]


def test_a_follower_of_a_path_hears_of_nothing_else(served: Served) -> None:
    served.call("write", path="hear/a.txt", content="one\n")
    served.call("watch", path="hear")
    last = served.call("events")["latest"]
    with follower(served, "hear/b.txt", "--after", str(last)) as process:
        until = time.monotonic() + 60.0
        while not any(s.get("path") == "hear/b.txt" for s in served.call("watch")["subscriptions"]):
            assert time.monotonic() < until, "the follower did not subscribe"
            time.sleep(0.05)
        served.call("write", path="hear/a.txt", content="two\n")
        served.call("write", path="hear/b.txt", content="here\n")
        event = next_event(process)
        assert (event["event"], event["path"]) == ("created", "hear/b.txt")


def test_what_changed_in_a_table_or_document_is_told_by_its_rows_and_lines(served: Served) -> None:
    served.call("write", path="t/prices.csv", content="plan,eur\nteam,290\nstarter,49\n")
    (served.root / "t/letter.html").write_text("<p>Two boats.</p>")
    served.settle()
    served.call("watch", path="t")
    served.call("write", path="t/prices.csv", content="plan,eur\nteam,310\nstarter,49\n")
    (served.root / "t/letter.html").write_text("<p>Three boats.</p>")
    served.settle()
    with follower(served) as process:
        told = {e["path"]: e["summary"] for e in (next_event(process), next_event(process))}
    assert told == {"t/prices.csv": "1 row changed (team: eur: 290 -> 310)", "t/letter.html": "1 line added, 1 removed"}
