"""Share links: fetched over HTTP, limited, withdrawn, and valid again after a restart."""

from __future__ import annotations

import base64
import http.client
import io
import os
import re
import stat
import time
import urllib.parse
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsfs.config import ShareConfig
from lsfs.errors import BadRequest, Unavailable
from lsfs.links.link import Link, Target
from lsfs.links.links import MOST_WRONG_PASSWORDS, Links
from lsfs.links.store import LinkStore
from tests.lsfs.store_rig import Rig, p, rig


@dataclass
class Shared:
    rig: Rig
    links: Links

    def target(self, name: str, version: int | None = None) -> Target:
        entry = self.rig.versions.live(p(name))
        assert entry is not None
        vid = None if version is None else self.rig.versions.version(p(name), version).vid
        return Target(entry.fid, vid, entry.path)

    def make(self, *names: str, **limits: int | str | None) -> Link:
        return self.links.make([self.target(n) for n in names], actor="user", **limits)  # type: ignore[arg-type]

    def get(self, link: Link, query: str = "", method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        return fetch(self.links.url(link) + query, method, **headers)

    def soon(self, seconds: float) -> int:
        return self.rig.catalogue.tick() + int(seconds * 1e9)


def fetch(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname is not None
    con = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        con.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = con.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        con.close()


@contextmanager
def opened(directory: Path) -> Iterator[Shared]:
    with rig(directory) as r:
        links = Links(r.recorder, r.versions, r.state, ShareConfig())
        links.start()
        try:
            yield Shared(r, links)
        finally:
            links.stop()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    with opened(tmp_path) as s:
        s.rig.save("notes/plan.txt", "the plan, first version\n")
        s.rig.save("notes/more/data.bin", bytes(range(256)) * 8)
        yield s


def test_a_file_is_fetched_as_it_is_with_its_name(shared: Shared) -> None:
    status, headers, body = shared.get(shared.make("notes/plan.txt"))
    assert (status, body) == (200, b"the plan, first version\n")
    assert 'filename="plan.txt"' in headers["content-disposition"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_browser_sees_a_page_first(shared: Shared) -> None:
    link = shared.make("notes/plan.txt", expires_ns=shared.soon(3600))
    status, headers, page = shared.get(link, Accept="text/html,*/*")
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert b"Download" in page
    assert b"valid until" in page
    assert shared.get(link, "?download=1", Accept="text/html")[2] == b"the plan, first version\n"


def test_a_folder_comes_as_an_archive_made_on_the_fly(shared: Shared) -> None:
    status, headers, body = shared.get(shared.make("notes"))
    assert (status, headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {n: archive.read(n) for n in archive.namelist()} == {
            "notes/plan.txt": b"the plan, first version\n",
            "notes/more/data.bin": bytes(range(256)) * 8,
        }


def test_several_files_come_as_one_archive_with_distinct_names(shared: Shared) -> None:
    shared.rig.save("other/plan.txt", "another plan")
    body = shared.get(shared.make("notes/plan.txt", "other/plan.txt"))[2]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist() == ["plan.txt", "plan (2).txt"]


def test_a_range_of_a_file_is_fetched(shared: Shared) -> None:
    link = shared.make("notes/more/data.bin")
    whole = bytes(range(256)) * 8
    for header, part in (("bytes=5-9", whole[5:10]), ("bytes=2000-", whole[2000:]), ("bytes=-3", whole[-3:])):
        status, headers, body = shared.get(link, Range=header)
        assert (status, body) == (206, part)
        assert headers["content-range"].endswith("/2048")
    assert shared.get(link, Range="bytes=4000-")[0] == 416
    etag = shared.get(link)[1]["etag"]
    assert shared.get(link, Range="bytes=0-1", If_Range=etag)[0] == 206
    assert shared.get(link, Range="bytes=0-1", If_Range='"other"')[0] == 200


def test_head_tells_the_size_and_counts_nothing(shared: Shared) -> None:
    link = shared.make("notes/plan.txt", most=1)
    status, headers, body = shared.get(link, method="HEAD")
    assert (status, headers["content-length"], body) == (200, "24", b"")
    assert shared.get(link)[0] == 200


def test_an_expired_link_is_gone(shared: Shared) -> None:
    link = shared.make("notes/plan.txt", expires_ns=shared.soon(0.4))
    assert shared.get(link)[0] == 200
    deadline = time.monotonic() + 10
    while (answer := shared.get(link))[0] == 200 and time.monotonic() < deadline:
        pass
    assert answer[0] == 410
    assert b"expired" in answer[2]
    assert shared.links.links() == []


def test_a_withdrawn_link_is_gone_and_the_file_stays(shared: Shared) -> None:
    link = shared.make("notes/plan.txt")
    other = shared.make("notes")
    assert [x.id for x in shared.links.revoke([p("notes/plan.txt")])] == [link.id]
    assert shared.get(link)[0] == 410
    assert shared.get(other)[0] == 200
    assert (shared.rig.root / "notes/plan.txt").exists()


def test_a_token_that_was_not_made_here_opens_nothing(shared: Shared) -> None:
    url = shared.links.url(shared.make("notes/plan.txt"))
    token = url.split("/s/")[1].split("/")[0]
    swapped = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    assert fetch(url.replace(token, swapped))[0] == 404
    for path in ("", "s", "s/", "s/x", "../../etc/passwd", "s/../../../notes/plan.txt", f"s/{token}/a/b"):
        assert fetch(url.split("/s/")[0] + "/" + path)[0] == 404
    assert fetch(url, "POST")[0] == 501


def test_a_link_can_be_used_only_as_often_as_it_may(shared: Shared) -> None:
    link = shared.make("notes/plan.txt", most=2)
    assert [shared.get(link)[0] for _ in range(3)] == [200, 200, 410]
    assert shared.get(shared.make("notes/plan.txt", most=1), Range="bytes=1-")[0] == 200


def test_a_password_is_asked_for_and_guessing_is_slowed_down(shared: Shared) -> None:
    link = shared.make("notes/plan.txt", password="s3cret ü")
    status, headers, _ = shared.get(link)
    assert status == 401
    assert headers["www-authenticate"].startswith("Basic")
    right = "Basic " + base64.b64encode("me:s3cret ü".encode()).decode()
    assert shared.get(link, Authorization=right)[2] == b"the plan, first version\n"
    wrong = "Basic " + base64.b64encode(b"me:guess").decode()
    tries = [shared.get(link, Authorization=wrong)[0] for _ in range(MOST_WRONG_PASSWORDS + 1)]
    assert tries == [401] * MOST_WRONG_PASSWORDS + [429]
    assert shared.get(link, Authorization=right)[0] == 429
    kept = shared.links.links()[0].password
    assert kept is not None
    assert b"s3cret" not in kept


def test_a_link_gives_the_file_as_it_is_or_one_version_of_it(shared: Shared) -> None:
    live = shared.make("notes/plan.txt")
    fixed = shared.links.make([shared.target("notes/plan.txt", 1)], actor="user")
    shared.rig.save("notes/plan.txt", "second version\n")
    assert shared.get(live)[2] == b"second version\n"
    assert shared.get(fixed)[2] == b"the plan, first version\n"


def test_a_link_follows_its_file_to_a_new_name_and_ends_with_it(shared: Shared) -> None:
    link = shared.make("notes/plan.txt")
    with shared.rig.changes.begin(actor="user", prompt="", plan={}) as t:
        t.move(p("notes/plan.txt"), p("archive/old plan.txt"))
    status, headers, _ = shared.get(link)
    assert status == 200
    assert 'filename="old plan.txt"' in headers["content-disposition"]
    with shared.rig.changes.begin(actor="user", prompt="", plan={}) as t:
        t.delete(p("archive/old plan.txt"))
    assert shared.get(link)[0] == 404


def test_links_are_valid_after_a_restart_at_the_same_address(tmp_path: Path) -> None:
    with opened(tmp_path) as first:
        first.rig.save("a.txt", "still here")
        url = first.links.url(first.make("a.txt"))
        gone = first.links.url(first.make("a.txt", expires_ns=first.soon(0.01)))
    with opened(tmp_path):
        assert fetch(url)[2] == b"still here"
        assert fetch(gone)[0] == 410


def test_nothing_listens_before_there_is_a_link(tmp_path: Path) -> None:
    with opened(tmp_path) as s:
        assert s.rig.catalogue.meta("links.port") is None


def test_the_access_log_tells_who_fetched_what(shared: Shared) -> None:
    link = shared.make("notes/plan.txt")
    shared.get(link, Accept="text/html")
    shared.get(link)
    deadline = time.monotonic() + 10
    while len(log := shared.links.accesses(link)) < 2 and time.monotonic() < deadline:
        pass
    assert [(a.what, a.status, a.sent) for a in log] == [("file", 200, 24), ("page", 200, 0)]
    assert log[0].address == "127.0.0.1"


def test_hostile_names_do_not_leave_the_header_or_the_page(shared: Shared) -> None:
    name = '<script>alert(1)</script>"\r\nSet-Cookie: x=1;é.txt'.replace("/", "∕")
    shared.rig.save(name, "harmless")
    link = shared.make(name)
    status, headers, body = shared.get(link)
    assert (status, body) == (200, b"harmless")
    assert "set-cookie" not in headers
    page = shared.get(link, Accept="text/html")[2]
    assert b"<script>" not in page
    assert re.search(rb"default-src 'none'", shared.get(link, Accept="text/html")[1]["content-security-policy"].encode())


def test_a_symbolic_link_in_a_shared_folder_leads_nowhere(shared: Shared) -> None:
    os.symlink("/etc/passwd", shared.rig.root / "notes/passwd")
    shared.rig.record("notes/passwd")
    with zipfile.ZipFile(io.BytesIO(shared.get(shared.make("notes"))[2])) as archive:
        assert "notes/passwd" not in archive.namelist()


def test_a_link_is_not_made_with_limits_that_make_no_sense(shared: Shared) -> None:
    with pytest.raises(BadRequest):
        shared.make("notes/plan.txt", expires_ns=1)
    with pytest.raises(BadRequest):
        shared.make("notes/plan.txt", most=0)
    with pytest.raises(BadRequest):
        shared.links.make([], actor="user")


def test_a_forgotten_file_leaves_no_link_and_no_log(shared: Shared) -> None:
    link = shared.make("notes/plan.txt")
    shared.get(link)
    shared.links.forget([link.targets[0].fid])
    assert shared.get(link)[0] == 404
    assert shared.links.accesses(link) == []


def test_an_address_that_is_taken_is_a_named_error(shared: Shared, tmp_path: Path) -> None:
    shared.make("notes/plan.txt")
    port = LinkStore(shared.rig.recorder).port()
    again = Links(shared.rig.recorder, shared.rig.versions, shared.rig.state, ShareConfig(port=port))
    again.start()
    assert again.problem is not None
    assert str(port) in again.problem
    with pytest.raises(Unavailable):
        again.make([shared.target("notes/plan.txt")], actor="user")


def test_the_key_is_readable_for_its_owner_alone(shared: Shared) -> None:
    assert stat.S_IMODE((shared.rig.state / "links.key").stat().st_mode) == 0o600
