"""Drives the real window: presses keys, reads what it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget, QWizard
from pytestqt.qtbot import QtBot

from setup_wizard.engine import Engine
from setup_wizard.flow import Step
from setup_wizard.gui import build_wizard
from setup_wizard.gui.session import Session
from setup_wizard.gui.window import Wizard

W = TypeVar("W", bound=QWidget)


class Driver:
    """One window at a time."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self._wizard: Wizard | None = None

    @property
    def wizard(self) -> Wizard:
        assert self._wizard is not None
        return self._wizard

    @property
    def session(self) -> Session:
        return self.wizard.session

    def open(self, engine: Engine | None = None, argv: Sequence[str] = ("--lang", "en")) -> None:
        """Open the window and wait until it has a project."""
        self.close()
        wizard = build_wizard(argv, engine=engine)
        assert isinstance(wizard, Wizard)
        self._wizard = wizard
        self.qtbot.addWidget(wizard)
        with self.qtbot.waitExposed(wizard):
            wizard.show()
        self.idle(lambda: self.session.state.projects is not None or bool(self.trouble()))

    def close(self) -> None:
        if self._wizard is not None:
            self._wizard.done(0)
            self._wizard = None

    # -- the user's hands -------------------------------------------------------------------

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
        """Press a key where the focus is."""
        focus: QWidget | None = self.wizard.focusWidget()
        QTest.keyClick(focus or self.wizard, key, modifier or Qt.KeyboardModifier.NoModifier)

    def enter(self) -> None:
        """Press Enter, and wait until nothing is under way."""
        self.key(Qt.Key.Key_Return)
        self.idle()

    def go_to(self, step: Step) -> None:
        """Press Enter until a page is in view and has settled."""
        for _attempt in range(8):
            if self.step is step:
                return
            self.enter()
        assert self.step is step

    def click(self, name: str) -> None:
        """Press the visible button of this name."""

        def usable() -> list[QPushButton]:
            named: list[QPushButton] = self.wizard.findChildren(QPushButton, name)
            return [button for button in named if button.isVisible() and button.isEnabled()]

        self.until(lambda: bool(usable()))
        QTest.mouseClick(usable()[-1], Qt.MouseButton.LeftButton)

    def write(self, name: str, text: str) -> None:
        """Type into a field, over what is there."""
        edit = self.find(QLineEdit, name)
        edit.setFocus()
        edit.selectAll()
        QTest.keyClicks(edit, text)

    # -- what the user sees -----------------------------------------------------------------

    @property
    def step(self) -> Step:
        return Step(self.wizard.currentId())

    def find(self, kind: type[W], name: str) -> W:
        """Return the part of this name."""
        found: object = self.wizard.findChild(kind, name)
        assert isinstance(found, kind), name
        return found

    def button(self, which: QWizard.WizardButton) -> QPushButton:
        found = self.wizard.button(which)
        assert isinstance(found, QPushButton)
        return found

    def status(self) -> str:
        return self.wizard._status.text()

    def trouble(self) -> str:
        """Return the code of what stands in the way outside the checks."""
        trouble = self.session.state.trouble
        return trouble.code if trouble else ""

    def idle(self, condition: Callable[[], bool] = lambda: True) -> None:
        """Wait until nothing is under way and the condition holds."""
        self.until(lambda: not self.session.state.busy and condition())
        self.qtbot.wait(20)  # parts that are new become visible one turn later
        self.until(lambda: not self.session.state.busy)

    def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Wait for something, with the event loop running."""
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))
