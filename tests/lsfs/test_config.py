"""The configuration: what goes before what, and errors that name the thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsfs.config import load_config
from lsfs.errors import BadRequest


def home(tmp_path: Path, text: str) -> dict[str, str]:
    (tmp_path / "lsfs").mkdir()
    (tmp_path / "lsfs" / "config.toml").write_text(text)
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    config = load_config(environ={"HOME": str(tmp_path)})
    assert config.llm.base_url == ""
    assert config.share.host == "127.0.0.1"


def test_flags_go_before_environment_before_root_before_user(tmp_path: Path) -> None:
    environ = home(tmp_path, "[llm]\nmodel = 'user'\ntimeout_s = 5\n[versions]\nkeep_last = 3\n[mount]\npassthrough = false\n")
    state = tmp_path / "state"
    state.mkdir()
    (state / "config.toml").write_text("[mount]\non_large = 'refuse'\n[versions]\nkeep_last = 4\n")
    environ["LSFS_LLM_MODEL"] = "environment"
    environ["LSFS_VERSIONS_KEEP_LAST"] = "5"
    config = load_config(environ=environ, state=state, flags={"llm.model": "flag"})
    assert config.llm.model == "flag"
    assert config.llm.timeout_s == 5.0
    assert config.versions.keep_last == 5
    assert config.mount.on_large == "refuse"
    assert config.mount.passthrough is False


@pytest.mark.parametrize(
    "text",
    [
        "[llm]\nbase_url = 'http://evil'\n",
        "[share]\nhost = '0.0.0.0'\n",
        "[embed]\nmodel = 'x'\n",
        "[index]\nchroma_url = 'http://evil'\n",
    ],
)
def test_a_root_that_came_from_somebody_else_cannot_say_where_words_are_sent(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(BadRequest, match="your own configuration only"):
        load_config(environ={"HOME": "/nonexistent"}, state=tmp_path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[color]\n", r"no section \[color\]"),
        ("[llm]\nmodell = 'x'\n", r"\[llm\] has no `modell`"),
        ("[versions]\nkeep_last = 'many'\n", r"\[versions\] keep_last is 'many'"),
        ("[llm\n", "cannot be read"),
    ],
)
def test_an_error_names_the_file_and_the_key(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(BadRequest, match=rf"config\.toml.*{named}|{named}.*config\.toml"):
        load_config(environ=home(tmp_path, text))


@pytest.mark.parametrize("text", ["[mount]\ndriver = 'kernel'\n", "[mount]\non_large = 'ask'\n", "[versions]\ngc = 'hourly'\n"])
def test_a_value_that_is_not_among_the_choices_is_refused_with_them(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadRequest, match=r"auto, native, portable|go-on, refuse|off, daily"):
        load_config(environ=home(tmp_path, text))


@pytest.mark.parametrize(("name", "value"), [("LSFS_MOUNT_PASSTHROUGH", "perhaps"), ("LSFS_SHARE_PORT", "x")])
def test_a_bad_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(BadRequest, match=name):
        load_config(environ={"HOME": "/nonexistent", name: value})
