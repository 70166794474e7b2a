"""Let many waiters share one fetch, so that an expired entry does not send a herd of clients to the origin."""

import threading
from collections.abc import Callable


class Flight:
    """One fetch in progress and the threads that wait for it."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: bytes | None = None
        self.error: Exception | None = None


class Coalescer:
    """Runs at most one fetch per key at a time."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def get(self, key: str) -> bytes:
        with self._lock:
            flight = self._flights.get(key)
            leader = flight is None
            if flight is None:
                flight = self._flights[key] = Flight()
        if not leader:
            flight.done.wait()
        else:
            try:
                flight.value = self._fetch(key)
            except Exception as error:
                flight.error = error
            finally:
                with self._lock:
                    del self._flights[key]
                flight.done.set()
        if flight.error is not None:
            raise flight.error
        assert flight.value is not None
        return flight.value
