"""Waiting for a socket in steps, so that a time limit and Cancel are honoured."""

from __future__ import annotations

import selectors
from typing import Final

from setup_wizard.deadline import Deadline

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE


def wait_for(fileno: int, events: int, deadline: Deadline) -> None:
    """Return once the socket is ready, or has failed; raise Cancelled or TimedOut."""
    with selectors.DefaultSelector() as selector:
        selector.register(fileno, events)
        deadline.check()
        while not selector.select(min(Deadline.STEP, deadline.remaining)):
            deadline.check()
