"""Housekeeping: only when it is quiet, only what is due, only what the configuration says, and nothing is lost by it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from lsfs.config import Config, VersionsConfig
from lsfs.model import RelPath
from lsfs_syscalls.daemon.upkeep import Upkeep
from tests.syscalls.run.rig import EngineRig, running

DAY_S = 86_400.0
KEEP_TWO = replace(VersionsConfig(), keep_last=2, keep_within="", hourly=0, daily=0, weekly=0, monthly=0, yearly=0)


def edit(rig: EngineRig, times: int) -> list[str]:
    """Write a long text again and again; return its versions."""
    ignored = rig.engine.root / ".lsfsignore"
    if not ignored.exists():
        ignored.write_text("long.txt\n")  # versioned, not indexed: vectors take time
    lines = [f"line {n} {random.Random(n).getrandbits(60):x}" for n in range(3000)]
    texts = []
    for number in range(times):
        lines[number * 997 % 3000] = f"edited for the {number}th time"
        texts.append("\n".join(lines))
        rig.call("write", path="long.txt", content=texts[-1])
    return texts


def read_all(rig: EngineRig) -> list[str]:
    versions = rig.engine.versions
    history = reversed(versions.history(RelPath(b"long.txt")))
    return [versions.read(v).decode() for v in history if v.digest is not None]


def until_packed(rig: EngineRig, upkeep: Upkeep) -> None:
    """Work until all is packed: the engine may find something to look at in between, and then it waits."""
    for _ in range(20):
        rig.settle()
        upkeep.work()
        if not rig.engine.changes.unpacked():
            return
    raise AssertionError("it never became quiet")


def test_it_is_quiet_only_when_nobody_asked_for_a_while(tmp_path: Path) -> None:
    with running(tmp_path, {"a.txt": "one"}) as rig:
        assert not Upkeep(rig.engine).quiet()
        patient = Upkeep(rig.engine, quiet_s=0.0)
        assert patient.quiet()
        patient.stop()
        assert not patient.quiet()


def test_later_versions_become_differences_once_and_read_as_before(tmp_path: Path) -> None:
    now = [1_000_000_000.0]
    with running(tmp_path) as rig:
        texts = edit(rig, 12)
        upkeep = Upkeep(rig.engine, quiet_s=0.0, clock=lambda: now[0])
        assert upkeep.status() == {"upkeep": {"gc": None, "repack": None}}
        rig.settle()
        before = rig.engine.packs.stats().bytes
        until_packed(rig, upkeep)
        after = rig.engine.packs.stats().bytes
        assert after < before * 0.6
        assert upkeep.status()["upkeep"]["repack"] is not None
        assert read_all(rig) == texts
        texts += edit(rig, 3)[1:]
        upkeep.work()
        assert rig.engine.changes.unpacked() == 1, "it was done an hour ago"
        now[0] += DAY_S
        until_packed(rig, upkeep)
        assert read_all(rig)[:12] == texts[:12]
        assert rig.engine.check()["damage"] == []


def test_what_is_told_to_stop_goes_on_another_time(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        texts = edit(rig, 4)
        assert rig.engine.changes.repack(lambda: False).patched == 0
        assert rig.engine.changes.unpacked() == 1
        assert rig.engine.changes.repack().patched > 0
        assert rig.engine.changes.unpacked() == 0
        assert read_all(rig) == texts


def test_old_versions_stay_unless_the_user_said_daily(tmp_path: Path) -> None:
    with running(tmp_path, config=Config(versions=KEEP_TWO)) as rig:
        edit(rig, 5)
        Upkeep(rig.engine, quiet_s=0.0).work()
        assert len(read_all(rig)) == 5


def test_daily_garbage_collection_follows_the_rules_and_keeps_what_an_undo_needs(tmp_path: Path) -> None:
    config = Config(versions=replace(KEEP_TWO, gc="daily"))
    with running(tmp_path, config=config) as rig:
        for n in range(5):
            (rig.engine.root / "long.txt").write_text(f"text {n}\n" * 50)
            rig.settle()
        upkeep = Upkeep(rig.engine, quiet_s=0.0)
        upkeep.work()
        assert upkeep.status()["upkeep"]["gc"] is not None
        left = read_all(rig)
        assert left[-1] == "text 4\n" * 50
        assert rig.engine.check()["damage"] == []


def test_the_command_repacks_where_it_is_asked_to(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        texts = edit(rig, 4)
        answer = rig.call("gc", repack=True)
        assert answer["collected"] == 0
        assert answer["repacked"]["after"] < answer["repacked"]["before"]
        assert read_all(rig) == texts
