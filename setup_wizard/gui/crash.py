"""A bug of ours, wherever it shows itself: logged, told in one sentence, and the window goes on."""

from __future__ import annotations

import sys
from types import TracebackType

import shiboken6

from setup_wizard.gui.session import Session


class Guard:
    """Catches what no slot has caught, as long as it is on. Whoever listened before still hears."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._former = sys.excepthook
        sys.excepthook = self._caught

    def off(self) -> None:
        """Give the place back."""
        if sys.excepthook == self._caught:
            sys.excepthook = self._former

    def _caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._former(kind, error, trace)
        if issubclass(kind, Exception) and shiboken6.isValid(self._session):
            self._session.crashed(error)
