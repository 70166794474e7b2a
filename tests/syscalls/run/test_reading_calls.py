"""The reading calls on a small collection of files that people have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import BadRequest, NotFound, Unavailable
from tests.syscalls.run.rig import EngineRig, running

PAPER = """# Admission for flash caches

A flash cache holds the hot part of a data set. Admission decides which objects are worth a write.
Every write wears the drive out, so a good admission policy writes less. We compare three admission policies on traces.
The second policy admits an object at its second miss. It writes a third of what the first one writes.
"""
DRAFT = PAPER.replace("three admission policies", "two admission policies")
RECIPE = """# Sourdough bread

Mix flour, water and the starter. Let the dough rest for four hours and fold it twice. Bake the bread in a hot pot for
forty minutes. The crust should sing when it cools on the rack.
"""
ORDERS = "order_id,customer_id,amount\n" + "".join(f"O-{n},C-{n % 7},{n * 10}\n" for n in range(40))
FILES: dict[str, str | bytes] = {
    "papers/admission.md": PAPER,
    "papers/admission-draft.md": DRAFT,
    "papers/copy of admission.md": PAPER,
    "papers/list.md": "# To read\n\n- admission-draft.md, again\n- Admission for flash caches, the whole paper\n",
    "recipes/bread.md": RECIPE,
    "recipes/book.md": "# Cookbook\n\n"
    + RECIPE
    + "\n# Lentil soup\n\n"
    + " ".join(f"Step {n}: stir {n * 7} lentils and {n * 3} onions." for n in range(60)),
    "data/orders.csv": ORDERS,
    "data/orders-part.csv": "amount;order_id;customer_id\n" + "".join(f"{n * 10};O-{n};C-{n % 7}\n" for n in range(5, 20)),
    "data/customers.csv": "customer_id,name\n" + "".join(f"C-{n},Customer {n}\n" for n in range(9)),
    "data/people.json": '[{"name": "Ada", "customer_id": "C-3"}, {"name": "Bo", "customer_id": "C-99"}]',
    "data/broken.csv": "order_id,customer_id,amount\nO-1,C-1,10\nO-2\nO-3,C-3,30,extra\n",
    "bills/one.txt": "Invoice 17\nCustomer: Fjordmedia AS\nAmount: 100\n",
    "bills/two.txt": "Invoice 18\nClient: Fjordmedia AS\nAmount: 200\n",
    "bills/three.md": "---\ncustomer: Radio Kiosk\n---\nInvoice 19\n",
    "photo.bin": bytes(range(256)) * 4,
    "empty.txt": "",
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRig]:
    with running(tmp_path_factory.mktemp("reading"), FILES) as r:
        yield r


def groups(answer: dict[str, Any]) -> dict[str, set[str]]:
    return {g["label"]: set(g["files"]) for g in answer["groups"]}


def pairs(answer: dict[str, Any]) -> set[tuple[str, str]]:
    return {(p["left"], p["right"]) for p in answer["pairs"]}


def paths(answer: dict[str, Any]) -> list[str]:
    return [f["path"] for f in answer["files"]]


# retrieve


def test_how_many_is_counted_exactly(rig: EngineRig) -> None:
    answer = rig.call("retrieve", keywords=["customer_id"], count=True, k=2)
    assert answer["count"] == answer["total"] == 5
    assert len(answer["files"]) == 2


def test_none_are_counted_as_none(rig: EngineRig) -> None:
    (answer,) = rig.plan(("retrieve", {"keywords": ["zeppelin"], "count": True}))
    assert (answer.body["count"], answer.found) == (0, False)


def test_k_zero_shows_all_and_pages_follow_each_other(rig: EngineRig) -> None:
    every = paths(rig.call("retrieve", type="md", k=0))
    assert len(every) == 7
    pages = [paths(rig.call("retrieve", type="md", k=3, offset=n)) for n in (0, 3, 6)]
    assert [p for page in pages for p in page] == every


def test_the_difference_of_two_searches_can_be_asked_for(rig: EngineRig) -> None:
    answers = rig.plan(
        ("retrieve", {"keywords": ["admission"], "k": 0}),
        ("retrieve", {"keywords": ["policy"], "k": 0}),
        ("retrieve", {"files": ["$1"], "except_files": ["$2"], "k": 0, "count": True}),
    )
    assert paths(answers[-1].body) == ["papers/list.md"]
    assert answers[-1].body["count"] == 1


def test_files_like_another_are_found_without_it(rig: EngineRig) -> None:
    found = paths(rig.call("retrieve", like="papers/admission.md", k=2))
    assert set(found) == {"papers/copy of admission.md", "papers/admission-draft.md"}


def test_why_a_file_was_found_is_explained(rig: EngineRig) -> None:
    (answer,) = rig.plan(("retrieve", {"query": "flash cache admission"}), explain=True)
    files: Any = answer.body["files"]
    assert files[0]["explain"]


def test_a_folder_that_is_not_there_is_named_and_not_searched_in_vain(rig: EngineRig) -> None:
    with pytest.raises(NotFound, match="paper"):
        rig.call("retrieve", query="flash", under="papes")
    with pytest.raises(BadRequest):
        rig.call("retrieve", query="flash", k=-1)


# group_by


@pytest.mark.parametrize(
    "key", ["topic", "type", "author", "directory", "day", "week", "month", "year", "language", "tag", "sender"]
)
def test_every_file_is_in_exactly_one_group_of_any_key(rig: EngineRig, key: str) -> None:
    answer = rig.call("group_by", key=key)
    members = [f for g in answer["groups"] for f in g["files"]]
    assert sorted(members) == sorted(FILES)
    assert answer["total"] == len(FILES)


def test_a_phrase_is_answered_by_attribute_line_or_column(rig: EngineRig) -> None:
    answer = rig.call("group_by", key="by customer")
    found = groups(answer)
    assert found["Fjordmedia AS"] == {"bills/one.txt", "bills/two.txt"}
    assert found["Radio Kiosk"] == {"bills/three.md"}
    assert "papers/admission.md" in found["(none)"]
    assert sum(len(f) for f in found.values()) == len(FILES)
    assert answer["by"]["a line of the text"] >= 1


def test_people_of_mails_and_documents_come_together(rig: EngineRig) -> None:
    rig.write(
        {
            "people/mail.eml": "From: Ada Byron <ada@example.org>\nTo: bo@example.org\nSubject: Engines\n\nIt runs.\n",
            "people/note.md": "---\nauthor: Ada Byron\n---\n\nThe engine runs well today.\n",
        }
    )
    found = groups(rig.call("group_by", key="sender", under="people"))
    assert found == {"Ada Byron": {"people/mail.eml", "people/note.md"}}
    for name in ("mail.eml", "note.md"):
        (rig.root / "people" / name).unlink()
    rig.settle()


def test_as_many_topics_as_asked_for_are_made(rig: EngineRig) -> None:
    answer = rig.call("group_by", key="3 topics", under="")
    assert len([g for g in answer["groups"] if g["label"] != "other"]) == 3


# join


def test_tables_are_joined_on_a_column_with_the_same_values(rig: EngineRig) -> None:
    answer = rig.call("join", left="data/orders.csv", right="data", on="customer_id")
    assert ("data/orders.csv", "data/customers.csv") in pairs(answer)
    assert ("data/orders.csv", "data/people.json") in pairs(answer)
    json_pair = next(p for p in answer["pairs"] if p["right"] == "data/people.json")
    assert (json_pair["score"], json_pair["why"]) == (0.5, "1 of 2 values: C-3")
    assert all(p["left"] != p["right"] for p in answer["pairs"])


def test_a_join_on_what_nobody_has_says_what_there_is(rig: EngineRig) -> None:
    answer = rig.call("join", left="data", right="data/orders.csv", on="shoe_size")
    assert answer["pairs"] == []
    assert any("no file on the left has “shoe_size”" in n and "order_id" in n for n in answer["notices"]), answer["notices"]


def test_a_text_is_joined_with_the_files_that_it_names(rig: EngineRig) -> None:
    found = pairs(rig.call("join", left="papers/list.md", right="papers", on="mention"))
    assert ("papers/list.md", "papers/admission-draft.md") in found
    assert ("papers/list.md", "papers/admission.md") in found


def test_files_are_joined_by_what_they_are_about(rig: EngineRig) -> None:
    found = pairs(rig.call("join", left="papers", right="recipes", on="content"))
    assert found == set()
    found = pairs(rig.call("join", left="papers", right="papers", on="content"))
    assert ("papers/admission-draft.md", "papers/admission.md") in {tuple(sorted(p)) for p in found}


def test_a_join_of_empty_sets_is_empty(rig: EngineRig) -> None:
    answers = rig.plan(("retrieve", {"keywords": ["zeppelin"]}), ("join", {"left": "$1", "right": "papers", "on": "content"}))
    assert answers[-1].body["pairs"] == []
    assert not answers[-1].found


# duplicates


def duplicates(rig: EngineRig, **args: Any) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for d in rig.call("duplicates", **args)["duplicates"]:
        found.setdefault(d["kind"], []).append(d)
    return found


def test_equal_and_nearly_equal_files_are_found_with_what_they_waste(rig: EngineRig) -> None:
    found = duplicates(rig)
    (same,) = found["exact"]
    assert same["files"] == ["papers/admission.md", "papers/copy of admission.md"]
    assert same["saves"] == len(PAPER)
    (near,) = found["near"]
    assert set(near["files"]) == {"papers/admission.md", "papers/admission-draft.md"}
    assert 0.8 < near["score"] < 1
    assert "contained" not in found


def test_texts_in_texts_and_tables_in_tables_are_found(rig: EngineRig) -> None:
    found = {(d["files"][1], d["files"][0]) for d in duplicates(rig, containment=True)["contained"]}
    assert found == {("recipes/bread.md", "recipes/book.md"), ("data/orders-part.csv", "data/orders.csv")}


def test_a_table_with_broken_rows_is_not_called_superfluous(rig: EngineRig) -> None:
    found = duplicates(rig, files=["data/broken.csv", "data/orders.csv"], containment=True)
    assert found == {}


def test_duplicates_keep_to_the_type_and_folder(rig: EngineRig) -> None:
    assert duplicates(rig, type="csv") == {}
    assert duplicates(rig, under="recipes") == {}
    assert duplicates(rig, files=["papers/admission.md"]) == {}


# summarize, translate


def test_a_summary_is_made_of_sentences_of_the_file_and_says_so(rig: EngineRig) -> None:
    answer = rig.call("summarize", path="papers/admission.md", length="2 sentences")
    assert answer["kind"] == "extractive"
    assert all(s.strip() in " ".join(PAPER.split()) for s in answer["summary"].split(". ") if s)
    assert answer["sources"][0]["path"] == "papers/admission.md"
    assert answer["sources"][0]["lines"]


def test_a_file_without_text_is_said_to_have_none(rig: EngineRig) -> None:
    (answer,) = rig.plan(("summarize", {"files": ["photo.bin", "empty.txt"]}))
    assert not answer.found
    notices: Any = answer.body["notices"]
    assert len(notices) == 2


def test_translating_without_a_model_says_what_it_needs(rig: EngineRig) -> None:
    with pytest.raises(Unavailable, match="base_url"):
        rig.call("translate", path="recipes/bread.md", language="de")


# stat, list, read


def test_stat_tells_what_is_known(rig: EngineRig) -> None:
    about = rig.call("stat", path="data/orders.csv")["file"]
    assert about["kind"] == "file"
    assert about["size"] == len(ORDERS)
    assert about["attributes"]["column"] == ["order_id", "customer_id", "amount"]
    assert about["versions"] == 1
    assert about["locked"] is None
    assert about["not_indexed"] is None


def test_stat_says_why_a_file_is_not_found_by_its_content(tmp_path: Path) -> None:
    odd = {"empty.pdf": b"", "bytes.bin": bytes(range(256)) * 8, "cut.docx": b"PK\\x03\\x04 and no more"}
    odd |= {"a.log": b"x", "b.txt": b"b"}
    with running(tmp_path, {**odd, ".gitignore": b"*.log\n"}) as one:
        why = {name: one.call("stat", path=name)["file"]["not_indexed"] for name in odd}
    assert why["empty.pdf"] == why["bytes.bin"] == "there is no text in it"
    assert re.fullmatch(r"cannot be read as docx: \w(?!.*Error:).*", why["cut.docx"])
    assert "ignore file" in why["a.log"]
    assert why["b.txt"] is None


def test_a_name_that_is_off_is_answered_with_what_could_be_meant(rig: EngineRig) -> None:
    with pytest.raises(NotFound, match=r"recipes/bread\.md"):
        rig.call("read", path="bread.md")


def test_a_file_without_partners_or_neighbours_is_no_error(rig: EngineRig) -> None:
    one = ["recipes/bread.md"]
    assert groups(rig.call("group_by", files=one, key="topic")) != {}
    assert rig.call("duplicates", files=one)["duplicates"] == []
    assert rig.call("join", left=one[0], right=one[0], on="content")["pairs"] == []
