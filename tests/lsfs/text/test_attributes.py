from __future__ import annotations

import time

import pytest

from lsfs.text.code import code_attributes
from lsfs.text.extracted import Extracted, Mark, tidy
from lsfs.text.families import extension, extensions_of, family_of
from lsfs.text.language import language_of
from lsfs.text.markup import text_attributes
from lsfs.text.paper import paper_attributes
from lsfs.text.plain import plain
from lsfs.text.tables import cell_name, csv_attributes, sheets


def test_front_matter_becomes_attributes() -> None:
    text = "---\ntitle: Notes\nauthors: Ann Bee; Carl Dee\ntags: [cache, flash]\ndate: 2026-03-01\n---\n# First\n\n## Second\n"
    found = text_attributes(text, "md")
    assert found["title"] == ["Notes"]
    assert found["author"] == ["Ann Bee", "Carl Dee"]
    assert found["keyword"] == ["cache", "flash"]
    assert found["heading"] == ["First", "Second"]
    extracted = plain(text.encode(), "md")
    assert extracted is not None
    assert extracted.attributes["year"] == ["2026"]
    assert extracted.lined


@pytest.mark.parametrize(
    "head", ["---\na: [1\n---\n", "---\n- just\n- a list\n---\n", "---\nnever closed\n", "---\n&a [*a]\n---\n"]
)
def test_broken_front_matter_is_text(head: str) -> None:
    assert text_attributes(head + "# Title\n", "md")["title"] == ["Title"]


def test_header_lines_of_minutes_and_letters_are_read() -> None:
    found = text_attributes("From: Ann Bee\nTo: Carl, Eva\nSubject: Move\n\nText", "txt")
    assert (found["from"], found["to"], found["subject"]) == (["Ann Bee"], ["Carl", "Eva"], ["Move"])


def test_latex_title_authors_and_sections_are_read() -> None:
    found = text_attributes(r"\title{On Caches}\author{Ann Bee \and Carl Dee}\section{Intro}\subsection*{More}", "tex")
    assert found["author"] == ["Ann Bee", "Carl Dee"]
    assert found["heading"] == ["Intro", "More"]


def test_python_symbols_and_imports_come_from_the_syntax_tree() -> None:
    found = code_attributes('"""Does it."""\nimport os, json as j\nfrom a.b import c\nclass K:\n    def m(self): pass\n', "py")
    assert found == {"symbol": ["K", "m"], "import": ["os", "json", "a.b"], "title": ["Does it."]}


def test_broken_python_has_no_symbols() -> None:
    assert code_attributes("def (:", "py") == {}


@pytest.mark.parametrize(
    ("ext", "source", "symbols", "imports"),
    [
        ("js", "import x from 'mod'\nexport class A {}\nconst f = (a) => a\n", ["A", "f"], ["mod"]),
        (
            "c",
            '#include <stdio.h>\n#include "a.h"\nstatic int go_on(int x)\n{\n}\nstruct ring {\n',
            ["go_on", "ring"],
            ["stdio.h", "a.h"],
        ),
        ("go", 'import "fmt"\nfunc (c *Cache) Get(k string) int {\ntype Cache struct {\n', ["Get", "Cache"], ["fmt"]),
        ("rs", "use std::io;\npub fn run() {}\nstruct S;\n", ["run", "S"], ["std::io"]),
        ("sh", ". ./lib.sh\nup() {\n", ["up"], ["./lib.sh"]),
        ("sql", "CREATE TABLE IF NOT EXISTS account (\n", ["account"], None),
        (
            "java",
            "import java.util.List;\npublic class Box {\n  public int size(int x) {\n",
            ["Box", "size"],
            ["java.util.List"],
        ),
    ],
)
def test_symbols_of_other_languages_come_from_patterns(
    ext: str, source: str, symbols: list[str], imports: list[str] | None
) -> None:
    found = code_attributes(source, ext)
    assert found["symbol"] == symbols
    assert found.get("import") == imports


