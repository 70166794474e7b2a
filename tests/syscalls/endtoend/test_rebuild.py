"""The catalogue is lost: what users made comes back from the packs, on a real engine."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from datetime import datetime

import pytest

from lsfs.errors import Denied
from lsfs_syscalls.lifecycle import down
from tests.syscalls.endtoend.conftest import Served, eventually


def lose_the_catalogue(own: Served) -> None:
    """Leave of the state the packs, the key of the links and the engine's id, then make the rest again."""
    down(own.client)
    for left in (own.root / ".lsfs").glob("catalogue.db*"):
        left.write_bytes(b"this is no database" * 500)
    done = own.lsfs("check", "--rebuild")
    assert done.returncode == 0, done.stderr
    own.settle()


def fetch(url: str, password: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url + "?download=1")
    if password:
        request.add_header("Authorization", "Basic " + base64.b64encode(f":{password}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        with e:
            return e.code, b""


def saved(own: Served, op: str, path: str = "") -> list[str]:
    body = {"op": op, "path_b64": base64.b64encode(f"saved/{path}".encode()).decode()}
    nodes = own.client.request("POST", "/tree", body).get("nodes", [])
    return [base64.b64decode(n["name_b64"]).decode() for n in nodes]


def test_labels_snapshots_and_locks_outlive_the_catalogue(own: Served) -> None:
    own.write("a.txt", "one")
    own.write("b.txt", "locked")
    own.settle()
    own.call("tag", path="a.txt", tags=["red", "blue"])
    own.call("untag", path="a.txt", tags=["blue"])
    own.call("lock", path="b.txt")
    own.call("snapshot", name="before")
    own.call("write", path="a.txt", content="two")
    lose_the_catalogue(own)
    for tag, found in (("red", ["a.txt"]), ("blue", [])):
        assert [f["path"] for f in own.call("retrieve", tags=[tag])["files"]] == found
    with pytest.raises(Denied):
        own.call("write", path="b.txt", content="no")
    own.call("rollback", path="a.txt", snapshot="before")
    assert (own.root / "a.txt").read_text() == "one"


def test_the_past_is_searched_again_when_the_catalogue_was_lost(own: Served) -> None:
    own.write("a.txt", "the Berlin office moves")
    own.settle()
    then = datetime.now().astimezone().isoformat()
    own.write("a.txt", "nothing of the kind")
    own.settle()
    lose_the_catalogue(own)
    asked = {"keywords": ["Berlin office"], "k": 0}
    assert eventually(lambda: not own.client.status()["degraded"])
    assert [f["path"] for f in own.call("retrieve", **asked, at=then)["files"]] == ["a.txt"]
    assert own.call("retrieve", **asked)["files"] == []


def test_links_outlive_the_catalogue_with_their_limits_and_addresses(own: Served) -> None:
    for name in ("open", "locked", "once", "withdrawn"):
        own.write(f"{name}.txt", f"text of {name}")
    own.settle()
    url = own.call("link", path="open.txt", expires="3y5mo")["url"]
    secret = own.call("link", path="locked.txt", password="sesame")["url"]
    once = own.call("link", path="once.txt", downloads=1)["url"]
    gone = own.call("link", path="withdrawn.txt")["url"]
    own.call("unlink", path="withdrawn.txt")
    assert fetch(once) == (200, b"text of once")
    before = sorted(x["url"] for x in own.call("links")["links"])
    lose_the_catalogue(own)
    assert sorted(x["url"] for x in own.call("links")["links"]) == before
    assert fetch(url) == (200, b"text of open")
    assert [fetch(secret)[0], fetch(secret, "wrong")[0], fetch(secret, "sesame")] == [401, 401, (200, b"text of locked")]
    assert [fetch(once)[0], fetch(gone)[0]] == [410, 410], "used up and withdrawn stay so"


def test_a_copy_of_the_packs_opens_no_link(own: Served) -> None:
    own.write("a.txt", "one")
    own.settle()
    url = own.call("link", path="a.txt", password="sesame")["url"]
    token = url.split("/s/")[1].split("/")[0]
    signature = base64.urlsafe_b64decode(token + "==")[12:28]
    packs = b"".join(p.read_bytes() for p in (own.root / ".lsfs/packs").rglob("*.pack"))
    for secret in (token.encode(), signature, (own.root / ".lsfs/links.key").read_bytes(), b"sesame"):
        assert secret not in packs


def test_subscriptions_and_saved_searches_outlive_the_catalogue(own: Served) -> None:
    own.write("a.txt", "one")
    own.settle()
    own.call("watch", path="a.txt")
    own.call("watch", query="walrus")
    own.call("watch", path="gone.txt")
    own.call("unwatch", path="gone.txt")
    own.write("a.txt", "two")
    own.settle()
    for name in ("flash caching", "red pandas", "no longer"):
        saved(own, "mkdir", name)
    saved(own, "rmdir", "no longer")
    told = own.call("events", after=0, wait=20)["events"]
    assert [e["path"] for e in told] == ["a.txt"]
    wishes = own.call("watch")["subscriptions"]
    lose_the_catalogue(own)
    assert own.call("watch")["subscriptions"] == wishes
    assert saved(own, "list") == ["README.md", "flash caching", "red pandas"]
    own.write("a.txt", "three")
    own.write("b.txt", "a walrus")
    own.settle()

    def is_told() -> bool:
        new = own.call("events", after=told[-1]["seq"], wait=1)["events"]
        return {("a.txt", 3, "modified"), ("b.txt", 1, "matches")} <= {(e["path"], e["version"], e["event"]) for e in new}

    assert eventually(is_told), "who goes on behind the last number misses nothing"
