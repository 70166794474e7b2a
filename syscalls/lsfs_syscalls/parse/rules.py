"""The forms that cannot be mistaken: a verb, literal objects, and nothing else, as patterns over the words with their marks.

A rule has to fit the whole clause, so that one word more leaves it to the model. `P` in a pattern is a literal that names a file
or folder, `Q` a quoted text, `N` a number; the named groups are slots.
"""

# ruff: noqa: E501  a form is one line
from __future__ import annotations

import re
from datetime import datetime

from lsfs_syscalls import times
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.wondering import VERBS
from lsfs_syscalls.parse.words import Word, spoken

_P = r"(?:@file|@folder|@qpath|@ident|@glob)"
_N = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|a dozen)"
_THE = r"(?:the |my |our )?(?:file |folder |directory |document )?"
_AFTER = r"(?: file| folder| directory| document)?"
_OBJECT = rf"{_THE}(?P<PATH>{_P}){_AFTER}"
_OBJECTS = rf"{_THE}(?P<PATH>{_P})(?:(?: ,| and| , and) {_THE}(?P<PATH_2>{_P})){{0,1}}(?:(?: ,| and| , and) {_THE}(?P<PATH_3>{_P})){{0,1}}{_AFTER}"
_WORD = r"(?!(?:it|them|this|that|there|the|my|a|an|one|other|me)\b)[a-z][\w-]*"
_INTO = r"(?:to|into|in|under)"
_FOLDER = rf"(?: (?:in|under|below|from|inside|within) {_THE}(?P<FOLDER>{_P}){_AFTER})?"
_WHEN = r"(?: (?P<WHEN>(?:from|since|before|after|between|until|in|during|over|on|last|this|yesterday|today|older|newer|within) ?.*?))?"

_MADE = r"(?:create|make|start) (?:a |the |me a )?(?:new )?(?:file |note |text file |document |list )?(?:called |named )?(?P<PATH>@file|@qpath)"
_NO_TEXT = (
    r"(?!(?:an?|some|the|my|our|all|every\w*|any\w*|what\w*|write|read|no|this|that|these|those|it|them|empty|nothing|contents?|texts?|tags?"
    r"|labels?|permissions?|password|results?|hits|copy|copies|summar\w*|translation|list|names|version|lines?|data)\b)"
)
"""What is no text that was said but tells of one, or of something else."""

