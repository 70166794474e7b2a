"""The recorder's lock goes to who waits for it, also where another thread takes it again and again."""

from __future__ import annotations

import threading

from lsfs.capture.fairness import FairLock

WAIT_S = 30.0


def test_a_thread_that_waits_has_its_turn_before_one_that_lets_go_and_comes_back() -> None:
    lock = FairLock()
    asked, had = threading.Event(), threading.Event()

    def once() -> None:
        asked.set()
        with lock:
            had.set()

    rounds = 0
    with lock:
        waiter = threading.Thread(target=once)
        waiter.start()
        assert asked.wait(WAIT_S)
        while not lock.is_awaited():
            pass
    while not had.is_set() and rounds < 3:
        with lock:
            rounds += 1
    waiter.join(WAIT_S)
    assert rounds <= 1


def test_the_holder_may_take_it_again_and_others_only_when_it_has_let_go_of_all() -> None:
    lock = FairLock()
    had = threading.Event()

    def other() -> None:
        with lock:
            had.set()

    with lock:
        with lock:
            waiter = threading.Thread(target=other)
            waiter.start()
        while not lock.is_awaited():
            pass
        assert not had.is_set()
    waiter.join(WAIT_S)
    assert had.is_set()
