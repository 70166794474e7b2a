"""The download page in a real browser: seen as it is meant, clicked, and what it gives is the file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsfs.links.browser import Browser, browser
from tests.lsfs.links.test_links import Shared, opened

pytestmark = pytest.mark.slow
HOSTILE = 'a"><img src=x onerror=document.title="owned">.txt'


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    with opened(tmp_path) as s:
        s.rig.save("notes/plan.txt", "the plan, first version\n")
        s.rig.save("notes/Käse & Brot.txt", "cheese\n")
        s.rig.save(f"notes/{HOSTILE}", "hostile\n")
        s.rig.save("page.html", "<script>document.title = 'owned'</script>")
        yield s


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    with browser(tmp_path) as one:
        yield one


def test_a_file_is_downloaded_by_a_click(shared: Shared, page: Browser) -> None:
    page.open(shared.links.url(shared.make("notes/plan.txt", expires_ns=shared.soon(3600))))
    assert page.value("document.querySelector('h1').innerText") == "plan.txt"
    assert "valid until" in page.value("document.body.innerText")
    assert page.value("getComputedStyle(document.querySelector('a.get')).backgroundColor") == "rgb(26, 95, 180)"
    page.click("a.get")
    assert page.downloaded() == ("plan.txt", b"the plan, first version\n")
    assert page.complaints() == []


def test_a_folder_is_listed_and_comes_as_a_zip(shared: Shared, page: Browser) -> None:
    page.open(shared.links.url(shared.make("notes")))
    listed = page.value("[...document.querySelectorAll('td:first-child')].map(x => x.innerText).sort().join('|')")
    assert "Käse & Brot.txt" in listed
    assert HOSTILE in listed
    page.click("a.get")
    name, data = page.downloaded()
    assert name == "notes.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("notes/Käse & Brot.txt") == b"cheese\n"


@pytest.mark.parametrize("name", [f"notes/{HOSTILE}", "page.html"])
def test_nothing_of_a_shared_file_runs_in_the_browser(shared: Shared, page: Browser, name: str) -> None:
    link = shared.make(name)
    page.open(shared.links.url(link))
    assert page.value("document.title") == name.rpartition("/")[2] or HOSTILE in page.value("document.title")
    assert page.value("document.images.length") == 0
    page.click("a.get")
    assert page.downloaded()[1] == shared.get(link, "?download=1")[2]
    assert page.value("document.title") != "owned"


def test_a_link_that_ended_says_so(shared: Shared, page: Browser) -> None:
    link = shared.make("notes/plan.txt")
    url = shared.links.url(link)
    shared.links.revoke(None)
    page.open(url)
    assert page.value("document.querySelector('h1').innerText") == "No download"
    assert page.value("document.querySelector('a')") is None


def test_a_password_opens_the_page_and_the_download(shared: Shared, page: Browser) -> None:
    url = shared.links.url(shared.make("notes/plan.txt", password="geheim"))
    page.open(url.replace("http://", "http://me:geheim@"))
    assert page.value("document.querySelector('h1').innerText") == "plan.txt"
    page.click("a.get")
    assert page.downloaded()[1] == b"the plan, first version\n"