_FORMS: tuple[tuple[str, str], ...] = (
    ("delete", rf"(?:delete|remove|erase|trash|get rid of) {_OBJECTS}"),
    ("move", rf"(?:move|put|relocate) {_OBJECTS} {_INTO} {_THE}(?P<TO>{_P}|{_WORD}){_AFTER}"),
    ("copy", rf"(?:copy|duplicate) {_OBJECTS} {_INTO} {_THE}(?P<TO>{_P}|{_WORD}){_AFTER}"),
    ("retrieve", r"(?:have (?:i|we) got|do (?:i|we) have|is there|are there) (?:an?|any|some) (?P<TYPE>pictures?|photos?|pdfs?|images?|spreadsheets?|presentations?|recordings?|videos?) (?:of|about|on|showing) (?P<QUERY>.+)"),
    ("rename", rf"rename {_OBJECT} (?:to|into|as) (?P<TO>{_P}|@quote)"),
    ("read", rf"(?:read|open|display|show(?: me)?) (?:the contents? of |what is in )?{_THE}(?P<PATH>@file|@qpath)"),
    ("read", rf"(?:read|open|print|display|show(?: me)?) version (?P<VERSION>{_N}) of {_THE}(?P<PATH>@file|@qpath)"),
    ("create_directory", rf"(?:create|make|add) (?:a |the )?(?:new |empty )?(?:folder|directory)(?: called| named)? (?P<PATH>{_P}|@quote)"),
    ("create", r"(?:create|make|add) (?:a |the )?(?:new |empty )?(?:file )?(?:called |named )?(?P<PATH>@file|@qpath)"),
    ("create", r"(?:create|make) (?:a |the )?(?:new )?(?:file )?(?:called |named )?(?P<PATH>@file|@qpath) (?:with|containing|saying|that says)(?: the (?:content|text))? (?P<CONTENT>@quote|@qpath)"),
    ("create", rf"{_MADE} (?:with|containing)(?: the (?:text|words))? (?P<CONTENT>{_NO_TEXT}(?:(?!(?:\band|\bthen|[,.;]) (?:then |also |please )*{VERBS}\b)[^@])+)"),
    ("create", rf"{_MADE} (?:saying|that says|which says|reading) (?P<CONTENT>{_NO_TEXT}(?:(?!(?:\band|\bthen|[,.;]) (?:then |also |please )*{VERBS} (?:it|them|this|that|the)\b)[^@])+)"),
    ("create", rf"(?:import|bring in|load) {_THE}(?P<SRC>@file|@qpath) (?:into|to|in|under) {_THE}(?P<FOLDER>{_P}|[\w-]+){_AFTER}"),
    ("write", r"(?:write|put|save) (?P<CONTENT>@quote|@qpath) (?:to|into|in) (?:the )?(?:file )?(?P<PATH>@file|@qpath)"),
    ("write", rf"(?:change|update|replace|set|modify|alter|revise|overwrite|edit|amend|adapt) (?:the )?(?:(?:content|contents|text|body) (?:of|in|from) )?(?:the )?(?:file |document )?(?P<SRC>@file|@qpath) (?:to|with|into|by)(?: (?:contain|include|reflect|hold|carry|match|show|be))? (?P<PATH>@quote|@qpath|@ident) (?:in|under|within|inside) (?:the )?(?:folder |directory )?(?P<FOLDER>{_P}|@quote)(?: folder| directory| category| section| field| domain| area)?"),
    ("append", r"(?:append|add) (?P<CONTENT>@quote|@qpath) (?:to|at the end of) (?:the )?(?:end of )?(?:the )?(?:file )?(?P<PATH>@file|@qpath)"),
    ("prepend", r"(?:prepend (?P<CONTENT>@quote|@qpath) to|(?:add|put|insert) (?P<CONTENT_2>@quote|@qpath) (?:at the top of|at the (?:start|beginning) of)) (?:the )?(?:file )?(?P<PATH>@file|@qpath)"),
    ("history", rf"(?:show(?: me)? |list |what is )?(?:the )?(?:history|versions|all versions) (?:of|for) {_OBJECT}"),
    ("rollback", r"(?:roll|put|bring|set|take|restore|reset|revert|roll ?back|turn|make)(?: back)? (?:everything|all(?: (?:the |my )?files)?|the (?:whole|entire) (?:tree|thing|directory|library|root|file system))(?: back)? (?:to|as of|like|as) (?:(?:(?:how|as|what|the way) )?(?:it|they|everything|things) (?:was|were|looked|stood)(?: like)? )?(?:on |at )?(?P<AT>.+)"),
    ("rollback", rf"(?:roll|put|bring) {_OBJECT} back to (?:its |the )?(?P<STEPS>previous|last|prior) version"),
    ("rollback", rf"(?:roll ?back|revert|restore) {_OBJECT}(?: to (?:its |the )?(?P<STEPS>previous|last|prior) version)?"),
    ("rollback", rf"(?:roll ?back|revert|restore|reset) {_OBJECT} (?:by )?(?P<STEPS>{_N}) (?:versions?|steps?)(?: back)?"),
    ("rollback", rf"(?:(?:roll ?back|revert|restore|reset) {_OBJECT}|roll (?P<PATH_9>{_P}) back) to version (?P<VERSION>{_N})"),
    ("rollback", rf"(?:(?:roll ?back|revert|restore|reset) {_OBJECT}|roll (?P<PATH_9>{_P}) back) to (?P<AT>.+)"),
    ("undo", r"undo(?: that| it| this| the last (?:change|action|command|step|thing))?"),
    ("undo", r"undo (?:the )?last (?P<STEPS>\d+|two|three|four|five) (?:changes|actions|commands|steps|transactions)"),
    ("undo", r"undo (?:transaction|change) (?:number )?(?P<VERSION>\d+)"),
    ("log", rf"(?:show(?: me)? )?(?:the )?(?:log|list of changes|recent changes|transactions){_WHEN}"),
    ("list", rf"(?:list|show(?: me)?|what is in|what ' s in|what's in|what files are in) (?:the )?(?:files |contents |everything )?(?:in |of |under )?{_THE}(?P<FOLDER>@folder|@ident){_AFTER}"),
    ("list", r"(?:list|show)(?: me)? (?:all )?(?:the |my )?files"),
    ("group_by", rf"group (?:the |all |my )?(?:files )?(?:in |under ){_THE}(?P<FOLDER>{_P}){_AFTER} by (?:their )?(?P<KEY>\w+)"),
    ("group_by", r"group (?P<REF>them|these|those|the results|the hits|it|the files) by (?:their )?(?P<KEY>\w+)"),
    ("join", rf"join (?:the )?(?:files in )?{_THE}(?P<PATH>{_P}){_AFTER} (?:and|with) {_THE}(?P<OTHER>{_P}){_AFTER} (?:by|on) (?:their )?(?:same |common |shared |column )?(?P<KEY>\w+|@ident|@quote)(?: column| field)?"),
    ("join", rf"(?:join|match|pair|compare|relate) (?:the )?(?:folder|directory|folders|directories) (?P<PATH>{_P}|\w+) (?:and|with|to) (?:the )?(?:folder |directory )?(?P<OTHER>{_P}|\w+) (?:by|on) (?:their )?(?:same |common |shared |column )?(?P<KEY>\w+|@ident|@quote)(?: column| field)?"),
    ("join", rf"(?:join|match|pair|relate) (?:up )?(?:the |all )?(?:files|documents|ones) (?:in|of|from|under) {_THE}(?P<PATH>{_P}|\w+){_AFTER} (?:and|with|to) (?:the )?(?:files|documents|ones|those) (?:in|of|from|under) {_THE}(?P<OTHER>{_P}|\w+){_AFTER} (?:by|on) (?:their )?(?:same |common |shared |column )?(?P<KEY>\w+|@ident|@quote)(?: column| field)?"),
    ("join", rf"(?:which|what|find|show me) (?:the )?(?:files|documents|ones) (?:in|from|of) {_THE}(?P<PATH>{_P}|\w+) and {_THE}(?P<OTHER>{_P}|\w+){_AFTER} (?:that )?(?:share|have|with|carry) (?P<KEY>the same name)s?"),
    ("diff", rf"(?:diff|compare) {_OBJECT} (?:and|with|to|against) {_THE}(?P<OTHER>{_P}){_AFTER}"),
    ("diff", rf"(?:diff|compare) versions? (?P<VERSION>{_N}) (?:and|with|to) (?:version )?(?P<VERSION2>{_N}) of {_OBJECT}"),
    ("summarize", rf"summari[sz]e {_OBJECT}"),
    ("summarize", r"summari[sz]e (?P<REF>them|these|those|the results|it)"),
    ("snapshot", r"(?:take|make|create) a snapshot (?:called|named) (?P<NAME>@quote|@ident|\w+)"),
    ("tag", rf"tag {_OBJECTS} (?:as|with) (?P<TAG>@quote|@ident|\w+)"),
    ("lock", rf"lock {_OBJECT}"),
    ("unlock", rf"unlock {_OBJECT}"),
    ("link", rf"(?:share|link|(?:make|create|generate|give me) a (?:share |shared |shareable |download )?link (?:to|for)) {_OBJECT}(?: for (?P<DUR>.+)| (?:valid|lasting|that lasts|that is valid)(?: for)? (?P<DUR_2>.+))?"),
    ("link", rf"(?:make|create|generate|produce|give me) (?:a |the )?(?:share |shared |shareable |sharing |download )?link (?:to|for) (?:the |my )?(?P<PATH>{_P}|(?!(?:it|them|this|that|these|those|everything|all|files|the|a|my|which)\b)[\w-]+) (?:with|having) (?:a |the )?(?:validity|lifetime|duration|expiry|expiration)(?: period| time)?(?: of)? (?P<DUR>.+)"),
    ("unlink", rf"(?:unlink|unshare|stop sharing|revoke the links? (?:to|for)) {_OBJECT}"),
    ("watch", rf"(?:watch {_OBJECT}|(?:tell|notify|alert) me (?:when|if) {_THE}(?P<PATH_9>{_P}){_AFTER} (?:changes|is changed))"),
    ("duplicates", rf"(?:find|show|list)(?: me)? (?:all )?(?:the )?duplicates?(?: files)?{_FOLDER}"),
    ("touch", rf"touch {_OBJECT}"),
    ("forget", rf"forget {_OBJECT} (?:for good|forever|permanently)"),
    ("gc", r"(?:collect garbage|clean up (?:the )?old versions)"),
    ("stat", rf"how (?:big|large|old) is {_OBJECT}"),
)  # fmt: skip
_RULES = tuple((intent, re.compile(form)) for intent, form in _FORMS)
_POLITE = re.compile(
    r"^(?:(?:please|kindly|hey|hi|hello|ok|okay|now|then|and|lsfs|,|can you|could you|would you|will you|i want to|i would like to|i want you to|i need to|"
    r"let ' s|let's|let us|just|go ahead and) )+"
)
_CLOSING = re.compile(r"(?: (?:please|thanks|thank you|thx|for me|now|\.|!|\?|,))+$")
CONFIDENCE = 0.97


