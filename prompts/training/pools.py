"""Where the values of the slots come from.

Wide on purpose: what decides whether a parser holds up is the variety of *value shapes* (bare names, names with underscores, dates
without padding, quoted texts with anything in them), more than the number of phrasings.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import filenames
import moments
import topics
from vocabulary import LISTS

FIRST, FIELDS = LISTS["FIRST"], LISTS["FIELDS"]


def _pick(name: str) -> Callable[[random.Random], str]:
    return lambda rng: rng.choice(LISTS[name])


KINDS: dict[str, Callable[[random.Random], str]] = {
    "PATH": filenames.path,
    "FILE": filenames.file,
    "BARE": filenames.bare,
    "STEM": filenames.stem,
    "FOLDER": filenames.folder,
    "SHAPED": filenames.shaped_folder,
    "TO": filenames.folder,
    "TOFILE": filenames.file,
    "SRC": filenames.path,
    "OTHER": filenames.path,
    "QUERY": topics.topic,
    "QUERY2": topics.topic,
    "KIND": topics.content_kind,
    "KINDS": topics.plural_kind,
    "K": moments.number,
    "STEPS": moments.number,
    "VERSION": lambda r: str(r.randint(1, 40)),
    "VERSION2": lambda r: str(r.randint(2, 40)),
    "ORDINAL": _pick("ORDINAL"),
    "WHEN": moments.when,
    "AT": moments.point,
    "AT2": moments.point,
    "DUR": moments.duration,
    "CONTENT": topics.content,
    "BARECONTENT": topics.bare_content,
    "NAME": topics.snapshot,
    "ANYFOLDER": filenames.any_folder,
    "PHRASE": topics.phrase,
    "PASTNAMED": _pick("NAMED_DAYS"),
    "TOPICIN": topics.topic_in,
    "GERUND": topics.gerund,
    "PLACE": topics.place,
    "GLOB": filenames.name_part,
    "WILD": filenames.glob,
    "KW": topics.keyword,
    "ANYKW": topics.keyword,
    "EXCL": topics.keyword,
    "AUTHOR": topics.person,
    "ANYAUTHOR": topics.person,
    "AFFIL": topics.institution,
    "ANYAFFIL": topics.institution,
    "TYPE": _pick("TYPE_PLURAL"),
    "LANG": _pick("LANGUAGES"),
    "TAG": topics.tag,
    "HASTAG": topics.tag,
    "SIZEMIN": moments.size,
    "SIZEMAX": moments.size,
    "LIKE": filenames.file,
    "KEY": _pick("GROUP_KEY"),
    "ON": _pick("JOIN_KEY"),
    "LINES": moments.lines,
    "ACTOR": _pick("PROGRAMS"),
    "FOCUS": topics.topic,
    "LENGTH": moments.length,
    "THRESH": _pick("MINIMUM"),
    "NUMBER": moments.number,
    "FIRST": _pick("FIRST"),
    "CITY": _pick("CITIES"),
    "FIELD": _pick("FIELDS"),
    "DATE": moments.date,
    "PREV": _pick("PREVIOUS"),
    "ONCE": _pick("KIND_ONCE"),
    "MOUNTPOINT": filenames.mount_point,
    "SINCE": moments.since,
    "POINTDATE": moments.point_date,
    "QBARE": filenames.quoted_bare,
    "QFOLDER": filenames.quoted_folder,
    "NEWNAME": filenames.new_name,
    "SORTADJ": _pick("SORT_ADJECTIVE"),
    "SORTING": _pick("SORTING"),
    "SORTBIG": _pick("KIND_SORTBIG"),
    "MODE": _pick("MODE"),
    "MODEVERB": _pick("KIND_MODEVERB"),
    "NTH": _pick("NTH"),
    "THEM": _pick("KIND_THEM"),
    "IT": _pick("KIND_IT"),
    "DETHEM": _pick("KIND_DETHEM"),
    "QTOPIC": topics.quoted_topic,
    "DROP": _pick("DROP"),
    "REC": _pick("RECURSIVE"),
    "RECADV": _pick("KIND_RECADV"),
    "CONTAIN": _pick("CONTAIN"),
    "CONTAINING": _pick("CONTAINING"),
    "LENGTHADJ": _pick("LENGTH_ADJECTIVE"),
    "LENGTHADV": _pick("KIND_LENGTHADV"),
    "TYPE1": _pick("TYPE_SINGULAR"),
    "KEYPL": _pick("KIND_KEYPL"),
    "PLAINDUR": moments.plain_duration,
    "UNTIL": moments.until,
    "KEYDE": _pick("KIND_KEYDE"),
    "KEYFR": _pick("KIND_KEYFR"),
    "KEYES": _pick("KIND_KEYES"),
    "QWORD": filenames.quoted_word,
    "ABSOLUTE": filenames.absolute,
    "OUTSIDE": filenames.outside,
    "SNAKE": filenames.snake,
    "PLAINFILE": filenames.plain_file,
    "NAMEDTIME": _pick("KIND_NAMEDTIME"),
}


def value(kind: str, rng: random.Random) -> str:
    """Draw a value of a kind."""
    return KINDS[kind](rng)
