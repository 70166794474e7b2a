"""Make the other binary example files: slides, pictures, a book, a notebook, a mail with an attachment, a letter in Latin-1."""

import base64
import json
from datetime import datetime
from pathlib import Path

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from pptx import Presentation

from examples.generate.zips import normalise, write_members

SLIDES = (
    (
        "Third quarter at a glance",
        ("Revenue 186,900 euros, up 14 percent", "Four customers joined, one left", "99.95 percent of the time available"),
    ),
    (
        "Why flash got dearer",
        ("Prices of NAND rose in August", "Training clusters buy the factories empty", "Six drives bought ahead in September"),
    ),
    ("Next steps", ("New office in Berlin on 1 December", "New plans on the web page", "Atlas 1.0 on 15 January")),
)


def make_slides(path: Path) -> None:
    """Write the slides of the quarterly review."""
    deck = Presentation()
    for title, points in SLIDES:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(points)
    properties = deck.core_properties
    properties.title, properties.author, properties.last_modified_by = "Quarterly review Q3 2026", "Jonas Weber", "Jonas Weber"
    properties.created = properties.modified = datetime(2026, 10, 16, 9)
    deck.save(str(path))
    normalise(path)


def make_pictures(folder: Path) -> None:
    """Write a PNG with text entries and EXIF, and a JPEG with EXIF (camera, date, description)."""
    tram = Image.new("RGB", (160, 120), (120, 180, 220))
    draw = ImageDraw.Draw(tram)
    draw.rectangle((30, 60, 130, 100), fill=(230, 200, 40))
    exif = Image.Exif()
    exif[0x010E], exif[0x0110], exif[0x0132], exif[0x013B] = (
        "Yellow tram 28 in Alfama, Lisbon",
        "Pocket Camera 5",
        "2026:05:15 18:42:10",
        "Mira Lindqvist",
    )
    tram.save(folder / "tram-28.jpg", exif=exif, quality=85)
    board = Image.new("RGB", (200, 100), "white")
    ImageDraw.Draw(board).line((10, 80, 60, 30, 110, 60, 190, 15), fill="black", width=3)
    info = PngInfo()
    info.add_text("Title", "Whiteboard after the design review")
    info.add_text("Author", "Priya Raman")
    info.add_text("Description", "Sketch of the segment ring and the ghost table of Atlas")
    board_exif = Image.Exif()
    board_exif[0x0132], board_exif[0x013B] = "2026:11:09 15:20:00", "Priya Raman"
    board.save(folder / "whiteboard-atlas.png", pnginfo=info, exif=board_exif)


def make_book(source: Path, path: Path) -> None:
    """Write an EPUB of the chapters in `source` (a text with `# ` before each chapter's title)."""
    title, author, *chapters = source.read_text(encoding="utf-8").split("\n# ")
    author, _, first = author.partition("\n")
    pages = [(text.partition("\n")[0], text.partition("\n")[2]) for text in chapters]
    members = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": b'<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        b'<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    }
    names = [f"chapter{number}.xhtml" for number in range(1, len(pages) + 1)]
    manifest = "".join(f'<item id="c{i}" href="{n}" media-type="application/xhtml+xml"/>' for i, n in enumerate(names))
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(names)))
    members["book.opf"] = (
        '<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:example:ice</dc:identifier><dc:title>{title.strip()}</dc:title><dc:creator>{author.strip()}</dc:creator><dc:language>en</dc:language>'
        f'<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta></metadata><manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>{manifest}</manifest><spine>{spine}</spine></package>'
    ).encode()
    xhtml = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>{0}</title></head><body>{1}</body></html>'
    contents = "".join(f'<li><a href="{n}">{p[0]}</a></li>' for n, p in zip(names, pages, strict=True))
    members["nav.xhtml"] = xhtml.format(title.strip(), f'<nav epub:type="toc"><ol>{contents}</ol></nav>').encode()
    for name, (heading, text) in zip(names, pages, strict=True):
        body = f"<h1>{heading}</h1>" + "".join(f"<p>{p}</p>" for p in text.strip().split("\n"))
        members[name] = xhtml.format(heading, body).encode()
    write_members(path, members, stored=frozenset({"mimetype"}))


def make_notebook(path: Path) -> None:
    """Write the notebook that evaluates the benchmark."""
    texts = (
        ("markdown", "# Hit ratio and bytes written by policy\n\nHow much does the second-request rule save on the Berlin machines?"),
        ("code", "import csv\n\nrows = list(csv.DictReader(open(\"results.csv\")))\nsaved = {r[\"policy\"]: float(r[\"written_tb_per_day\"]) for r in rows}\nsaved[\"admit-all\"] / saved[\"second-request\"]"),
        ("markdown", "The rule writes about a fifth of the baseline and loses less than one point of hit ratio. Segment size matters more than I thought."),
    )  # fmt: skip
    cells = []
    for kind, text in texts:
        cell: dict[str, object] = {
            "cell_type": kind,
            "id": f"cell-{len(cells)}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        if kind == "code":
            cell |= {
                "execution_count": 1,
                "outputs": [
                    {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": ["5.2"]}}
                ],
            }
        cells.append(cell)
    book = {
        "cells": cells,
        "metadata": {"language_info": {"name": "python"}, "authors": [{"name": "Tomás Oliveira"}]},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def make_mail_with_attachment(attachment: Path, path: Path) -> None:
    """Write the mail that carries an invoice."""
    encoded = base64.encodebytes(attachment.read_bytes()).decode()
    path.write_text(
        "From: Accounts <rechnung@silizium.example>\nTo: Jonas Weber <jonas@nordlicht.example>\nSubject: Invoice 77391 for two servers\n"
        "Date: Tue, 17 Nov 2026 14:12:00 +0100\nMessage-ID: <inv-77391@silizium.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="=_library_boundary"\n\n--=_library_boundary\nContent-Type: text/plain; charset=utf-8\n\n'
        "Dear Mr Weber,\n\nplease find attached the bill for the two machines that were delivered on Monday. Payment within 30 days, two percent off within ten.\n\n"
        f'--=_library_boundary\nContent-Type: application/pdf; name="{attachment.name}"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="{attachment.name}"\n\n{encoded}--=_library_boundary--\n',
        encoding="utf-8",
    )


def make_latin1_letter(source: Path, path: Path) -> None:
    """Write the letter in ISO 8859-1, as old editors do."""
    path.write_bytes(source.read_text(encoding="utf-8").encode("latin-1"))
