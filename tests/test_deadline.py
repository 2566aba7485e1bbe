from __future__ import annotations

import time

import pytest

from setup_wizard.deadline import Cancelled, Deadline, TimedOut


def test_passed_limit() -> None:
    deadline = Deadline(0.05)
    deadline.check()
    with pytest.raises(TimedOut):
        deadline.sleep(10)
    assert deadline.remaining == 0


def test_cancel_counts_more_than_the_limit() -> None:
    deadline = Deadline(0)
    deadline.cancel()
    with pytest.raises(Cancelled):
        deadline.check()


def test_shorter_one_has_the_same_cancel_and_never_more_time() -> None:
    deadline = Deadline(10)
    part = deadline.shorter(20)
    assert part.remaining <= 10
    assert deadline.shorter(1).remaining <= 1
    deadline.cancel()
    with pytest.raises(Cancelled):
        part.check()


def test_pause_does_not_count() -> None:
    deadline = Deadline(10)
    with deadline.paused():
        time.sleep(0.2)
    assert deadline.remaining > 9.9
