"""How many: a search that answers with a number, or a division into a number of topics, said in the usual forms.

"How many spreadsheets about rent are there" asks for what "find all spreadsheets about rent" finds, counted; "cluster the
notes into seven themes" is a grouping by topic with a number. The prompt is read in its plain form, the number put in after.
Only what can be a file is counted: "how many people live in Paris" stays what it is.
"""

from __future__ import annotations

import re

from lsfs_syscalls.parse import values

_LEAD = r"(?:(?:please|can you|could you|tell me|and|so|ok|hey|do you know|i want to know|just)[, ]+)*"
_NOUN = (
    r"(?:[a-z]+ )?(?:files?|documents?|docs|papers?|articles?|notes?|pdfs?|spreadsheets?|photos?|images?|pictures?|screenshots?"
    r"|videos?|e-?mails?|presentations?|csvs?|invoices|letters|reports|drafts|contracts|receipts|recipes)"
)
_MANY = re.compile(
    rf"{_LEAD}(?:how many|count(?: up)?|what is the number of|what's the number of|(?:give me )?the number of)"
    rf" (?:of )?(?:all )?(?:the |my |our )?(?P<what>{_NOUN}\b.*?)[ .?!]*",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"\b(?:are there|is there|there are|do (?:i|we|you) have|have (?:i|we) got|exist|can you find|did you find)\b ?",
    re.IGNORECASE,
)
_INTO = re.compile(
    rf"{_LEAD}(?:cluster|group|sort|split|divide|organi[sz]e|arrange|bundle|partition|break)(?: up)? (?P<what>.+?)"
    r" (?:in|into|by|to) (?P<n>\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|a dozen|(?:a )?half a dozen)"
    r" (?:different |main |broad )?(?:topics?|subjects?|themes?|clusters?|piles|groups)(?: by topic)?[ .?!]*",
    re.IGNORECASE,
)


def plain_count(prompt: str) -> str | None:
    """Return the search whose hits the prompt wants counted, in plain words, or None."""
    found = _MANY.fullmatch(prompt.strip())
    return f"find all {_FILLER.sub('', found['what']).strip()}" if found else None


def plain_topics(prompt: str) -> tuple[str, str] | None:
    """Return the grouping by topic in plain words and its key ("7 topics"), or None."""
    found = _INTO.fullmatch(prompt.strip())
    return (f"group {found['what']} by topic", f"{values.count(found['n'])} topics") if found else None
