"""A scroll area that is as tall as what is in it, and scrolls only where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from setup_wizard.gui.theme import em

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


class FittingArea(QScrollArea):
    """Its size hint follows its content, whose lines may wrap.

    Args:
        edge: pixels that the content leaves free at the right; a scroll bar takes them.
    """

    def __init__(self, edge: int) -> None:
        super().__init__()
        self._edge = edge
        self._visible_width = em(40)
        content = QWidget()
        content.setObjectName("pageBody")
        self.content = QVBoxLayout(content)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        if self.content.hasHeightForWidth():
            return QSize(em(20), self.content.totalHeightForWidth(self._visible_width))
        return QSize(em(20), self.content.totalSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._visible_width = event.size().width()
        margins = self.content.contentsMargins()
        margins.setRight(max(0, self._edge - (self.width() - self._visible_width)))
        self.content.setContentsMargins(margins)
        self.updateGeometry()
