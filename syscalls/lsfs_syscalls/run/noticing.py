"""What changed in a document or table, in a sentence, for those who watch it: the same words as `diff` has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from lsfs.engine.engine import Engine
from lsfs.errors import LsfsError
from lsfs.model import Version
from lsfs_syscalls.run.comparing import compare
from lsfs_syscalls.run.contents import is_table
from lsfs_syscalls.run.context import Context


def describer(engine: Engine) -> Callable[[Version, Version], str | None]:
    """Return what says how a version differs from the one before; None where lines say it as well."""
    ctx = Context(engine, datetime.now().astimezone(), actor="events", models=False)

    def describe(old: Version, new: Version) -> str | None:
        if not is_table(new) and not engine.extractor.is_slow(new.path):
            return None
        try:
            return compare(ctx, old, new).summary
        except LsfsError:
            return None

    return describe
