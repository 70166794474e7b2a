"""What files are about and who wrote them: topics, kinds of documents, people, institutions, words that occur, texts."""

from __future__ import annotations

import random

from filenames import quoted, stem, word
from vocabulary import LISTS


def topic(rng: random.Random) -> str:
    """A topic: a noun phrase of any length."""
    r = rng.random()
    if r < 0.28:
        return rng.choice(LISTS["FIELDS"])
    if r < 0.4:
        return rng.choice(LISTS["SHORT"])
    if r < 0.55:
        return f"{rng.choice(LISTS['ADJECTIVES'])} {rng.choice(LISTS['FIELDS'])}"
    if r < 0.7:
        return f"{rng.choice(LISTS['FIELDS'])} {rng.choice(LISTS['LINKS'])} {rng.choice([rng.choice(LISTS['ADJECTIVES']) + ' ' + rng.choice(LISTS['FIELDS']), rng.choice(LISTS['FIELDS']), rng.choice(LISTS['THINGS_OF'])])}"
    if r < 0.78:
        return f"{rng.choice(LISTS['FIELDS'])} and {rng.choice(LISTS['FIELDS'] + LISTS['SHORT'])}"
    if r < 0.86:
        return f"how to {rng.choice('repair|choose|build|measure|clean|compare|train|test|grow|write|pay|plan'.split('|'))} {rng.choice(LISTS['ADJECTIVES'])} {rng.choice(LISTS['FIELDS'])}"
    if r < 0.93:
        return f"the {rng.choice(LISTS['FIELDS'])} {rng.choice('problem|project|crisis|debate|meeting|team|course|incident|deal|budget'.split('|'))}"
    return (
        f"{rng.choice(LISTS['FIRST'])}'s {rng.choice(LISTS['FIELDS'])}"
        if rng.random() < 0.4
        else f"{rng.choice(LISTS['CITIES'])} {rng.choice(LISTS['FIELDS'])}"
    )


def topic_in(rng: random.Random) -> str:
    """A topic that keeps its own "in": "vaccination in rural clinics"."""
    place = rng.choice(
        [
            rng.choice(LISTS["CITIES"]),
            f"{rng.choice(LISTS['ADJECTIVES'])} {rng.choice(['systems', 'networks', 'models', 'cities', 'clinics', 'schools', 'markets', 'regions', 'compilers', 'kitchens', 'farms', 'teams'])}",
            f"the {rng.choice(['nineties', 'middle ages', 'north', 'alps', 'workplace', 'cloud', 'home office', 'public sector'])}",
        ]
    )
    return f"{rng.choice(LISTS['FIELDS'] + LISTS['SHORT'])} in {place}"


def gerund(rng: random.Random) -> str:
    """A topic that is an activity: "keeping bees warm"."""
    verb = rng.choice(
        "keeping|choosing|measuring|training|repairing|comparing|avoiding|growing|storing|reducing|teaching|writing|planning|paying|moving|making".split(
            "|"
        )
    )
    what = rng.choice(LISTS["FIELDS"] + LISTS["THINGS_OF"])
    return (
        f"{verb} {what}" if rng.random() < 0.6 else f"{verb} {what} {rng.choice(LISTS['LINKS'])} {rng.choice(LISTS['FIELDS'])}"
    )


def place(rng: random.Random) -> str:
    """What pictures and mails are from or of."""
    return rng.choice(
        [
            rng.choice(LISTS["CITIES"]),
            rng.choice(LISTS["THINGS_OF"]),
            f"the {rng.choice(LISTS['CITIES'])} trip",
            rng.choice(LISTS["FIELDS"]),
        ]
    )


def content_kind(rng: random.Random) -> str:
    """Things that are a topic themselves: "contract with the landlord", "invoices from Acme"."""
    head = rng.choice(LISTS["HEADS"])
    r = rng.random()
    if r < 0.35:
        return (
            head
            if head.endswith("s") and rng.random() < 0.3
            else f"{rng.choice(LISTS['ADJECTIVES'] + LISTS['SHORT'] + LISTS['STEMS'])} {head}"
        )
    if r < 0.7:
        return f"{head} {rng.choice(['for', 'with', 'from', 'about', 'of', 'on'])} {rng.choice(LISTS['THINGS_OF'] + LISTS['COMPANIES'] + LISTS['FIELDS'])}"
    return f"{rng.choice(LISTS['FIELDS'])} {head}"


def plural_kind(rng: random.Random) -> str:
    """Several of them: "invoices from Acme"."""
    head = rng.choice(
        [
            "reports",
            "invoices",
            "receipts",
            "letters",
            "recipes",
            "contracts",
            "bills",
            "proposals",
            "manuals",
            "lecture notes",
            "meeting minutes",
            "drafts",
            "lyrics",
            "bank statements",
            "test results",
            "interviews",
            "payslips",
            "certificates",
            "quotes",
            "plans",
        ]
    )
    r = rng.random()
    if r < 0.4:
        return head
    return (
        f"{head} {rng.choice(['for', 'from', 'about', 'of'])} {rng.choice(LISTS['THINGS_OF'] + LISTS['COMPANIES'] + LISTS['CITIES'])}"
        if r < 0.75
        else f"{rng.choice(LISTS['SHORT'] + LISTS['ADJECTIVES'])} {head}"
    )