@pytest.mark.parametrize("ext", ["c", "js", "java", "rs", "sql", "md", "tex", "csv"])
@pytest.mark.parametrize("unit", ["a b(", "static ", "public ", "(" * 8, "\n\n", "word word(\n", "# ", "=\n", "\\title{", '"'])
def test_hostile_repetition_takes_no_more_than_linear_time(ext: str, unit: str) -> None:
    data = (unit * (200_000 // len(unit))).encode()
    start = time.process_time()
    assert plain(data, ext) is not None
    assert time.process_time() - start < 2.0


def test_authors_and_affiliations_come_from_the_head_of_a_paper() -> None:
    page = (
        "Flash Caching at Scale\nAna Ferreira1, Tomás Oliveira2 and Wei Chen\n"
        "University of Lisbon, Portugal; Tsinghua University\nana@ulisboa.example\n\n"
        "Abstract\nWe study caches. John Smith said so.\n"
    )
    found = paper_attributes(page, None)
    assert found["title"] == ["Flash Caching at Scale"]
    assert found["author"] == ["Ana Ferreira", "Tomás Oliveira", "Wei Chen"]
    assert found["affiliation"] == ["University of Lisbon", "Tsinghua University"]


def test_a_letter_has_no_authors_by_guessing() -> None:
    assert paper_attributes("Dear Ann Bee,\nplease find enclosed the invoice.\nCarl Dee\n", None) == {}


def test_columns_are_those_of_the_header() -> None:
    assert csv_attributes("id;name;city\n1;Ann;Bonn\n2;Carl;Ulm\n") == {"column": ["id", "name", "city"]}
    assert csv_attributes("1,2\n3,4\n") == {}
    assert csv_attributes("") == {}


def test_a_cell_of_a_sheet_is_named_like_in_a_spreadsheet() -> None:
    found = sheets([("Plan", [["a", "b"], ["x", "needle"]]), ("More", [["1"] * 28])])
    assert cell_name(found.text, found.marks[0], found.text.index("needle")) == "Plan!B2"
    assert cell_name(found.text, found.marks[1], len(found.text)) == "More!AB1"
    assert found.attributes == {"sheet": ["Plan", "More"], "column": ["a", "b"]}


def test_a_form_that_repeats_two_small_words_is_in_no_language() -> None:
    assert (
        language_of("Invoice SE-5\nTo: Nordlicht Systems GmbH\nTotal 3 EUR\nInvoice SE-5\nTo: Nordlicht Systems\n" * 2) is None
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This is a short text about the sea and the ships that sail on it every day."),
        ("de", "Das ist ein kurzer Text über das Meer und die Schiffe, die jeden Tag darauf fahren."),
        ("fr", "Ceci est un texte sur la mer et les bateaux qui naviguent dans le port avec des marins."),
        ("es", "Este es un texto sobre el mar y los barcos que navegan por las aguas con la gente."),
        ("ja", "これは海と船についての短い文章です。"),
        ("zh", "这是关于海洋和船只的短文。"),
        ("ru", "Это небольшой текст о море и о кораблях, которые ходят по нему, и не только о них."),
        (None, "x = y + z"),
        (None, ""),
    ],
)
def test_the_language_is_told_or_left_open(language: str | None, text: str) -> None:
    assert language_of(text) == language


def test_types_are_extensions_families_and_their_other_names() -> None:
    assert extensions_of("pdf") == {"pdf"}
    assert extensions_of(".PDF") == {"pdf"}
    assert {"png", "jpeg"} <= extensions_of("images")
    assert {"xlsx", "csv"} <= extensions_of("spreadsheet")
    assert extensions_of("jpg") == {"jpg", "jpeg"}
    assert extension(b"a/b.c/Makefile") == ""
    assert extension(b".bashrc") == ""
    assert extension(b"a/B.TXT") == "txt"
    assert family_of(b"x.png") == "image"
    assert family_of(b"x.unheard") == "unheard"
    assert family_of(b"README") == "none"


def test_values_are_tidied_and_bounded() -> None:
    assert tidy({"a": ["  x \n y", "x y", ""], "b": [""]}) == {"a": ["x y"]}
    assert len(tidy({"a": map(str, range(1000))})["a"]) == 200


def test_extracted_values_survive_the_way_through_the_pipe() -> None:
    value = Extracted("t\udcff", {"a": ["b"]}, (Mark(0, 1), Mark(3, None, "S")), lined=True, reason="r")
    assert Extracted.from_json(value.to_json()) == value
