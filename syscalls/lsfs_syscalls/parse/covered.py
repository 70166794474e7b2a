"""Every part of what describes a set must be in the plan before the set is changed: "the emails from Anna" are not all emails.

A slot that the call has no use for, a second kind of file, and a word behind "from", "in", "by", "about" and the like that no
slot took would each make the set larger than what was said. Whoever is not understood is asked; a search may go without it.
"""

from __future__ import annotations

import re

from lsfs_syscalls import times
from lsfs_syscalls.calls.record import Call, Effect
from lsfs_syscalls.parse import asking, values
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.clause import Clause
from lsfs_syscalls.parse.filters import DESCRIBING
from lsfs_syscalls.parse.words import Word

_LEADS = frozenset(
    "from in inside within under below of by about on with without containing mentioning named called tagged regarding"
    " concerning".split()
)
_BESIDES = frozenset("the my our your his her their its a an all any every each some this that these those old new".split())
_GENERAL = frozenset(
    "file files document documents docs folder folders directory directories it them me us you there here everything"
    " anything all thing things stuff item items one ones place order case total fact general particular mind way"
    " detail purpose accident mistake turn date name names size type kind content contents tree root top list result"
    " results hits hit version versions again now good once time end front beginning course instead today short"
    " addition both which whom what where when mine ours system machine computer disk drive page pages text texts word"
    " words link links tag tags label labels copy copies paper papers article articles note notes question questions"
    " answer set sets group groups meaning topic i we he she they who is are was were be been am have has had do does"
    " did can could will would may at and or not no only just less more most least very much many than as to into for"
    " author authors writer writers people person staff colleagues researchers area field domain category theme"
    " summary last first next other others rest then please changed added".split()
)
_PLAIN = _GENERAL | _BESIDES | _LEADS
_JOINING = frozenset({"of", "to", "match", "relation"})
_FOR_SETS = DESCRIBING | {"PATH", "FOLDER", "REF", "WHEN", "AT", "REC"}
_OWN = {
    "delete": frozenset[str](), "unlink": frozenset[str](), "move": frozenset({"TO", "SRC"}), "copy": frozenset({"TO", "SRC"}),
    "tag": frozenset({"TAG"}), "untag": frozenset({"TAG"}), "link": frozenset({"DUR"}),
}  # fmt: skip
"""The slots that the calls over sets have besides those of the set."""


def check(words: list[Word], clauses: list[Clause], steps: tuple[Call, ...]) -> None:
    """Pass where no part of a described set that is to be changed was left out.

    Raises:
        Unclear: there is one.
    """
    if not any(type(s).effect is not Effect.READ and _of_a_set(s) for s in steps):
        return
    if _DAYS.search(" ".join(w.seen for w in words)):
        raise Unclear(asking.ONE_TIME)
    for c in clauses:
        _check_slots(c)
        _check_joined(c)
    known = _GENERAL | _BESIDES | _LEADS | {t for c in clauses for s in c.slots for t in re.findall(r"\w+", s.text.lower())}
    for i, w in enumerate(words):
        if not w.mark and w.seen in ("so", "because"):
            return  # why, not which
        if _is_known(w, known) or _leads_on(words, i, known):
            continue
        if _lead(words, i) in _LEADS and not times.is_time(f"in {w.seen}"):
            raise Unclear(asking.what_of(w.text))


def _is_known(w: Word, known: frozenset[str] | set[str]) -> bool:
    return bool(w.mark) or not w.seen[0].isalpha() or all(t in known for t in re.findall(r"\w+", w.seen))


def _leads_on(words: list[Word], i: int, known: frozenset[str] | set[str]) -> bool:
    """Tell whether the word only leads to what was read: "the field **of** ML", "the word noyapen"."""
    following = words[i + 1 : i + 4]
    while following and not following[0].mark and following[0].seen in _JOINING | _BESIDES:
        following = following[1:]
    return bool(following) and (bool(following[0].mark) or (_is_known(following[0], known) and following[0].seen not in _PLAIN))


def _check_slots(c: Clause) -> None:
    own = _OWN.get(c.intent)
    if own is None:
        return
    for s in c.slots:
        if s.name not in _FOR_SETS | own:
            raise Unclear(asking.what_of(s.text))
    kinds = {values.file_type(s.text) for s in c.slots if s.name == "TYPE"}
    if len(kinds) > 1:
        raise Unclear(asking.ONE_KIND)


def _check_joined(c: Clause) -> None:
    """Pass where "the lisbon and norway notes" are looked for as one: words of another kind would have to be in them as well.

    Raises:
        Unclear: the two are taken for two conditions, or the second for what is left out.
    """
    others = [s for s in c.slots if s.name in DESCRIBING]
    for s in c.all("QUERY", "KW", "ANYKW", "EXCL"):
        lead = _JOINED.search(s.before.lower())
        if s.mark or lead is None:
            continue
        if any(o is not s and o.name != s.name and lead["other"] == o.text.lower().split()[-1] for o in others):
            raise Unclear(asking.WHICH_FILES)


_JOINED = re.compile(r"(?P<other>[\w'’-]+) ?(?:\band|\bor|&|,)$")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAYS = re.compile(
    rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)? (?:and|or|&|,|to|until|through|-) (?:the )?"
    r"\d{1,2}(?:st|nd|rd|th)?(?! ?[ap]m)(?!:)\b"
)
"""Two days of a month in an order that is no time: the first of them would be taken alone."""


def _of_a_set(step: Call) -> bool:
    return str(step.to_json().get("files", "")).startswith("$")


def _lead(words: list[Word], i: int) -> str:
    while i > 0 and words[i - 1].seen in _BESIDES and not words[i - 1].mark:
        i -= 1
    return words[i - 1].seen if i else ""
