"""A scroll area that is as tall as what is in it, and scrolls only where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QScrollArea

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
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)

    def sizeHint(self) -> QSize:
        content = self.widget()
        layout = content.layout() if content else None
        if layout is None:
            return super().sizeHint()
        width = self.viewport().width()
        wraps = layout.hasHeightForWidth()
        height = layout.totalHeightForWidth(width) if wraps else layout.totalSizeHint().height()
        return QSize(em(20), height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        content = self.widget()
        if content and (layout := content.layout()):
            margins = layout.contentsMargins()
            margins.setRight(max(0, self._edge - (self.width() - self.viewport().width())))
            layout.setContentsMargins(margins)
        self.updateGeometry()
