"""The calls on the example library, where README.md of examples/ says what is in it on purpose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.syscalls.run.rig import EngineRig, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    with running(tmp_path_factory.mktemp("library"), library=True) as r:
        yield r


def test_every_duplicate_of_the_library_is_found_and_nothing_else(rig: EngineRig) -> None:
    found: dict[str, set[frozenset[str]]] = {}
    for d in rig.call("duplicates", containment=True)["duplicates"]:
        found.setdefault(d["kind"], set()).add(frozenset(d["files"]))
    assert found["exact"] == {frozenset({"recipes/sourdough.md", "recipes/old/sourdough (copy).md"})}
    assert found["near"] == {
        frozenset({"meetings/q3-report.md", "meetings/q3-report-final.md"}),
        frozenset({"projects/atlas/design.md", "projects/atlas/design-draft.md"}),
    }
    assert found["contained"] >= {
        frozenset({"finance/data/customers-eu.csv", "finance/customers-managers.xlsx"}),
        frozenset({"finance/data/customers.csv", "finance/customers-managers.xlsx"}),
        frozenset({"finance/data/orders-2026-q3.csv", "finance/data/orders-2026.csv"}),
        frozenset({"recipes/lentil-soup.md", "recipes/cookbook.md"}),
        frozenset({"thesis/chapters/abstract.tex", "thesis/plain-text.txt"}),
    }
    known = {"finance", "recipes", "thesis"}
    assert {name.split("/")[0] for pair in found["contained"] for name in pair} <= known


def test_tables_share_columns_and_lists_name_papers(rig: EngineRig) -> None:
    orders = rig.call("join", left="finance/data/orders-2026.csv", right="finance", on="customer_id")["pairs"]
    assert {p["right"] for p in orders} >= {"finance/data/customers.csv", "finance/data/payments.csv"}
    assert "finance/customers-managers.xlsx" in {p["right"] for p in orders}
    named = {p["right"] for p in rig.call("join", left="papers/reading-list.md", right="papers", on="mention")["pairs"]}
    assert {"papers/flash-cache-admission.pdf", "papers/rag-chunking.pdf"} & named
    recipes = {p["right"] for p in rig.call("join", left="recipes/birthday-menu.md", right="recipes", on="mention")["pairs"]}
    assert recipes


def test_invoices_are_grouped_by_who_sent_them(rig: EngineRig) -> None:
    groups = {g["label"]: g["files"] for g in rig.call("group_by", under="finance/invoices", key="by vendor")["groups"]}
    assert len(groups["Silizium Handel AG"]) == 2
    assert sum(map(len, groups.values())) == 5
    assert "(none)" not in groups


def test_topics_are_the_same_in_every_call_and_hold_every_file(rig: EngineRig) -> None:
    first, second = (rig.call("group_by", key="topic")["groups"] for _ in range(2))
    assert first == second
    assert sum(len(g["files"]) for g in first) == len(rig.call("retrieve", k=0)["files"])
    labels = [g["label"] for g in first]
    assert len(set(labels)) == len(labels)
    flash = next(g for g in first if "papers/flash-cache-admission.pdf" in g["files"])
    assert {"papers/write-amplification.pdf", "papers/zoned-cache.pdf"} <= set(flash["files"])


def test_documents_are_compared_by_their_text(rig: EngineRig) -> None:
    answer = rig.call(
        "diff", path="finance/invoices/INV-77120-silizium-handel.pdf", other="finance/invoices/INV-77391-silizium-handel.pdf"
    )
    assert "-Invoice 77120" in answer["diff"]
    assert "+Invoice 77391" in answer["diff"]
    sheets = rig.call("diff", path="finance/data/customers.csv", other="finance/customers-managers.xlsx")
    assert sheets["summary"].startswith("columns added: manager")
