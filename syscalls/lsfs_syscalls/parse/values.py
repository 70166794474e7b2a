"""What the words in a slot mean: counts, versions, types, sizes, languages, orders, patterns of names, lines, lengths.

Every function returns None where the words do not give such a value; then the slot is dropped rather than guessed.
"""

from __future__ import annotations

import re

from lsfs_syscalls.times.words import NUMBERS, ORDINALS

_ONE = re.compile(
    r"\b(?:single|best|top|last|latest|previous|prior|newest|oldest|biggest|largest|smallest|most recent|preceding|one)\b"
)
_TYPES: tuple[tuple[str, str], ...] = (
    (r"pdfs?(?: files?| documents?)?", "pdf"),
    (r"images?|photos?|photographs?|pictures?|pics?|screenshots?|bilder|fotos?", "image"),
    (r"excel|xlsx", "xlsx"),
    (r"spreadsheets?", "spreadsheet"),
    (r"markdown|md", "md"),
    (r"python|py", "py"),
    (r"e-?mails?|mails?|messages?", "email"),
    (r"videos?(?: clips?)?|movies?|clips?|films?", "video"),
    (r"audio(?: recordings?| clips?)?|songs?|music|recordings?|sound", "audio"),
    (r"e-?books?|epubs?", "epub"),
    (r"headers?", "h"),
    (r"presentations?|slides?|slide decks?|decks?|slideshows?", "presentation"),
    (r"powerpoints?|pptx?", "pptx"),
    (r"word|docx?", "docx"),
    (r"text|txt|plain text|plain-text", "txt"),
    (r"jupyter(?: notebooks?)?|notebooks?|ipynb", "ipynb"),
    (r"java", "java"),
    (r"javascript|js", "js"),
    (r"typescript|ts", "ts"),
    (r"rust|rs", "rs"),
    (r"golang|go", "go"),
    (r"c\+\+|cpp", "cpp"),
    (r"c|c source", "c"),
    (r"shell|bash|sh", "sh"),
    (r"ruby|rb", "rb"),
    (r"yaml|yml", "yaml"),
    (r"latex|tex", "tex"),
    (r"html?|web pages?", "html"),
    (r"zip|archives?", "zip"),
    (r"jpe?gs?", "jpg"),
)
_NAMED = frozenset(name for _, name in _TYPES)
_TYPE_TAIL = re.compile(
    r"(?<=\w) (?:files?|documents?|docs?|scripts?|sources?|source files?|source|code|images?|sheets?|format|ones?|only"
    r"|tables?)$"
)
LANGUAGES: dict[str, str] = {
    "arabic": "ar", "bulgarian": "bg", "chinese": "zh", "mandarin": "zh", "croatian": "hr", "czech": "cs", "danish": "da",
    "dutch": "nl", "english": "en", "estonian": "et", "finnish": "fi", "french": "fr", "german": "de", "greek": "el",
    "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko",
    "latin": "la", "norwegian": "no", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr",
    "slovak": "sk", "slovenian": "sl", "spanish": "es", "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk",
    "vietnamese": "vi", "persian": "fa", "deutsch": "de", "deutsche": "de", "englisch": "en", "englische": "en",
    "französisch": "fr", "französische": "fr", "spanische": "es", "italienische": "it",
    "spanisch": "es", "italienisch": "it", "allemand": "de", "anglais": "en", "français": "fr", "espagnol": "es",
    "alemán": "de", "aleman": "de", "inglés": "en", "ingles": "en", "francés": "fr", "frances": "fr", "español": "es",
}  # fmt: skip
_UNITS = {
    "": 1, "b": 1, "byte": 1, "k": 10**3, "kb": 10**3, "kilobyte": 10**3, "m": 10**6, "mb": 10**6, "meg": 10**6,
    "megabyte": 10**6, "g": 10**9, "gb": 10**9, "gig": 10**9, "gigabyte": 10**9, "tb": 10**12, "terabyte": 10**12,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
}  # fmt: skip
_SORTS = (
    (r"\b(?:oldest|least recent\w*|longest ago|earliest|ancient|stalest)\b", "oldest"),
    (r"\b(?:smallest|tiniest|lightest|shortest)\b", "smallest"),
    (
        r"\b(?:newest|latest|most recent|recent\w*|modif\w+|last changed|date|freshest|newer|edited|changed)\b",
        "modified",
    ),
    (r"\b(?:biggest|largest|size|huge\w*|heaviest|bigger|larger)\b", "size"),
    (r"\b(?:alphabet\w*|name\w*|a-z|a to z)\b", "name"),
    (r"\b(?:relevan\w*|score|match\w*|best)\b", "score"),
)
_KEYS: tuple[tuple[str, str], ...] = (
    (r"topics?|subjects?|themes?|what they are about|content|subject matter|meaning", "topic"),
    (r"(?:file ?)?types?|formats?|kinds?(?: of file)?|extensions?|file kinds?|file formats?|file extensions?", "type"),
    (r"authors?|who wrote (?:it|them|each)|writers?|creators?|the person who wrote (?:it|them)", "author"),
    (r"director(?:y|ies)|folders?|location|where they (?:are|live)|the folder they are in|parent folder|path", "directory"),
    (r"days?|dates?|the day (?:they|it) \w+(?: \w+)?", "day"),
    (r"(?:calendar )?weeks?", "week"),
    (r"months?", "month"),
    (r"years?", "year"),
    (r"languages?|the language they are (?:written )?in", "language"),
    (r"tags?|labels?", "tag"),
)
_ON = (
    (r"contents?|similar\w*|what they say|text|meaning|what is in them|topic|subject", "content"),
    (r"(?:file ?)?names?|filenames?|titles?|the same name|their names?", "name"),
    (r"mention\w*|references?|refer\w*|citations?|cit\w+|who mentions whom|naming", "mention"),
)
_ARTICLE = re.compile(
    r"^(?:the|a|an|my|our|your|their|its|this|that|these|those|der|die|das|le|la|les|el|los|las)\s+", re.IGNORECASE
)


