"""What a rollback aims at: for each path, the version that shall be there.

Pure reading. A file is put back by steps, version, time or snapshot; a folder or the tree by time or snapshot (names that came
later go, but for what was there when lsfs came to know the root; names that went come back), or by steps, which are then
transactions that touched it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from lsfs.changes.putback import NOTHING, Target
from lsfs.errors import BadRequest, LsfsError, NotFound
from lsfs.model import Fid, Kind, RelPath, State, VersionId, show
from lsfs.versions import tree
from lsfs.versions.versions import Versions


@dataclass(frozen=True, slots=True)
class Goal:
    """Where to go back to; one of the four is set."""

    steps: int | None = None
    version: int | None = None
    time_ns: int | None = None
    snapshot: str | None = None

    def __post_init__(self) -> None:
        if sum(v is not None for v in (self.steps, self.version, self.time_ns, self.snapshot)) != 1:
            raise BadRequest("roll back to what? give one of: steps, version, time, snapshot")
        if self.steps is not None and self.steps < 1:
            raise BadRequest("the number of steps to roll back is 1 or more")


def targets_of(versions: Versions, paths: Sequence[RelPath], goal: Goal) -> dict[RelPath, Target]:
    """Return what shall be at the paths and below them; raises as `targets_for` does."""
    targets: dict[RelPath, Target] = {}
    for path in paths:
        targets |= targets_for(versions, path, goal)
    return targets


def likely_targets(versions: Versions, paths: Sequence[RelPath], goal: Goal) -> dict[RelPath, Target] | None:
    """Return them as the tables have them before the disk is looked at; None where they cannot tell yet."""
    with suppress(LsfsError):
        return targets_of(versions, paths, goal)
    return None


def targets_for(versions: Versions, path: RelPath, goal: Goal) -> dict[RelPath, Target]:
    """Return what shall be at `path` (and below it, for a folder).

    Raises:
        NotFound: no such file, version or snapshot; nothing there at that time; its content was missed.
    """
    time_ns = versions.snapshot_time(goal.snapshot) if goal.snapshot is not None else goal.time_ns
    if not path or _is_folder(versions, path, time_ns):
        return _folder(versions, path, goal, time_ns)
    if goal.steps is not None:
        version = versions.steps_back(path, goal.steps)
    elif goal.version is not None:
        version = versions.version(path, goal.version)
    else:
        assert time_ns is not None
        found = _file_at(versions, path, time_ns)
        version = versions.version_by_id(found)
    if version.state in (State.MISSED, State.LOST, State.DELETED, State.REMOVED):
        versions.read(version)
    return {path: Target(version.fid, version.vid)}


def _file_at(versions: Versions, path: RelPath, time_ns: int) -> VersionId:
    """Return the version of a file at a time: under this name, or under the one that it had then."""
    entry = versions.entry_at(path, time_ns) or versions.entry_of(versions.file_of(path), time_ns)
    if entry is None:
        first = versions.history(path)[-1]
        since = datetime.fromtimestamp(first.at_ns / 1e9).astimezone().isoformat(timespec="seconds")
        raise NotFound(f"{show(path)} was not there at that time; its first version is of {since}")
    return entry.version


def _is_folder(versions: Versions, path: RelPath, time_ns: int | None) -> bool:
    now, then = versions.live(path), None if time_ns is None else versions.entry_at(path, time_ns)
    if then is not None:
        return then.kind == Kind.DIRECTORY or (now is not None and now.kind == Kind.DIRECTORY)
    if now is not None:
        return now.kind == Kind.DIRECTORY
    return versions.current(versions.file_of(path)).kind == Kind.DIRECTORY


def _folder(versions: Versions, path: RelPath, goal: Goal, time_ns: int | None) -> dict[RelPath, Target]:
    if goal.version is not None:
        raise BadRequest(f"{show(path) or 'the root'} is a folder: it has no version numbers; use a time, a snapshot or steps")
    at_ns = _steps_time(versions, path, goal.steps) if goal.steps is not None else time_ns
    assert at_ns is not None
    then, now = versions.standing(path, at_ns), versions.standing(path)
    if not then and path:
        raise NotFound(f"{show(path)} was not there at that time")
    found = _found_later(versions, [Fid(now[name][0]) for name in now.keys() - then.keys()], at_ns)
    if not then and found:
        raise NotFound("nothing is known of that time: the files were there when lsfs came to know the root, and it was later")
    targets: dict[RelPath, Target] = {}
    for name in then.keys() | now.keys():
        was, there = then.get(name), now.get(name)
        if was is None:
            if now[name][0] not in found:
                targets[name] = NOTHING
        elif there != was:
            targets[name] = Target(*was)
    return targets


def _found_later(versions: Versions, fids: Sequence[Fid], at_ns: int) -> set[Fid]:
    """Return those of the files that lsfs found there after a time (its baseline): they were not made since."""
    sql = "SELECT fid FROM version WHERE number=1 AND actor='baseline' AND at_ns>? AND fid IN (SELECT value FROM json_each(?))"
    return {Fid(row[0]) for row in versions.connection().execute(sql, (at_ns, json.dumps(list(fids))))}


def _steps_time(versions: Versions, path: RelPath, steps: int) -> int:
    """Return the time just before the last `steps` transactions that touched a folder and stand (none that was taken back)."""
    low, high = tree.below(path)
    rows = (
        versions.connection()
        .execute(
            "SELECT min(e.at_ns) FROM effect e JOIN tx t USING(tx) WHERE t.state<>'reverted' AND "
            "(e.path=? OR (e.path>=? AND e.path<?)) GROUP BY e.tx ORDER BY 1 DESC LIMIT ?",
            (path, low, high, steps),
        )
        .fetchall()
    )
    if len(rows) < steps:
        raise NotFound(f"{show(path) or 'the root'} was changed only {len(rows)} times")
    return int(rows[-1][0]) - 1
