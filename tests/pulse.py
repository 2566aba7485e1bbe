"""Whether other threads go on while something slow runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import Final

_BEAT: Final = 0.01


def longest_gap(slow: Callable[[], object]) -> float:
    """Run ``slow`` in a thread and return the longest time, in seconds, between two beats here."""
    worker = Thread(target=slow)
    worker.start()
    longest, last = 0.0, time.monotonic()
    while worker.is_alive():
        time.sleep(_BEAT)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    worker.join()
    return longest