def bare(text: str) -> str:
    """Return `text` without a leading article and closing punctuation."""
    return _ARTICLE.sub("", text.strip().rstrip(".,;:!?").strip())


def number(text: str) -> int | None:
    """Return the number that `text` has as digits, as a word or as an ordinal."""
    t = text.lower()
    m = re.search(r"\d+", t)
    if m:
        return int(m[0])
    if "half a dozen" in t or "half dozen" in t:
        return 6
    if re.search(r"\bcouple\b|\bpair\b", t):
        return 2
    total, found = 0, False
    for w in re.findall(r"[a-z]+(?:-[a-z]+)?", t):
        for part in [w] if w in ORDINALS else w.split("-"):
            value = NUMBERS.get(part, ORDINALS.get(part))
            if value is not None:
                total = total * value if value == 100 and total else total + value
                found = True
    return total if found else None


def count(text: str) -> int | None:
    """Return a count; words for a single one ("the newest") count 1."""
    n = number(text)
    if n is not None:
        return n if n > 0 else None
    t = text.lower()
    if re.search(r"\bonce\b|\btwice\b", t):
        return 2 if "twice" in t else 1
    return 1 if _ONE.search(t) or re.fullmatch(r"an?|1|a step|eine?|une?|una", t.strip()) else None


def file_type(text: str) -> str | None:
    """Return the type that a format's name stands for: an extension without its dot, or a group such as `image`."""
    t = bare(text).lower().lstrip("*.").strip()
    short = t
    while True:
        for pattern, name in _TYPES:
            if re.fullmatch(pattern, short):
                return name
        shorter = _TYPE_TAIL.sub("", short)
        if shorter == short:
            break
        short = shorter
    plural = re.sub(r"s$", "", short) if len(short) > 3 else short
    return plural if re.fullmatch(r"[a-z0-9+]{1,8}", plural) else None


_FORMATS = frozenset(
    "rst org log conf cfg ini toml json jsonl ndjson sql db sqlite cc hpp tsx jsx php pl lua r jl scala kt swift "
    "bat ps1 vue css scss xml svg png gif bmp tiff tif webp heic raw dng psd eps mp3 wav flac ogg m4a aac mp4 mkv "
    "mov avi webm doc odt rtf xls ods ppt odp csv tsv parquet tar gz bz2 xz 7z rar iso mobi azw3 bib cls sty eml "
    "msg mbox ics vcf kdbx gpg pem key crt bak tmp lock patch diff bin exe dll so deb rpm apk jar war wasm ttf otf "
    "woff dwg dxf stl obj blend gcode fasta fastq bam nc hdf5 h5 mat rds sav dta gpx kml geojson shp srt vtt code "
    "script".split()
)


def is_format(text: str) -> bool:
    """Return whether the words name a format or a group of them, not a kind of text such as "essays"."""
    return text.lstrip("*").startswith(".") or (name := file_type(text)) in _FORMATS or name in _NAMED


def language(text: str) -> str | None:
    """Return the ISO 639-1 code of a language."""
    t = bare(text).lower()
    t = re.sub(r" (?:language|version|translation)$|^(?:ins|in|into|to|auf|en|al|au) ", "", t)
    if t in LANGUAGES:
        return LANGUAGES[t]
    return t if re.fullmatch(r"[a-z]{2}", t) and t in LANGUAGES.values() else None


