"""Tests of the request coalescer: values and errors of the origin reach the caller, and nothing is remembered."""

import pytest
from coalesce import Coalescer


def test_every_request_after_the_first_one_is_done_fetches_again():
    calls = []

    def fetch(key):
        calls.append(key)
        return b"value"

    cache = Coalescer(fetch)
    assert cache.get("k") == cache.get("k") == b"value"
    assert calls == ["k", "k"]


def test_an_error_of_the_origin_reaches_the_caller():
    def fetch(key):
        raise TimeoutError(key)

    with pytest.raises(TimeoutError):
        Coalescer(fetch).get("k")
