"""A pulse: how long does the window not answer?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from PySide6.QtCore import QTimer

BEAT_MS = 10
LONGEST_GAP_MS = 100


def steady(attempt: Callable[[], float]) -> bool:
    """Whether an attempt, which returns its longest pause, stays below the limit.

    What blocks the window does so every time; a computer that is busy elsewhere does not.
    """
    return any(attempt() < LONGEST_GAP_MS for _time in range(3))


class Pulse:
    """Beats every 10 ms in the event loop, and knows its longest pause."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.longest_ms = 0.0
        self._timer = QTimer()
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def __enter__(self) -> Self:
        self._last = time.perf_counter()
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._beat()
        self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest_ms = max(self.longest_ms, (now - self._last) * 1000)
        self._last = now
