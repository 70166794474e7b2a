"""Make the binary and tabular files of `examples/library` again, byte for byte.

They are committed, so this is only needed when a source changes. It needs the dependency group `examples`
(fpdf2, python-docx, openpyxl, python-pptx, pillow): `python -m examples.make_library` from the project's folder.
The hand-written text files of the library are not touched.
"""

import sys
from pathlib import Path

from examples.generate import documents, media, tables

HERE = Path(__file__).parent


def make(library: Path, sources: Path = HERE / "sources") -> None:
    """Write every generated file below `library`."""
    for folder in ("papers", "contracts", "projects/atlas/bench", "projects/garden-sensor", "finance/data", "finance/invoices", "meetings", "photos", "books",
                   "mail", "notes", "thesis"):  # fmt: skip
        (library / folder).mkdir(parents=True, exist_ok=True)
    for source in sorted((sources / "papers").glob("*.md")):
        documents.make_paper(source, library / "papers" / f"{source.stem}.pdf")
    documents.make_invoices(sources / "pdf" / "invoices.toml", library)
    for source in sorted((sources / "docx").glob("*.md")):
        documents.make_word(source, library)
    tables.make_tables(library)
    tables.make_budget(library / "finance" / "budget-2026.xlsx")
    tables.make_customer_book(library / "finance" / "customers-managers.xlsx")
    media.make_slides(library / "meetings" / "quarterly-review-q3.pptx")
    media.make_pictures(library / "photos")
    media.make_book(sources / "short-history-of-ice.txt", library / "books" / "short-history-of-ice.epub")
    media.make_notebook(library / "projects" / "atlas" / "bench" / "analysis.ipynb")
    media.make_mail_with_attachment(
        library / "finance" / "invoices" / "INV-77391-silizium-handel.pdf", library / "mail" / "2026-11-17-server-invoice.eml"
    )
    media.make_latin1_letter(sources / "brief-vermieter.txt", library / "notes" / "brief-hausverwaltung.txt")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "library")
