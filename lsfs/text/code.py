"""Attributes of source code: the symbols it defines and what it imports.

Python is parsed; the other languages are read by patterns that find definitions at the start of a line, which is right for
code that a formatter has seen and misses what macros make.
"""

from __future__ import annotations

import ast
import re
import warnings

from lsfs.text.extracted import Attributes

MAX_SOURCE = 500_000

# Every repetition is bounded or separated by something it cannot match, so that no text takes more than linear time.
_C_LIKE = (
    r"^(?:static |inline |extern |const |unsigned |struct |enum )*[A-Za-z_][\w:<>,]{0,80}[ *&]{1,8}"
    r"([A-Za-z_]\w{0,80})[ ]?\([^;{}]{0,400}\)\s{0,4}(?:const\s?)?\{"
)
_SYMBOLS: dict[str, str] = {
    "js": r"^[ \t]*(?:export )?(?:default )?(?:async )?(?:function\*?|class) ([A-Za-z_$][\w$]*)"
    r"|^[ \t]*(?:export )?(?:const|let|var) ([A-Za-z_$][\w$]*) ?= ?(?:async ?)?(?:\(|function|[\w$]+ ?=>)"
    r"|^[ \t]*(?:export )?(?:interface|type|enum) ([A-Za-z_$][\w$]*)",
    "c": _C_LIKE + r"|^[ \t]*(?:typedef )?(?:struct|class|enum|union|namespace) ([A-Za-z_]\w*)\s?[:{]|^#define ([A-Za-z_]\w*)",
    "java": r"^[ \t]*(?:[a-z]+ ){0,6}(?:class|interface|enum|record|object|trait|struct) ([A-Za-z_]\w*)"
    r"|^[ \t]+(?:(?:public|private|protected|static|final|async|override|virtual) ){1,5}[\w<>\[\],.?]+ ([a-zA-Z_]\w*) ?\("
    r"|^[ \t]*(?:[a-z]+ ){0,6}(?:fun|def|func) ([A-Za-z_]\w*)",
    "go": r"^func (?:\([^)\n]*\) ?)?([A-Za-z_]\w*)|^type ([A-Za-z_]\w*)",
    "rs": r"^[ \t]*(?:pub(?:\([^)\n]*\))? )?(?:async |unsafe |const ){0,3}"
    r"(?:fn|struct|enum|trait|mod|type|macro_rules!) ([A-Za-z_]\w*)",
    "rb": r"^[ \t]*(?:def (?:self\.)?|class |module )([A-Za-z_][\w:?!]*)",
    "php": r"^[ \t]*(?:[a-z]+ ){0,6}(?:function|class|interface|trait) ([A-Za-z_]\w*)",
    "sh": r"^[ \t]*(?:function )?([A-Za-z_][\w-]*) ?\(\) ?\{",
    "sql": r"(?i)^[ \t]*create (?:or replace )?(?:unique |temp |temporary )?(?:table|view|index|function|procedure|trigger)"
    r" (?:if not exists )?[\"`\[]?([A-Za-z_][\w.]*)",
    "lua": r"^[ \t]*(?:local )?function ([A-Za-z_][\w.:]*)",
}
_IMPORTS: dict[str, str] = {
    "js": r"""(?:^import [^'"\n]{0,500}|\brequire\(|\bfrom )['"]([^'"\n]+)['"]""",
    "c": r"^[ \t]*# ?include ?[<\"]([^>\"\n]+)[>\"]",
    "java": r"^(?:import|using) (?:static )?([\w.]+)",
    "go": r"^(?:import |\t)(?:[\w.]+ )?\"([\w./-]+)\"$",
    "rs": r"^[ \t]*(?:pub )?(?:use|extern crate) ([\w:]+)",
    "rb": r"^[ \t]*require(?:_relative)? ['\"]([^'\"\n]+)['\"]",
    "php": r"^use ([\w\\]+)",
    "sh": r"^[ \t]*(?:source|\.) (\S+)",
}
_DIALECTS: dict[str, str] = {
    **dict.fromkeys("js mjs cjs jsx ts tsx vue svelte".split(), "js"),
    **dict.fromkeys("c h cc cpp cxx hpp hh m mm ino".split(), "c"),
    **dict.fromkeys("java kt kts scala cs swift dart groovy gradle".split(), "java"),
    **dict.fromkeys("sh bash zsh".split(), "sh"),
    **{name: name for name in ("go", "rs", "rb", "php", "sql", "lua")},
}
_PYTHON = re.compile(r"^[ \t]*(?:async )?(?:def|class) ([A-Za-z_]\w*)", re.MULTILINE)
_COMPILED = {d: re.compile(p, re.MULTILINE) for d, p in _SYMBOLS.items()}
_COMPILED_IMPORTS = {d: re.compile(p, re.MULTILINE) for d, p in _IMPORTS.items()}


def is_code(extension: str) -> bool:
    """Tell whether symbols are looked for in files of this extension."""
    return extension in {"py", "pyi"} or extension in _DIALECTS


def code_attributes(text: str, extension: str) -> Attributes:
    """Return `symbol` and `import` values in the order of the file; nothing above a megabyte (generated code)."""
    if len(text) > MAX_SOURCE:
        return {}
    if extension in {"py", "pyi"}:
        return _python(text)
    dialect = _DIALECTS.get(extension, "")
    out: Attributes = {}
    for name, patterns in (("symbol", _COMPILED), ("import", _COMPILED_IMPORTS)):
        pattern = patterns.get(dialect)
        if pattern is not None:
            out[name] = [next((g for g in m.groups() if g), "") for m in pattern.finditer(text)]
    return out


def enclosing_symbol(text: str, offset: int, extension: str) -> str | None:
    """Return the symbol whose definition is the last one to begin before `offset`; None when there is none."""
    pattern = _PYTHON if extension in {"py", "pyi"} else _COMPILED.get(_DIALECTS.get(extension, ""))
    if pattern is None or len(text) > MAX_SOURCE:
        return None
    end = text.find("\n", offset)
    last = None
    for last in pattern.finditer(text, 0, len(text) if end < 0 else end):  # noqa: B007 - the last one is wanted
        pass
    return None if last is None else next((g for g in last.groups() if g), None)


def _python(text: str) -> Attributes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the file's own escapes, of no interest here
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    out: Attributes = {"symbol": [], "import": []}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            out["symbol"].append(node.name)
        elif isinstance(node, ast.Import):
            out["import"] += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            out["import"].append(node.module)
    docstring = ast.get_docstring(tree)
    if docstring:
        out["title"] = [docstring.splitlines()[0]]
    return out
