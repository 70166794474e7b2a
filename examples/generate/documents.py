"""Make the example papers and invoices (PDF) and the Word documents from the plain texts in `sources/`.

The bytes depend on the sources and on the versions of the libraries only: every date is fixed. Not needed to run lsfs.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from docx import Document
from fpdf import FPDF

from examples.generate.zips import normalise


@dataclass(frozen=True, slots=True)
class Source:
    """A text with `key: value` lines above a line of three dashes."""

    meta: dict[str, str]
    blocks: list[tuple[int, str]]
    """(level of the heading or 0 for a paragraph, text)."""

    @property
    def date(self) -> datetime:
        """The date of the document, at nine in the morning UTC."""
        return datetime.combine(datetime.fromisoformat(self.meta["date"]), time(9), UTC)


def read_source(path: Path) -> Source:
    """Read one source file."""
    head, _, body = path.read_text(encoding="utf-8").partition("---\n")
    meta = dict(line.split(": ", 1) for line in head.splitlines())
    blocks = []
    for line in body.splitlines():
        text = line.lstrip("#")
        blocks.append((len(line) - len(text), text.strip()))
    return Source(meta, blocks)


def _pdf(title: str, author: str, keywords: str, date: datetime) -> FPDF:
    pdf = FPDF(format="A4")
    pdf.set_margins(25, 22)
    pdf.set_auto_page_break(True, 25)
    pdf.set_title(title)
    pdf.set_author(author)
    pdf.set_keywords(keywords)
    pdf.set_creation_date(date)
    pdf.add_page()
    return pdf


def _line(pdf: FPDF, text: str, *, size: float, style: str = "", align: str = "L", after: float = 2) -> None:
    pdf.set_font("Times", style, size)
    pdf.multi_cell(0, size * 0.48, text, align=align, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(after)


def make_paper(source: Path, target: Path) -> None:
    """Make one paper: title, authors, affiliations, abstract, sections."""
    paper = read_source(source)
    meta = paper.meta
    pdf = _pdf(meta["title"], meta["authors"], meta["keywords"], paper.date)
    _line(pdf, meta["title"], size=17, style="B", align="C", after=3)
    _line(pdf, meta["authors"].replace("; ", ", "), size=12, align="C", after=0)
    _line(pdf, meta["affiliations"].replace("; ", ", "), size=10, style="I", align="C", after=5)
    for level, text in paper.blocks:
        if level:
            _line(pdf, text, size=13, style="B", after=1)
        else:
            _line(pdf, text, size=11.5, align="J", after=3)
    pdf.output(str(target))


def make_invoices(source: Path, library: Path) -> None:
    """Make every invoice that the TOML file lists."""
    for invoice in tomllib.loads(source.read_text(encoding="utf-8"))["invoice"]:
        date = datetime.combine(invoice["date"], time(9), UTC)
        pdf = _pdf(f"Invoice {invoice['number']}", invoice["vendor"], "invoice", date)
        _line(pdf, invoice["vendor"], size=15, style="B", after=0)
        _line(pdf, invoice["address"], size=10, after=8)
        _line(pdf, "To: Nordlicht Systems GmbH, Gneisenaustraße 44, 10961 Berlin", size=11, after=6)
        _line(pdf, f"Invoice {invoice['number']}", size=14, style="B")
        _line(pdf, f"Date: {invoice['date']:%d %B %Y}    Payable until: {invoice['due']:%d %B %Y}", size=11, after=5)
        net = 0.0
        for text, amount in invoice["lines"]:
            _line(pdf, f"{text}: {amount:,.2f} EUR", size=11, after=0)
            net += amount
        tax = round(net * 0.19, 2)
        _line(pdf, f"Net {net:,.2f} EUR, VAT 19 % {tax:,.2f} EUR", size=11, after=0)
        _line(pdf, f"Total {net + tax:,.2f} EUR", size=12, style="B")
        pdf.output(str(library / invoice["path"]))


def make_word(source: Path, library: Path) -> None:
    """Make one Word document with its core properties."""
    text = read_source(source)
    document = Document()
    for level, line in text.blocks:
        if level:
            document.add_heading(line, level - 1)
        else:
            document.add_paragraph(line)
    properties = document.core_properties
    properties.title, properties.author = text.meta["title"], text.meta["author"]
    properties.last_modified_by, properties.keywords = text.meta["author"], text.meta["keywords"]
    properties.comments = ""
    properties.created = properties.modified = text.date.replace(tzinfo=None)
    target = library / text.meta["path"]
    document.save(str(target))
    normalise(target)