def match(prompt: str, words: list[Word], now: datetime) -> Clause | None:
    """Return the clause that the words are an unmistakable form of, or None."""
    starts, text = _joined(words)
    lead = _POLITE.match(text)
    begin = lead.end() if lead else 0
    closing = _CLOSING.search(text)
    body = text[begin : closing.start() if closing else len(text)]
    for intent, rule in _RULES:
        m = rule.fullmatch(body)
        if m is None:
            continue
        slots = tuple(_slots(prompt, words, starts, begin, m))
        if all(_holds(s, now) for s in slots):
            return Clause(intent, slots, CONFIDENCE, prompt)
    return None


def _joined(words: list[Word]) -> tuple[dict[int, int], str]:
    """Return the words as one text, and which word begins at which offset of it."""
    starts: dict[int, int] = {}
    text = ""
    for i, w in enumerate(words):
        text += " " if text else ""
        starts[len(text)] = i
        text += w.seen
    return starts, text


def _slots(prompt: str, words: list[Word], starts: dict[int, int], begin: int, m: re.Match[str]) -> list[Slot]:
    out = []
    for group, value in m.groupdict().items():
        if not value or not value.strip():
            continue
        at = begin + m.start(group)
        first = starts[at]
        last = next((i for offset, i in starts.items() if offset >= at + len(value)), len(words))
        inside = words[first:last]
        mark = inside[0].mark if len(inside) == 1 else ""
        out.append((at, Slot(group.partition("_")[0], spoken(prompt, inside), mark)))
    return [s for _, s in sorted(out, key=lambda pair: pair[0])]


def _holds(s: Slot, now: datetime) -> bool:
    """Tell whether a slot of time really names one."""
    if s.name in ("WHEN", "AT"):
        return times.resolve(s.text, now) is not None
    return s.name != "DUR" or times.expiry(s.text, now) is not None
