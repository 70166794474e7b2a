"""Documents through the worker process: what is read, and that a bad file costs itself only."""

from __future__ import annotations

import io
import os
import signal
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.text.extract import Extractor, Limits
from lsfs.text.extracted import Extracted
from lsfs.text.pool import WorkerPool


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(timeout_s=30.0)
    yield made
    made.close()


def read(pool: WorkerPool, name: bytes, data: bytes, limits: Limits | None = None) -> Extracted:
    return Extractor(pool, limits).extract(name, io.BytesIO(data), len(data))


def docx(text: str) -> bytes:
    out = io.BytesIO()
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/word/document.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml",
            f'<?xml version="1.0"?><w:document xmlns:w="{word}"><w:body>'
            f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>",
        )
    return out.getvalue()


def pdf(*pages: str) -> bytes:
    """A minimal PDF with one line of Helvetica on each page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R /Resources {font} >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    out += (
        f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    )
    return out.encode()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 20)) + chunk(b"IEND", b"")


MAIL = "\r\n".join(
    [
        "From: Ann Bee <ann@x.example>",
        "To: bob@y.example",
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        "Date: Mon, 02 Mar 2026 10:00:00 +0100",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=B",
        "",
        "--B",
        "Content-Type: text/html; charset=utf-8",
        "",
        "<p>See the <b>plan</b></p>",
        "--B",
        "Content-Type: application/pdf; name=plan.pdf",
        "Content-Disposition: attachment; filename=plan.pdf",
        "",
        "x",
        "--B--",
        "",
    ]
).encode()


def test_pages_of_a_pdf_are_marked(pool: WorkerPool) -> None:
    found = read(pool, b"a.pdf", pdf("First words", "Second words"))
    assert found.reason is None
    assert [m.page for m in found.marks] == [1, 2]
    assert found.text[found.marks[1].offset :].startswith("Second words")


def test_a_pdf_under_another_name_is_recognised(pool: WorkerPool) -> None:
    assert "Hello" in read(pool, b"download", pdf("Hello")).text


def test_a_word_document_is_read(pool: WorkerPool) -> None:
    assert "Hello document" in read(pool, b"a.docx", docx("Hello document")).text


def test_html_gives_text_title_and_author(pool: WorkerPool) -> None:
    head = b"<title>T &amp; U</title><meta name=author content='Ann Bee'>"
    page = b"<html><head>" + head + b"</head><body><h1>Top</h1><script>no()</script></body></html>"
    found = read(pool, b"a.html", page)
    assert "Top" in found.text
    assert "no()" not in found.text
    assert found.attributes["title"] == ["T & U"]
    assert found.attributes["author"] == ["Ann Bee"]


def test_mail_gives_headers_body_and_attachments(pool: WorkerPool) -> None:
    found = read(pool, b"a.eml", MAIL)
    assert found.attributes["from"] == ["Ann Bee <ann@x.example>"]
    assert found.attributes["subject"] == ["Grüße"]
    assert found.attributes["date"] == ["2026-03-02T10:00:00+01:00"]
    assert found.attributes["attachment"] == ["plan.pdf"]
    assert "See the" in found.text


def test_an_image_gives_its_size(pool: WorkerPool) -> None:
    found = read(pool, b"a.png", png())
    assert (found.attributes["width"], found.attributes["height"], found.text) == (["3"], ["2"], "")


@pytest.mark.parametrize("name", [b"a.pdf", b"a.docx", b"a.xlsx", b"a.pptx", b"a.png", b"a.epub", b"a.mp3", b"a.odt", b"a.msg"])
@pytest.mark.parametrize("data", [b"", b"%PDF-1.4 broken", b"PK\x03\x04 not a zip", b"\0" * 5000])
def test_a_damaged_document_is_named_and_the_next_one_is_read(pool: WorkerPool, name: bytes, data: bytes) -> None:
    found = read(pool, name, data)
    assert found.text.strip() == "" or found.reason is None
    assert "Hello" in read(pool, b"b.docx", docx("Hello")).text


def test_a_worker_that_dies_costs_one_file(pool: WorkerPool) -> None:
    read(pool, b"b.docx", docx("Hello"))
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGKILL)
    assert read(pool, b"c.docx", docx("Lost")).reason is not None
    assert "Found" in read(pool, b"d.docx", docx("Found")).text


def test_a_file_that_takes_too_long_is_given_up() -> None:
    pool = WorkerPool(timeout_s=0.0)
    try:
        assert read(pool, b"a.docx", docx("Hello")).reason == "took longer than the time limit"
        assert pool.pids() == []
    finally:
        pool.close()


def test_closing_ends_a_worker_over_its_file() -> None:
    pool = WorkerPool(timeout_s=60.0)
    endless = b"<p>" + b"<div><p>word</p>" * 400_000
    found: list[Extracted] = []
    reading = threading.Thread(target=lambda: found.append(read(pool, b"a.html", endless)))
    reading.start()
    until = time.monotonic() + 20
    while not pool.busy() and time.monotonic() < until:
        time.sleep(0.002)
    pool.close()
    reading.join(20)
    assert not reading.is_alive()


def test_memory_is_limited() -> None:
    pool = WorkerPool(memory_bytes=32 << 20, timeout_s=30.0)
    try:
        found = read(pool, b"a.docx", docx("Hello"))
        assert found.text == ""
        assert found.reason is not None
    finally:
        pool.close()


def test_idle_workers_end(tmp_path: Path) -> None:
    pool = WorkerPool(idle_s=-1.0)
    try:
        read(pool, b"a.docx", docx("Hello"))
        (pid,) = pool.pids()
        pool.end_idle()
        assert pool.pids() == []
        assert not Path(f"/proc/{pid}").exists()
    finally:
        pool.close()


def test_a_text_beyond_the_limit_is_named_and_a_binary_is_not(pool: WorkerPool) -> None:
    limits = Limits(text=100, document=100)
    assert "larger than the limit" in str(read(pool, b"a.txt", b"word " * 50, limits).reason)
    assert read(pool, b"a.bin", bytes(range(250)) * 4, limits) == Extracted()
    assert "larger than the limit" in str(read(pool, b"a.pdf", b"%PDF" + b"x" * 200, limits).reason)


def test_text_needs_no_worker(pool: WorkerPool) -> None:
    assert read(pool, b"a.py", b"def f(): pass\n").attributes["symbol"] == ["f"]
    assert pool.pids() == []
