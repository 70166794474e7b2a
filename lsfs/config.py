"""The configuration: flags over environment over the root's file over the user's file over defaults.

Files are TOML: `$XDG_CONFIG_HOME/lsfs/config.toml` for the user, `ROOT/.lsfs/config.toml` for one root. The environment is
handed in by the programs; this module reads no environment of its own. An unknown section or key is an error that names it.

A root may come from somebody else (an unpacked archive), so its own file may say nothing about where words are sent or files
are offered: `[llm]`, `[embed]`, `[search]` and `[share]` are the user's alone.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsfs.errors import BadRequest

MIB = 1024 * 1024
_USERS_ALONE = frozenset({"llm", "embed", "search", "share"})


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """What is made searchable.

    Attributes:
        max_text_bytes: a larger text or code file is not indexed by content (it is versioned all the same).
        max_document_bytes: the same for documents and images.
        ignore_files: names of the files whose patterns keep paths out of the index.
        threads: threads of the embedder while it fills the index.
        chroma_url: a Chroma server; the embedded one without it.
    """

    max_text_bytes: int = 16 * MIB
    max_document_bytes: int = 128 * MIB
    ignore_files: tuple[str, ...] = (".gitignore", ".ignore", ".lsfsignore")
    threads: int = 1
    chroma_url: str = ""


@dataclass(frozen=True, slots=True)
class VersionsConfig:
    """What the version store keeps.

    Attributes:
        baseline_bytes: content of files that were there before is stored up to so many bytes in all.
        keep_last: so many versions of a file are kept whatever their age.
        keep_within: versions younger than this duration are all kept; "" for no such rule.
        hourly, daily, weekly, monthly, yearly: of older ones, the last of so many hours, days, ...
        keep_tags: files with one of these tags keep every version (`lsfs tag FILE pinned`).
        budget_bytes: `gc` thins further when the store is larger; 0 for no limit.
        gc: "off" (`lsfs gc` only) or "daily": old versions go under these rules when nothing else is to do.
        repack: keep later versions as differences of earlier ones when nothing else is to do; it loses nothing.
    """

    baseline_bytes: int = 20 * 1024 * MIB
    keep_last: int = 10
    keep_within: str = "30d"
    hourly: int = 48
    daily: int = 60
    weekly: int = 52
    monthly: int = 60
    yearly: int = 100
    keep_tags: tuple[str, ...] = ("pinned",)
    budget_bytes: int = 0
    gc: str = "off"
    repack: bool = True

    def __post_init__(self) -> None:
        if self.gc not in ("off", "daily"):
            raise BadRequest(f"[versions] gc is {self.gc!r}; it takes off, daily")


DRIVERS = ("auto", "native", "portable", "mfusepy", "fusepy")


@dataclass(frozen=True, slots=True)
class MountConfig:
    """How the mount behaves.

    Attributes:
        driver: "native" (the kernel's protocol itself, Linux), "portable" (libfuse; "mfusepy" or "fusepy" chooses the binding),
            or "auto": native where it can mount, else portable.
        passthrough: let the kernel read and write the files itself where it may.
        spool_max_bytes: content above this size is not copied aside before a program destroys it ...
        on_large: ... but "go-on" (recorded as missed) or "refuse" (EFBIG).
    """

    driver: str = "auto"
    passthrough: bool = True
    spool_max_bytes: int = 4096 * MIB
    on_large: str = "go-on"

    def __post_init__(self) -> None:
        for key, value, choices in (("driver", self.driver, DRIVERS), ("on_large", self.on_large, ("go-on", "refuse"))):
            if value not in choices:
                raise BadRequest(f"[mount] {key} is {value!r}; it takes {', '.join(choices)}")


MODES = ("offline", "model", "auto")
WIRES = ("json_schema", "tools")


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """A language model: one in this process, or one spoken to by the OpenAI protocol.

    Attributes:
        mode: "offline", "model" or "auto" (the model where the offline parser is not sure).
        base_url: the endpoint; without it and without `model_file` there is no model.
        api_key: its key; local servers take any.
        model_file: a GGUF, absolute or with `~`, that llama.cpp runs in this process (`pip install 'lsfs[local]'`); it goes
            before `base_url`, and nothing is sent anywhere.
        threads: of the model of `model_file`; 0 for one less than there are processors. They wait for each other in a busy
            loop, so one that has to share its processor holds up all.
        context_tokens: what the model of `model_file` has in view, the request and its answer; more takes more memory.
        timeout_s: for an answer, or for its next piece where it is streamed.
        wire: "json_schema" or "tools".
        max_tokens: of one text that it writes (a summary, a part of a translation); 0 for the server's own limit.
    """

    mode: str = "auto"
    base_url: str = ""
    api_key: str = ""
    model: str = ""
    model_file: str = ""
    threads: int = 0
    context_tokens: int = 8192
    timeout_s: float = 30.0
    wire: str = "json_schema"
    max_tokens: int = 0

    def __post_init__(self) -> None:
        for key, value, choices in (("mode", self.mode, MODES), ("wire", self.wire, WIRES)):
            if value not in choices:
                raise BadRequest(f"[llm] {key} is {value!r}; it takes {', '.join(choices)}")
        if self.model_file and not self.model_file.startswith(("/", "~")):
            raise BadRequest(f"[llm] model_file is {self.model_file!r}; it takes an absolute path, or one that begins with ~")


@dataclass(frozen=True, slots=True)
class EmbedConfig:
    """Which embedder makes the vectors.

    Attributes:
        model: "minilm", "sentence-transformers:MODEL", "openai:MODEL" at `base_url`, or "ollama:MODEL" (at its usual address
            without one). Another name has everything embedded again.
        base_url: of an OpenAI-compatible server, with `/v1`. It is sent the text of the files.
        api_key: its key.
        timeout_s: for one request; after a failure searches go by words for some seconds before it is asked again.
    """

    model: str = "minilm"
    base_url: str = ""
    api_key: str = ""
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """How hits are put in order.

    Attributes:
        reranker: a folder with a cross-encoder (`model.onnx`, `tokenizer.json`), or the address (with `/v1`) of a server with
            a `/rerank` endpoint, which is sent the query and passages of the files; none without it.
        model: the model's name, for a server that has several.
        api_key: the server's key.
        timeout_s: a search waits so long for it and then keeps its own order, with a notice.
        rerank: so many of the first hits are put in order by it.
    """

    reranker: str = ""
    model: str = ""
    api_key: str = ""
    timeout_s: float = 5.0
    rerank: int = 20


@dataclass(frozen=True, slots=True)
class ShareConfig:
    """Where share links are served: an address of this machine, loopback unless the user names another."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    index: IndexConfig = field(default_factory=IndexConfig)
    versions: VersionsConfig = field(default_factory=VersionsConfig)
    mount: MountConfig = field(default_factory=MountConfig)
    llm: LlmConfig = field(default_factory=LlmConfig)
    embed: EmbedConfig = field(default_factory=EmbedConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    share: ShareConfig = field(default_factory=ShareConfig)


def user_file(environ: Mapping[str, str]) -> Path:
    """Return where the user's configuration file is, or would be."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", "/"), ".config")
    return Path(home) / "lsfs" / "config.toml"


def load_config(*, environ: Mapping[str, str], state: Path | None = None, flags: Mapping[str, Any] | None = None) -> Config:
    """Return the configuration of a root.

    Args:
        environ: the environment; `LSFS_<SECTION>_<KEY>` sets a value, such as `LSFS_LLM_BASE_URL`.
        state: the root's state directory, whose config.toml goes before the user's.
        flags: `section.key` -> value, from the command line.

    Raises:
        BadRequest: a file is no TOML, or a section, key or value is off; the text names it.
    """
    values: dict[str, dict[str, Any]] = {}
    _merge(values, _read(user_file(environ)), str(user_file(environ)))
    if state is not None:
        _merge(values, _of_root(state / "config.toml"), str(state / "config.toml"))
    _merge(values, _from_environ(environ), "the environment")
    for dotted, value in (flags or {}).items():
        section, _, key = dotted.partition(".")
        _merge(values, {section: {key: value}}, "the command line")
    return Config(**{name: _section(name, given) for name, given in values.items()})


def _sections() -> dict[str, Any]:
    return {f.name: f.default_factory() for f in dataclasses.fields(Config) if callable(f.default_factory)}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as e:
        raise BadRequest(f"the configuration {path} cannot be read: {e}") from e


def _of_root(path: Path) -> dict[str, Any]:
    """Return what a root's own file sets.

    Raises:
        BadRequest: it sets what only the user may.
    """
    found = _read(path)
    for section in _USERS_ALONE.intersection(found):
        raise BadRequest(f"{path}: [{section}] is for your own configuration only, not for a root's; remove it there")
    if "chroma_url" in found.get("index", {}):  # it says where words are sent, too
        raise BadRequest(f"{path}: [index] chroma_url is for your own configuration only, not for a root's; remove it there")
    return found


def _from_environ(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {}
    for name, defaults in _sections().items():
        for f in dataclasses.fields(defaults):
            variable = f"LSFS_{name}_{f.name}".upper()
            if variable in environ:
                out.setdefault(name, {})[f.name] = _parsed(environ[variable], getattr(defaults, f.name), variable)
    return out


def _parsed(text: str, default: Any, variable: str) -> Any:
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        if isinstance(default, int | float):
            return type(default)(text)
    except (KeyError, ValueError):
        raise BadRequest(f"{variable} is {text!r}; it takes a value like {default!r}") from None
    return tuple(text.split(",")) if isinstance(default, tuple) else text


def _merge(values: dict[str, dict[str, Any]], more: Mapping[str, Any], where: str) -> None:
    known = _sections()
    for name, section in more.items():
        if name not in known or not isinstance(section, Mapping):
            raise BadRequest(f"{where}: there is no section [{name}]; there are {', '.join(known)}")
        names = [f.name for f in dataclasses.fields(known[name])]
        for key, value in section.items():
            if key not in names:
                raise BadRequest(f"{where}: [{name}] has no `{key}`; it takes {', '.join(names)}")
            values.setdefault(name, {})[key] = _typed(value, getattr(known[name], key), f"{where}: [{name}] {key}")


def _typed(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, tuple) and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise BadRequest(f"{where} is {value!r}; it takes a value like {default!r}")
    return value


def _section(name: str, given: dict[str, Any]) -> Any:
    return dataclasses.replace(_sections()[name], **given)
