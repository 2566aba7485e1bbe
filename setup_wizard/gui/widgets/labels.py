"""Texts and buttons in the few roles that the window has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from setup_wizard.errors import Text
from setup_wizard.gui.theme import SMALL, em, font, system_colors, tone

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent


def label(role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a text label; roles: title, lead, heading, strong, muted, small."""
    made = QLabel()
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def button(name: str = "", *, primary: bool = False, compact: bool = False) -> QPushButton:
    """Return a push button with an object name."""
    made = QPushButton()
    made.setObjectName(name)
    for role, wanted in (("primary", primary), ("compact", compact)):
        if wanted:
            made.setProperty(role, wanted)
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return made


def literal(text: Text) -> str:
    """Return a text for a button or label in which ``&`` is no mnemonic."""
    return str(text).replace("&", "&&")


def describe(widget: QWidget, name: Text, description: Text = "") -> None:
    """Tell screen readers what a widget is; the description is its tooltip as well."""
    widget.setAccessibleName(str(name).replace("&", ""))
    widget.setAccessibleDescription(str(description))
    widget.setToolTip(str(description))


def announce(widget: QWidget, text: str) -> None:
    """Let screen readers say a change at once."""
    from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent  # 2 ms

    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Change a property that the style sheet asks for."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def discard(widget: QWidget) -> None:
    """Take a widget out of the window at once; it is deleted when its own signal has ended."""
    widget.hide()
    widget.setParent(None)
    widget.deleteLater()


class ElidedLabel(QWidget):
    """One line that shortens itself in the middle; the tooltip has all of it."""

    def __init__(self, *, muted: bool = True, right: bool = False) -> None:
        super().__init__()
        self._text = ""
        self._muted = muted
        self._right = right
        self._font = font(SMALL)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """Return the whole text."""
        return self._text

    def set_text(self, text: Text) -> None:
        """Show another text."""
        self._text = str(text)
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._font)
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        from PySide6.QtGui import QPainter

        from setup_wizard.gui.painting import draw_line

        colors = system_colors()
        color = colors.muted if self._muted else colors.text
        painter = QPainter(self)
        short = draw_line(
            painter, QRectF(self.rect()), self._text, self._font, color, right=self._right
        )
        painter.end()
        self.setToolTip(self._text if short else "")


class IconLabel(QWidget):
    """A sign beside a text that says the same, in a tone of the theme."""

    def __init__(self, name: str, tone: str, size: float = 1.1) -> None:
        super().__init__()
        self._name, self._tone = name, tone
        self._disc = False
        self.setFixedSize(em(size), em(size))

    def set_icon(self, name: str, tone: str, *, disc: bool = False) -> None:
        """Show another sign; ``disc``: on a round background of its tone."""
        self._name, self._tone, self._disc = name, tone, disc
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        from PySide6.QtGui import QPainter

        from setup_wizard.gui.painting import draw_disc, draw_icon

        foreground, background = tone(system_colors(), self._tone)
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self._disc:
            box = draw_disc(painter, box, background)
        draw_icon(painter, self._name, box, foreground)
        painter.end()
