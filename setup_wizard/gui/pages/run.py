"""The fourth page: the script runs, all or nothing."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QProgressBar

from setup_wizard.flow import Step, Task, statement_count
from setup_wizard.gui.pages.page import Page
from setup_wizard.gui.session import Session
from setup_wizard.gui.theme import em
from setup_wizard.gui.widgets.code_view import CodeView
from setup_wizard.gui.widgets.labels import describe, label
from setup_wizard.gui.words import steps_left
from setup_wizard.i18n import _
from setup_wizard.scripts import Result

_AT_ONCE: Final = 2_000  # lines take 5 ms


class RunPage(Page):
    """Progress and log. Behind it lies no way back: what ran is committed."""

    step = Step.RUN

    def __init__(self, session: Session) -> None:
        super().__init__(session, "runPage")
        self.setCommitPage(True)
        self._count = label()
        self._progress = QProgressBar()
        self._progress.setObjectName("runProgress")
        self._progress.setTextVisible(False)
        self._log = CodeView("runLog")
        self._logged = 0
        self.body.addWidget(self._count)
        self.body.addWidget(self._progress)
        self.body.addSpacing(em(0.3))
        self.body.addWidget(self._log, 1)

    def enter(self) -> None:
        if self.state.applied is None and Task.APPLY not in self.state.busy:
            self.session.apply()

    def again(self) -> None:
        self.enter()

    def refresh(self) -> None:
        super().refresh()
        results = self.state.results
        if len(results) < self._logged:
            self._log.clear()
            self._logged = 0
        self._write_log()
        count = statement_count(self.state.plan) if self.state.plan else 0
        rolled_back = self.state.trouble is not None and self.state.applied is None
        done = 0 if rolled_back else len(results)
        self._progress.setMaximum(max(count, 1))
        self._progress.setValue(done)
        self._count.setText(str(steps_left(count, done)))

    def _write_log(self) -> None:
        """Write what is new; many lines in several turns, so that the window answers between."""
        fresh = self.state.results[self._logged : self._logged + _AT_ONCE]
        if not fresh:
            return
        self._log.appendPlainText("\n".join(_line(result) for result in fresh))
        self._logged += len(fresh)
        QTimer.singleShot(0, self._write_log)

    def retranslate(self) -> None:
        super().retranslate()
        describe(self._progress, _("Progress"))
        describe(self._log, _("Log"))


def _line(result: Result) -> str:
    place = f"{result.file}:{result.line}"
    return f"{time.strftime('%H:%M:%S')}  {result.tag:<14} {place:<32} {result.ms:>6.0f} ms"
