"""A real browser (Debian's chromium-headless-shell) steered over a pipe: it shows a page, follows a link, keeps downloads.

The protocol is the one of its developer tools, a JSON object and a zero byte a message; no driver and no library is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium-headless-shell", "chromium")
_BOUND_S = 60.0


class Browser:
    """One page of a browser."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, from_: int, downloads: Path) -> None:
        self._process = process
        self._to = to
        self._from = os.fdopen(from_, "rb")
        self._ids = iter(range(1, 1_000_000))
        self._heard: list[dict[str, Any]] = []
        self.downloads = downloads
        self._session = ""
        self._ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads), eventsEnabled=True)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session and not method.startswith("Browser."):
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._next(lambda m: m.get("id") == number)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self, fits: Any) -> dict[str, Any]:
        until = time.monotonic() + _BOUND_S
        while True:
            found = next((m for m in self._heard if fits(m)), None)
            if found is not None:
                self._heard.remove(found)
                return found
            assert time.monotonic() < until
            data = bytearray()
            while (byte := self._from.read(1)) != b"\0":
                assert byte, "the browser ended"
                data += byte
            self._heard.append(json.loads(data))

    def open(self, url: str) -> None:
        """Show a page, and return when it is there."""
        self._ask("Page.navigate", url=url)
        self._next(lambda m: m.get("method") == "Page.loadEventFired")

    def value(self, script: str) -> Any:
        """Return what a script says of the page."""
        return self._ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def click(self, selector: str) -> None:
        """Click where the element is, as a hand does."""
        box = json.loads(self.value(f"JSON.stringify(document.querySelector({selector!r}).getBoundingClientRect())"))
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, **at)

    def downloaded(self) -> tuple[str, bytes]:
        """Wait for a download and return its name and content."""
        begun = self._next(lambda m: m.get("method") == "Browser.downloadWillBegin")
        guid = begun["params"]["guid"]
        self._next(
            lambda m: (
                m.get("method") == "Browser.downloadProgress"
                and m["params"]["guid"] == guid
                and m["params"]["state"] == "completed"
            )
        )
        name = begun["params"]["suggestedFilename"]
        return name, (self.downloads / name).read_bytes()

    def complaints(self) -> list[str]:
        """Return what the browser's console says: blocked scripts, styles, errors."""
        return [m["params"]["entry"]["text"] for m in self._heard if m.get("method") == "Log.entryAdded"]


@contextmanager
def browser(directory: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, ended with the block."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    assert program is not None, "apt-get install chromium-headless-shell"
    theirs_in, to = os.pipe()
    from_, theirs_out = os.pipe()
    downloads = directory / "downloads"
    downloads.mkdir()

    def pipes() -> None:
        """Put the pipes where the browser expects them; 10 and up, so that neither overwrites the other."""
        reading, writing = os.dup2(theirs_in, 1010), os.dup2(theirs_out, 1011)
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    command = [program, "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={directory / 'profile'}"]
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, close_fds=False, preexec_fn=pipes)
    os.close(theirs_in)
    os.close(theirs_out)
    guard = threading.Timer(_BOUND_S * 3, process.kill)
    guard.start()
    one = None
    try:
        one = Browser(process, to, from_, downloads)
        yield one
    finally:
        guard.cancel()
        process.kill()
        process.wait()
        os.close(to)
        if one is not None:
            one._from.close()
