"""The one worker: slow work runs in a thread, and only signals bring back what it found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Signal, Slot

if TYPE_CHECKING:
    from setup_wizard.deadline import Deadline

T = TypeVar("T")
P = TypeVar("P")
Report = Callable[[P], None]

_GRACE: Final = 3.0
"""Seconds that closing waits: a Deadline honours Cancel within 0.05 s, a rollback takes longer."""


@dataclass(eq=False)
class _Run:
    """One piece of work under way, and what its starter wants to hear."""

    name: str
    deadline: Deadline | None
    done: Callable[[Any], None]
    failed: Callable[[Exception], None]
    reported: Callable[[list[Any]], None]
    reports: list[Any] = field(default_factory=list)
    result: Any = None
    error: Exception | None = None
    thread: threading.Thread | None = None


class Worker(QObject):
    """Runs work by name; a new run under a name replaces the former one, whose results are dropped.

    The signals are sent in the work's thread, so Qt queues them for this object's.
    The threads are daemons, so one that hangs in the system never keeps the program alive.
    """

    _news = Signal(object)
    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current: dict[str, _Run] = {}
        self._dropped: list[_Run] = []
        self._news.connect(self._deliver_news)
        self._ended.connect(self._deliver_end)

    def run(
        self,
        name: str,
        work: Callable[[Report[P]], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        reported: Callable[[list[P]], None] = lambda _items: None,
        deadline: Deadline | None = None,
    ) -> None:
        """Start ``work(report)`` in a thread.

        ``done``, ``failed`` and ``reported`` (with the items that ``work`` reported since the last
        time) are called in this object's thread. ``deadline`` is the one that ``work`` obeys.
        """
        self.drop(name)
        run = _Run(name, deadline, done, failed, reported)
        self._current[name] = run
        run.thread = threading.Thread(
            target=self._carry_out, args=(run, work), name=name, daemon=True
        )
        run.thread.start()

    def cancel(self, name: str) -> None:
        """Ask the run of this name to end; how it ended is still delivered."""
        run = self._current.get(name)
        if run and run.deadline:
            run.deadline.cancel()

    def drop(self, name: str) -> None:
        """End the run of this name, and deliver nothing of it any more."""
        self.cancel(name)
        if run := self._current.pop(name, None):
            self._dropped.append(run)

    def close(self) -> None:
        """End everything, and wait for it a few seconds at most."""
        for name in list(self._current):
            self.drop(name)
        end = time.monotonic() + _GRACE
        for run in self._dropped:
            if run.thread:
                run.thread.join(max(0.0, end - time.monotonic()))

    def _carry_out(self, run: _Run, work: Callable[[Report[Any]], object]) -> None:
        def report(item: object) -> None:
            run.reports.append(item)
            if len(run.reports) == 1:  # one signal serves all items that wait: no flood
                self._news.emit(run)

        try:
            run.result = work(report)
        except Exception as error:  # noqa: BLE001 - whoever started it decides what it means
            run.error = error
        if shiboken6.isValid(self):
            self._ended.emit(run)

    @Slot(object)
    def _deliver_news(self, run: _Run) -> None:
        items = run.reports[:]
        del run.reports[: len(items)]
        if items and self._current.get(run.name) is run:
            run.reported(items)

    @Slot(object)
    def _deliver_end(self, run: _Run) -> None:
        if run in self._dropped:
            self._dropped.remove(run)
        if self._current.get(run.name) is not run:
            return
        self._deliver_news(run)
        del self._current[run.name]
        if run.error is not None:
            run.failed(run.error)
        else:
            run.done(run.result)
