"""JSON requests to a model server that the user configured: a time limit, and a short memory of failures.

It knows no model and no path; `lsfs.embed.openai` and `lsfs.rerank.endpoint` say what is asked. It reads no environment of its
own but for the proxies that the standard library looks up.

Threading: any thread. After a failure the others are refused at once for a while, so that a server that hangs costs one
search its time limit and not every one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from lsfs.errors import BadRequest, Unavailable

_MAX_ANSWER = 64 << 20
_SHOWN = 200


class Endpoint:
    """A server that takes JSON and answers JSON."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str = "",
        timeout_s: float = 20.0,
        pause_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the server; after a failure it is not asked for `pause_s`.

        Raises:
            BadRequest: the address is not one of http or https.
        """
        if not base_url.startswith(("http://", "https://")):
            raise BadRequest(f"the address {base_url!r} has to begin with http:// or https://")
        self.base_url = base_url.rstrip("/")
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._clock = clock
        self._failed: tuple[float, str] | None = None

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """Send `body`; return the HTTP status and the answer (text where it is no JSON).

        Raises:
            Unavailable: the server cannot be reached or did not answer in time, now or a moment ago.
        """
        failed = self._failed
        if failed is not None and self._clock() - failed[0] < self._pause_s:
            raise Unavailable(failed[1])
        try:
            status, data = self._sent(path, json.dumps(body).encode())
        except (OSError, HTTPException) as e:
            words = f"{self.base_url} {_reason(e)}"
            self._failed = (self._clock(), words)
            raise Unavailable(words) from e
        self._failed = None
        try:
            return status, json.loads(data)
        except ValueError:
            return status, data.decode("utf-8", "replace")

    def _sent(self, path: str, body: bytes) -> tuple[int, bytes]:
        request = Request(self.base_url + path, data=body, headers=self._headers, method="POST")  # noqa: S310 - see __init__
        try:
            with urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                return answer.status, answer.read(_MAX_ANSWER)
        except HTTPError as e:
            with e:
                return e.code, e.read(_MAX_ANSWER)


def refusal(base_url: str, status: int, answer: object) -> Unavailable:
    """Return the error for an answer that is none, with what the server said."""
    if isinstance(answer, dict) and isinstance(error := answer.get("error"), dict):
        answer = error.get("message", "")
    return Unavailable(f"{base_url} answered {status}: {str(answer)[:_SHOWN]}")


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return "did not answer in time"
    if isinstance(cause, ConnectionRefusedError):
        return "is not reachable (nobody listens there)"
    return f"is not reachable ({cause or type(error).__name__})"