def person(rng: random.Random) -> str:
    """A person's name."""
    r = rng.random()
    first, last = rng.choice(LISTS["FIRST"]), rng.choice(LISTS["LAST"])
    if r < 0.45:
        return f"{first} {last}"
    if r < 0.7:
        return last
    if r < 0.8:
        return f"{first[0]}. {last}"
    return (
        f"{rng.choice(['Dr. ', 'Prof. ', 'Professor ', 'Ms. '])}{last}"
        if r < 0.83
        else first
        if r < 0.95
        else f"{first} {rng.choice('ABCDEFGHJKLMNPRST')}. {last}"
    )


def institution(rng: random.Random) -> str:
    """A university or company."""
    r = rng.random()
    city = rng.choice(LISTS["CITIES"])
    if r < 0.3:
        return f"University of {city}" if rng.random() < 0.8 else f"the University of {city}"
    if r < 0.5:
        return f"{city} {rng.choice(['University', 'Institute of Technology', 'State University', 'Technical University', 'Medical School', 'College'])}"
    return rng.choice(LISTS["UNIS"]) if r < 0.75 else rng.choice(LISTS["COMPANIES"])


def phrase(rng: random.Random) -> str:
    """Several words that occur together, said without quotes."""
    return rng.choice(
        [
            lambda: rng.choice(LISTS["THINGS_OF"]),
            lambda: (
                f"the {rng.choice(LISTS['CITIES'])} {rng.choice(['office', 'trip', 'branch', 'meeting', 'plant', 'team', 'flat'])}"
            ),
            lambda: f"the {rng.choice(LISTS['FIELDS'])}",
            lambda: f"{rng.choice(LISTS['FIRST'])} {rng.choice(LISTS['LAST'])}",
            lambda: f"{rng.choice(LISTS['ADJECTIVES'])} {rng.choice(LISTS['HEADS'])}",
            lambda: f"the {rng.choice(LISTS['HEADS'])}",
        ]
    )()


def keyword(rng: random.Random) -> str:
    """A word or phrase said to occur."""
    if rng.random() < 0.25:
        return phrase(rng)
    text = rng.choice(
        [
            rng.choice(LISTS["SHORT"]),
            rng.choice(LISTS["FIELDS"]),
            rng.choice(LISTS["STEMS"]),
            rng.choice(LISTS["FIRST"]),
            rng.choice(LISTS["CITIES"]),
            rng.choice(LISTS["COMPANIES"]),
            word(rng),
            rng.choice(
                [
                    "deadline",
                    "confidential",
                    "invoice number",
                    "TODO",
                    "FIXME",
                    "cancelled",
                    "overdue",
                    "password",
                    "refund",
                    "42",
                    "2024",
                    "VAT",
                    "paid",
                    "penalty clause",
                ]
            ),
        ]
    )
    return quoted(text, rng) if rng.random() < 0.45 else text


def quoted_topic(rng: random.Random) -> str:
    return quoted(topic(rng).replace("'", "’"), rng)


def content(rng: random.Random) -> str:
    """Text to be written, quoted."""
    text = (
        rng.choice(LISTS["SENTENCES"])
        if rng.random() < 0.6
        else f"{rng.choice(LISTS['SENTENCES'])} {rng.choice(['-', 'and', ':', '/'])} {rng.choice(LISTS['FIELDS'])}"
    )
    return quoted(text.replace("'", "’"), rng)


def bare_content(rng: random.Random) -> str:
    """Text to be written, without quotes."""
    field, first = rng.choice(LISTS["FIELDS"]), rng.choice(LISTS["FIRST"])
    return rng.choice(
        [
            lambda: rng.choice(LISTS["SENTENCES"]).rstrip("!.").lower(),
            lambda: f"{rng.choice('call|email|pay|ask|visit|thank'.split('|'))} {first}",
            lambda: f"buy {rng.choice('milk|stamps|paint|nails|bread'.split('|'))}",
            lambda: field,
            lambda: (
                f"{field} {rng.choice(['are', 'is', 'look', 'will be'])} {rng.choice(['great', 'late', 'cheap', 'done', 'next', 'important', 'off'])}"
            ),
            lambda: f"{first} {rng.choice(['said yes', 'will come', 'is away', 'wants to talk', 'has the key', 'paid'])}",
            lambda: f"{rng.choice(['we need', 'do not forget', 'remember', 'check', 'see'])} {rng.choice(LISTS['THINGS_OF'])}",
        ]
    )()


def tag(rng: random.Random) -> str:
    text = rng.choice(LISTS["TAGS"]) if rng.random() < 0.8 else word(rng)
    r = rng.random()
    return quoted(text, rng) if r < 0.25 else f"#{text}" if r < 0.33 else text


def snapshot(rng: random.Random) -> str:
    text = rng.choice(LISTS["SNAPSHOTS"]) if rng.random() < 0.6 else rng.choice([stem(rng), word(rng)])
    return quoted(text, rng) if " " in text or rng.random() < 0.3 else text
