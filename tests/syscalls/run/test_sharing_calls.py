"""Links and watches: made with consent, listed without, ended when they should."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from lsfs.errors import BadRequest, Denied, NotFound
from tests.syscalls.run.changing import at, engine, put, rig
from tests.syscalls.run.rig import EngineRig

__all__ = ["engine", "rig"]


def test_what_is_watched_is_listed_without_consent(rig: EngineRig) -> None:
    rig.call("watch", query="walruses on ice")
    listed: Any = rig.plan(("watch", {}), consent=False)[-1].body["subscriptions"]
    assert any(s.get("query") == "walruses on ice" for s in listed)
    with pytest.raises(Denied):
        rig.plan(("watch", {"query": "walruses"}), consent=False)
    rig.call("unwatch", query="walruses on ice")


def test_a_link_is_made_for_as_long_as_was_asked_and_can_be_withdrawn(rig: EngineRig) -> None:
    put(rig, a_txt="shared\n")
    made = rig.call("link", path=at(rig, "a.txt"), expires="3y5mo")
    with urllib.request.urlopen(made["url"], timeout=20) as answer:
        assert answer.read() == b"shared\n"
    year = int(time.strftime("%Y"))
    assert made["expires"][:4] in (str(year + 3), str(year + 4))
    (listed,) = [x for x in rig.call("links")["links"] if x["url"] == made["url"]]
    assert listed["downloads"] == 1
    assert rig.call("unlink", path=at(rig, "a.txt"))["revoked"] == [made["url"]]
    with pytest.raises(urllib.error.HTTPError, match="410"):
        urllib.request.urlopen(made["url"], timeout=20)
    with pytest.raises(NotFound):
        rig.call("unlink", path=at(rig, "a.txt"))


def test_who_fetched_what_is_listed_of_links_that_have_ended_too(rig: EngineRig) -> None:
    put(rig, a_txt="shared\n", b_txt="not asked for\n")
    made = rig.call("link", path=at(rig, "a.txt"), downloads=1)
    rig.call("link", path=at(rig, "b.txt"))
    with urllib.request.urlopen(made["url"], timeout=20) as answer:
        assert answer.read() == b"shared\n"
    assert made["url"] not in [x["url"] for x in rig.call("links")["links"]]
    until = time.monotonic() + 20
    while not (log := rig.call("links", path=at(rig, "a.txt"), all=True)["links"][0]["log"]) and time.monotonic() < until:
        time.sleep(0.02)  # the line is written behind the answer
    (ended,) = rig.call("links", path=at(rig, "a.txt"), all=True)["links"]
    assert "as often as it may be" in ended["ended"]
    assert [(a["address"], a["status"], a["what"], a["bytes"]) for a in log] == [("127.0.0.1", 200, "file", 7)]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("15 seconds", 15), ("24h", 86400), ("12 hours 40 minutes", 45600), ("2 weeks", 14 * 86400), ("7d", 7 * 86400)],
)
def test_validity_is_understood_as_people_say_it(engine: EngineRig, words: str, seconds: int) -> None:
    engine.write({"validity.txt": "x"})
    before = time.time()
    made = engine.call("link", path="validity.txt", expires=words)
    link = engine.engine.links.links()[0]
    assert abs(link.expires_ns / 1e9 - before - seconds) < 5
    assert made["expires"]
    engine.call("unlink", path="validity.txt")


def test_a_link_that_ended_already_is_not_made(engine: EngineRig) -> None:
    engine.write({"ended.txt": "x"})
    for words in ("2001-01-01", "soon"):
        with pytest.raises(BadRequest):
            engine.call("link", path="ended.txt", expires=words)


def test_a_watched_file_tells_of_its_change(rig: EngineRig) -> None:
    put(rig, a_txt="one\n")
    assert rig.call("watch", path=at(rig, "a.txt"))["subscription"]["path"] == at(rig, "a.txt")
    last = rig.call("events")["last"]
    rig.call("write", path=at(rig, "a.txt"), content="two\n")
    events = rig.call("events", after=last or 0, wait=20.0)["events"]
    mine = [e for e in events if e["path"] == at(rig, "a.txt")]
    assert [(e["event"], e["actor"], e["summary"]) for e in mine] == [
        ("modified", "user", "1 line added (“two”), 1 removed (“one”)")
    ]
    assert rig.call("unwatch", path=at(rig, "a.txt"))["ended"]


def test_a_new_file_that_matches_a_watched_query_is_told(rig: EngineRig) -> None:
    rig.call("watch", query="aardvark census")
    last = rig.call("events")["last"] or 0
    put(rig, a_txt="The aardvark census counts every aardvark.\n", b_txt="Nothing of the kind.\n")
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 30
    while not found and time.monotonic() < deadline:
        found = [e for e in rig.call("events", after=last, wait=5.0)["events"] if e["event"] == "matches"]
    assert [e["path"] for e in found] == [at(rig, "a.txt")]
    rig.call("unwatch", query="aardvark census")
