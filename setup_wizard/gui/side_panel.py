"""The panel at the left: the mark, the project's name, the five steps, the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from setup_wizard.flow import Step, WizardState, progress
from setup_wizard.gui.theme import em, font, system_colors
from setup_wizard.gui.widgets.labels import ElidedLabel, describe, label
from setup_wizard.i18n import Text, _, language

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_NAMES: Final[dict[Step, Text]] = {
    Step.PROJECT: _("Project"),
    Step.CONNECTION: _("Connection"),
    Step.PLAN: _("Plan"),
    Step.RUN: _("Run"),
    Step.DONE: _("Done"),
}
_STATES: Final[dict[str, Text]] = {
    "done": _("done"),
    "now": _("now"),
    "finished": _("done"),
    "skipped": _("not needed"),
    "to_come": _("to come"),
}
_LANGUAGES: Final = (("ko", "한국어"), ("en", "English"))


_FRAME: Final = 9  # pixels that QWizard leaves free around a side widget; the sheet colours them


def panel_width() -> int:
    """Return how much of the window the panel takes."""
    return em(15.5)


class SidePanel(QFrame):
    """Shows where one is; the user changes the language here."""

    language_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sidePanel")
        self.setFixedWidth(panel_width() - 2 * _FRAME)
        self._project = ElidedLabel()
        self._name = label("strong")
        self._steps = [_StepRow(step) for step in Step]
        self._language_label = label("small")
        self._combo = _Combo()
        self._combo.setObjectName("languageCombo")
        for code, name in _LANGUAGES:
            self._combo.addItem(name, code)
        self._combo.setCurrentIndex(self._combo.findData(language()))
        self._combo.currentIndexChanged.connect(
            lambda index: self.language_chosen.emit(self._combo.itemData(index))
        )
        self._language_label.setBuddy(self._combo)
        self._build()

    def _build(self) -> None:
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self._name)
        names.addWidget(self._project)
        head = QHBoxLayout()
        head.setSpacing(em(0.75))
        head.setContentsMargins(em(0.1), 0, 0, 0)
        head.addWidget(_Mark())
        head.addLayout(names, 1)
        foot = QHBoxLayout()
        foot.setSpacing(em(0.5))
        foot.addWidget(self._language_label)
        foot.addWidget(self._combo)
        foot.addStretch()
        layout = QVBoxLayout(self)
        side, top, bottom = (em(times) - _FRAME for times in (1.4, 1.9, 1.5))
        layout.setContentsMargins(side, top, side, bottom)
        layout.setSpacing(em(0.15))
        layout.addLayout(head)
        layout.addSpacing(em(2))
        for row in self._steps:
            layout.addWidget(row)
        layout.addStretch()
        layout.addLayout(foot)

    def show_state(self, current: Step, state: WizardState) -> None:
        """Show where one is."""
        self._project.set_text(state.project.name if state.project else "")
        for row in self._steps:
            row.show_progress(progress(row.step, current, state))

    def retranslate(self) -> None:
        """Say everything in the language in use."""
        self._name.setText("Setup Wizard")
        self._language_label.setText(str(_("&Language")))
        describe(self._combo, _("Language"), _("The language of the wizard"))
        for row in self._steps:
            row.retranslate()


class _Combo(QComboBox):
    """Draws its own arrow: a style sheet can only load one from a file."""

    def paintEvent(self, event: QPaintEvent) -> None:
        from PySide6.QtGui import QColor, QPainter

        from setup_wizard.gui.painting import draw_icon

        super().paintEvent(event)
        painter = QPainter(self)
        side = float(em(0.9))
        box = QRectF(self.width() - side - em(0.6), (self.height() - side) / 2, side, side)
        draw_icon(painter, "chevron", box, QColor(system_colors().muted))
        painter.end()


class _Mark(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(em(2.6), em(2.6))

    def paintEvent(self, _event: QPaintEvent) -> None:
        from PySide6.QtGui import QColor, QPainter

        from setup_wizard.gui.painting import draw_mark

        colors = system_colors()
        painter = QPainter(self)
        draw_mark(painter, QRectF(self.rect()), QColor(colors.accent), QColor(colors.on_accent))
        painter.end()


class _StepRow(QWidget):
    """One step: a number in a circle, or a tick where it is done."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step
        self._progress = "to_come"
        self.setFixedHeight(em(2.75))

    def show_progress(self, progress: str) -> None:
        if progress != self._progress:
            self._progress = progress
            self.retranslate()

    def retranslate(self) -> None:
        spoken = _(
            "Step {number} of {count}: {name}, {state}",
            number=self.step + 1,
            count=len(Step),
            name=_NAMES[self.step],
            state=_STATES[self._progress],
        )
        self.setAccessibleName(str(spoken))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(em(10), em(2.75))

    def paintEvent(self, _event: QPaintEvent) -> None:
        from PySide6.QtGui import QPainter

        from setup_wizard.gui.painting import draw_line, draw_step

        colors = system_colors()
        painter = QPainter(self)
        box = QRectF(self.rect())
        draw_step(painter, box, self.step + 1, self._progress, colors)
        now = self._progress in ("now", "finished")
        color = colors.text if now else colors.muted
        text = box.adjusted(em(2.9), 0, -em(0.5), 0)
        draw_line(painter, text, str(_NAMES[self.step]), font(bold=now), color)
        painter.end()
