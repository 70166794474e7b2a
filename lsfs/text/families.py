"""File types by name: what `type=image` or `type=spreadsheet` covers, and how a file is read."""

from __future__ import annotations

import os

FAMILIES: dict[str, frozenset[str]] = {
    "image": frozenset("jpg jpeg png gif bmp tif tiff webp heic heif svg ico psd raw cr2 nef avif".split()),
    "audio": frozenset("mp3 wav flac ogg oga opus m4a aac wma aiff mid midi".split()),
    "video": frozenset("mp4 mkv avi mov webm mpg mpeg m4v wmv flv ogv".split()),
    "spreadsheet": frozenset("xlsx xls xlsm xlsb ods csv tsv".split()),
    "presentation": frozenset("pptx ppt odp key ppsx".split()),
    "document": frozenset("pdf doc docx odt rtf txt md rst tex epub html htm pages org".split()),
    "code": frozenset(
        "py pyi js mjs cjs jsx ts tsx c h cc cpp cxx hpp hh java go rs rb php pl pm sh bash zsh fish ps1 bat lua r jl scala kt "
        "kts swift cs fs vb m mm hs ml mli clj ex exs erl el lisp scm sql css scss less vue svelte dart zig nim v vhd asm s f "
        "f90 ino cmake make mk gradle proto tf ipynb".split()
    ),
    "mail": frozenset("eml msg mbox".split()),
    "archive": frozenset("zip tar gz tgz bz2 xz zst 7z rar jar deb rpm whl".split()),
    "data": frozenset("json jsonl ndjson yaml yml toml xml csv tsv parquet sqlite db bib".split()),
    "config": frozenset("ini cfg conf toml yaml yml env properties".split()),
    "text": frozenset("txt text md markdown rst org adoc tex log".split()),
    "ebook": frozenset("epub mobi azw3 fb2 djvu".split()),
    "notebook": frozenset(["ipynb"]),
    "calendar": frozenset(["ics"]),
    "contact": frozenset(["vcf"]),
}
"""Extensions (without a dot, lower case) by family; an extension can be in several."""

ALIASES: dict[str, tuple[str, ...]] = {
    "picture": ("image",),
    "pictures": ("image",),
    "photo": ("image",),
    "photos": ("image",),
    "images": ("image",),
    "music": ("audio",),
    "sound": ("audio",),
    "videos": ("video",),
    "movie": ("video",),
    "movies": ("video",),
    "spreadsheets": ("spreadsheet",),
    "excel": ("xlsx", "xls", "xlsm"),
    "table": ("spreadsheet",),
    "tables": ("spreadsheet",),
    "presentations": ("presentation",),
    "slides": ("presentation",),
    "powerpoint": ("pptx", "ppt", "ppsx"),
    "documents": ("document",),
    "word": ("docx", "doc"),
    "markdown": ("md", "markdown"),
    "md": ("md", "markdown"),
    "plain text": ("txt", "text"),
    "python": ("py", "pyi"),
    "javascript": ("js", "mjs", "cjs", "jsx"),
    "typescript": ("ts", "tsx"),
    "rust": ("rs",),
    "golang": ("go",),
    "ruby": ("rb",),
    "shell": ("sh", "bash", "zsh"),
    "c++": ("cc", "cpp", "cxx", "hpp"),
    "source": ("code",),
    "source code": ("code",),
    "latex": ("tex",),
    "html": ("html", "htm"),
    "jpg": ("jpg", "jpeg"),
    "jpeg": ("jpg", "jpeg"),
    "tif": ("tif", "tiff"),
    "tiff": ("tif", "tiff"),
    "yaml": ("yaml", "yml"),
    "mails": ("mail",),
    "email": ("mail",),
    "emails": ("mail",),
    "e-mail": ("mail",),
    "archives": ("archive",),
    "notebooks": ("notebook",),
    "books": ("ebook",),
}
"""Other words for families and extensions."""


def extension(path: bytes) -> str:
    """Return the lower-case extension of a path without its dot; "" when it has none."""
    name = os.path.basename(path)
    stem, dot, tail = name.rpartition(b".")
    return tail.decode("utf-8", "replace").lower() if dot and stem else ""


def extensions_of(kind: str) -> frozenset[str]:
    """Return the extensions that a type stands for: a family, another name of one, or an extension itself."""
    word = kind.strip().lower().removeprefix("*").removeprefix(".")
    parts = ALIASES.get(word, (word,))
    return frozenset[str]().union(*(FAMILIES.get(part, frozenset([part])) for part in parts))


def family_of(path: bytes) -> str:
    """Return the first family that a path's extension is in, for grouping; the extension itself, or "none"."""
    ext = extension(path)
    return next((family for family, members in FAMILIES.items() if ext in members), ext or "none")
