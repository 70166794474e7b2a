"""Which versions the user's retention rules let go: a pure function over one file's versions.

Rules add up: what one of them keeps is kept. Without any rule everything is kept. Never let go: the newest version of a file,
pinned ones, those of a snapshot, and what an undo that has not expired needs; the caller marks these as `held`.

Source: the keep-last / within / hourly ... yearly rules of restic and borg, here per file instead of per snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

_DAY_NS = 86_400_000_000_000
_PERIODS = (("hourly", "%Y-%j-%H"), ("daily", "%Y-%j"), ("weekly", "%G-%V"), ("monthly", "%Y-%m"), ("yearly", "%Y"))


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept.

    Attributes:
        keep_last: so many of the newest versions of each file.
        within_ns: all that were current within this time before now.
        hourly: for so many hours in which there was a version, the last one; so on up to `yearly`.
        keep_tags: every version of files with one of these tags.
        budget_bytes: beyond the rules, the oldest go until the versions kept hold no more; 0: no budget.
        undo_ns: transactions younger than this can be undone.
    """

    keep_last: int = 0
    within_ns: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    keep_tags: tuple[str, ...] = ()
    budget_bytes: int = 0
    undo_ns: int = 30 * _DAY_NS

    @property
    def keeps_everything(self) -> bool:
        """Whether no rule was given (a budget alone is none)."""
        return not any((self.keep_last, self.within_ns, self.hourly, self.daily, self.weekly, self.monthly, self.yearly))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version as the rules see it.

    Attributes:
        until_ns: when the next version followed; now for the newest.
        held: it stays whatever the rules say.
    """

    vid: int
    at_ns: int
    until_ns: int
    size: int
    held: bool


def removable(versions: Sequence[Candidate], rules: Rules, now_ns: int, zone: tzinfo = UTC) -> list[Candidate]:
    """Return what may go of one file's versions (newest first)."""
    if rules.keeps_everything:
        return []
    kept = {v.vid for v in versions if v.held}
    kept |= {v.vid for v in versions[: rules.keep_last]}
    kept |= {v.vid for v in versions if v.until_ns >= now_ns - rules.within_ns and rules.within_ns}
    for name, form in _PERIODS:
        kept |= _last_of_periods(versions, getattr(rules, name), form, zone)
    return [v for v in versions if v.vid not in kept]


def _last_of_periods(versions: Sequence[Candidate], count: int, form: str, zone: tzinfo) -> set[int]:
    """Return the newest version of each of the latest `count` periods in which there is one."""
    found: dict[str, int] = {}
    if count:
        for v in versions:
            period = datetime.fromtimestamp(v.at_ns / 1e9, zone).strftime(form)
            if period not in found and len(found) == count:
                break
            found.setdefault(period, v.vid)
    return set(found.values())


def over_budget(versions: Sequence[Candidate], budget_bytes: int) -> list[Candidate]:
    """Return what has to go, oldest first, so that all files' versions fit; held ones stay even if they do not."""
    total, gone = sum(v.size for v in versions), []
    for v in sorted(versions, key=lambda v: v.until_ns):
        if not budget_bytes or total <= budget_bytes:
            break
        if not v.held:
            gone.append(v)
            total -= v.size
    return gone
