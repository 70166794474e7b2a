"""An engine over a folder of its own, and the calls on it as a front end makes them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lsfs.config import Config
from lsfs.embed.onnx import OnnxEmbedder
from lsfs.engine.engine import Engine
from lsfs.engine.home import make_home
from lsfs_syscalls.plan import Plan
from lsfs_syscalls.run.context import Answer
from lsfs_syscalls.run.runner import run_plan
from lsfs_syscalls.run.told import Listener, silent

LIBRARY = Path(__file__).parents[3] / "examples" / "library"
SETTLE_S = 100.0


class EngineRig:
    """A running engine; `call` runs one call, `plan` several."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.root = engine.root
        self.folder = ""

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files behind the engine's back, and wait until they are recorded and searchable."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.settle()

    def settle(self) -> None:
        assert self.engine.settle(SETTLE_S)

    def call(self, syscall: str, **args: Any) -> dict[str, Any]:
        """Run one call with consent and return its answer."""
        return self.plan((syscall, args))[-1].body

    def plan(
        self,
        *steps: tuple[str, dict[str, Any]],
        consent: bool = True,
        actor: str = "user",
        explain: bool = False,
        listener: Listener = silent,
    ) -> list[Answer]:
        """Run the steps as one plan."""
        given = [{"syscall": s, "args": {k.rstrip("_"): v for k, v in args.items()}} for s, args in steps]
        plan = Plan.from_json({"prompt": "", "parser": "direct", "steps": given})
        now = datetime.now(UTC)
        return run_plan(self.engine, plan, actor=actor, consent=consent, now=now, explain=explain, listener=listener)


@contextmanager
def running(
    directory: Path,
    files: Mapping[str, str | bytes] | None = None,
    *,
    library: bool = False,
    config: Config | None = None,
) -> Iterator[EngineRig]:
    """A started engine over DIRECTORY/root; with the example library in it where asked."""
    root = directory / "root"
    if library:
        shutil.copytree(LIBRARY, root)
    root.mkdir(exist_ok=True)
    for name, content in (files or {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    home = make_home(root, None, {**os.environ, "XDG_RUNTIME_DIR": str(directory)})
    engine = Engine(home, config or Config(), OnnxEmbedder(threads=1))
    engine.start()
    try:
        rig = EngineRig(engine)
        rig.settle()
        yield rig
    finally:
        engine.stop(unmount=True)
