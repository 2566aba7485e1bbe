"""How long something slow may take, and the user's Cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from setup_wizard.errors import KnownError
from setup_wizard.i18n import _


class Cancelled(KnownError):
    """The user pressed Cancel; never shown as a failure."""

    def __init__(self) -> None:
        super().__init__("cancelled", _("Cancelled. Nothing was changed."))


class TimedOut(Exception):
    """The time limit passed. Whoever waited knows for what, and says so in a KnownError."""


class Deadline:
    """A time limit in seconds that starts now, and a Cancel that any thread may give.

    Whoever waits does so in steps of at most :data:`STEP` seconds and calls :meth:`check` between
    them, so that Cancel is honoured at once.
    """

    STEP = 0.05

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._cancel = threading.Event()

    def cancel(self) -> None:
        """End the wait; :meth:`check` raises Cancelled from now on."""
        self._cancel.set()

    @property
    def cancelled(self) -> bool:
        """Whether Cancel was given."""
        return self._cancel.is_set()

    @property
    def remaining(self) -> float:
        """Seconds left, 0 when over."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raise Cancelled or TimedOut when it is over, else return at once."""
        if self.cancelled:
            raise Cancelled
        if not self.remaining:
            raise TimedOut

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than allowed; raises as :meth:`check` does."""
        self._cancel.wait(min(seconds, self.remaining))
        self.check()

    def shorter(self, seconds: float) -> Deadline:
        """Return a deadline of at most ``seconds`` within this one, with the same Cancel."""
        part = Deadline(min(seconds, self.remaining))
        part._cancel = self._cancel
        return part

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock in the block: the system asks the user, who may take their time."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - start
