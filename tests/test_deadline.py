from __future__ import annotations

import threading
import time

import pytest

from setup_wizard.deadline import Cancelled, Deadline, TimedOut


def test_while_there_is_time_check_returns() -> None:
    deadline = Deadline(60)
    deadline.check()
    assert 59 < deadline.remaining <= 60
    assert not deadline.cancelled


def test_when_the_time_is_over_check_raises() -> None:
    deadline = Deadline(0)
    assert deadline.remaining == 0
    with pytest.raises(TimedOut):
        deadline.check()


def test_cancel_comes_before_the_time_limit() -> None:
    deadline = Deadline(0)
    deadline.cancel()
    with pytest.raises(Cancelled) as caught:
        deadline.check()
    assert caught.value.code == "cancelled"


def test_sleep_ends_with_the_time_limit() -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut):
        Deadline(0.01).sleep(60)
    assert time.monotonic() - started < 5


def test_sleep_ends_at_once_when_another_thread_cancels() -> None:
    deadline = Deadline(60)
    threading.Timer(0.01, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        deadline.sleep(60)
    assert time.monotonic() - started < 5


def test_a_shorter_deadline_has_the_same_cancel_and_never_more_time() -> None:
    deadline = Deadline(1)
    assert deadline.shorter(60).remaining <= 1
    part = deadline.shorter(0.5)
    deadline.cancel()
    assert part.remaining <= 0.5
    assert part.cancelled


def test_a_pause_does_not_count() -> None:
    deadline = Deadline(60)
    before = deadline.remaining
    with deadline.paused():
        time.sleep(0.05)
    assert before - deadline.remaining < 0.05