def size(text: str) -> int | None:
    """Return a size in bytes; kB, MB and GB are powers of 1000."""
    t = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower())
    t = re.sub(r"\bhalf an? ", "0.5 ", t)
    m = re.search(r"(\d+(?:\.\d+)?)\s*([a-z]*)", t)
    if m is None:
        n = number(re.sub(r"\ban?\b", "one", t))
        unit = re.search(r"([a-z]+)\s*$", t)
        return n * _UNITS[unit[1].rstrip("s")] if n and unit and unit[1].rstrip("s") in _UNITS else None
    unit_text = m[2] if m[2] in _UNITS else m[2].rstrip("s")
    return round(float(m[1]) * _UNITS[unit_text]) if unit_text in _UNITS else None


def sort(text: str) -> str | None:
    """Return the order that words such as "newest first" name."""
    t = text.lower()
    return next((name for pattern, name in _SORTS if re.search(pattern, t)), None)


def mode(text: str) -> str | None:
    """Return the mode of search."""
    t = text.lower()
    if "hybrid" in t or ("keyword" in t and re.search("meaning|semantic", t)):
        return "hybrid"
    if re.search(r"keyword|literal|exact|verbatim|word for word|full.?text|by words?", t):
        return "keyword"
    return "semantic" if re.search(r"meaning|semantic|sense|concept", t) else None


def group_key(text: str) -> str | None:
    """Return a key of `group_by`: one of the table where one fits, else the phrase."""
    t = re.sub(r"^(?:by|per|according to|on|nach|par|por)\s+", "", bare(text).lower())
    t = bare(re.sub(r"^(?:their|its|each|every)\s+", "", t))
    return next((key for pattern, key in _KEYS if re.fullmatch(pattern, t)), t or None)


def join_key(text: str) -> str | None:
    """Return what to join on."""
    t = bare(re.sub(r"^(?:by|on|via|through|over|using)\s+", "", bare(text).lower()))
    t = re.sub(r"^(?:same|shared|common|matching|similar|their|similarity of)\s+(?=\w)", "", t)
    t = re.sub(r"(?<=\w) (?:column|field|attribute|key)s?$", "", t)
    return next((key for pattern, key in _ON if re.fullmatch(pattern, t)), t or None)


def name_pattern(text: str, before: str) -> str | None:
    """Return the pattern of a file name; `before` are the words that lead to it ("starting with")."""
    t = text.strip().strip("\"'").rstrip(",;")
    if not t:
        return None
    if any(c in t for c in "*?["):
        return t
    lead = before.lower()
    if re.search(r"(?:start|begin|prefix)\w*(?: \w+)?$|start\w* with|begin\w* with", lead):
        return f"{t}*"
    if re.search(r"end\w* (?:in|on|with)|suffix|finish\w*", lead):
        return f"*{t}"
    return f"*{t}*" if "." not in t else t


def lines(text: str) -> str | None:
    """Return lines as `A-B`, `A-` or `-N`."""
    t = text.lower()
    numbers = [int(n) for n in re.findall(r"\d+", t)] or [n for w in re.findall(r"[a-z-]+", t) if (n := number(w)) is not None]
    if not numbers:
        return None
    if len(numbers) >= 2:
        return f"{numbers[0]}-{numbers[1]}"
    n = numbers[0]
    if re.search(r"\b(?:last|final|bottom|tail)\b", t):
        return f"-{n}"
    if re.search(r"\b(?:first|top|head|opening|initial)\b", t):
        return f"1-{n}"
    return f"{n}-" if re.search(r"\b(?:from|after|on|onwards?|starting|since)\b|\d-$", t) else f"{n}-{n}"


def threshold(text: str) -> float | None:
    """Return a share of one: "80 %", "0.8", "80 percent"."""
    m = re.search(r"\d+(?:\.\d+)?|\.\d+", text.replace(",", "."))
    value = float(m[0]) if m else (float(n) if (n := number(text)) is not None else None)
    if value is None:
        return None
    value = value / 100 if value > 1 else value
    return value if 0 <= value <= 1 else None


def length(text: str) -> str | None:
    """Return the length of a summary: a number and its unit, or `short`, `medium`, `long`."""
    t = text.lower()
    unit = re.search(r"(sentence|word|line|paragraph|bullet|page)(?: point)?s?\b", t)
    if unit:
        n = number(t) or (1 if re.search(r"\b(?:a|an|one|single)\b", t) else None)
        if n is None:
            return "long" if re.search(r"few|several|many", t) and unit[1] in ("page", "paragraph") else "short"
        return f"{n} {unit[1]}" + ("s" if n != 1 else "")
    if re.search(r"\b(?:brief\w*|short\w*|concise\w*|quick\w*|tl;?dr|nutshell|crisp|compact|terse)\b", t):
        return "short"
    return "long" if re.search(r"\b(?:long\w*|detail\w*|thorough\w*|full\w*|extensive\w*|in depth|in-depth)\b", t) else None
