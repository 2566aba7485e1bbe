"""What the window draws itself: the signs, the mark, the steps; sharp at every size.

Apart from the widgets, because Qt's namespace of constants takes 13 ms to load: it is needed to
draw, not to build.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPainterPath, QPen, QPixmap

from setup_wizard.gui.theme import SMALL, Colors, em, font


def _check(painter: QPainter) -> None:
    painter.drawPolyline([QPointF(0.2, 0.53), QPointF(0.42, 0.75), QPointF(0.8, 0.27)])


def _cross(painter: QPainter) -> None:
    painter.drawLine(QPointF(0.27, 0.27), QPointF(0.73, 0.73))
    painter.drawLine(QPointF(0.73, 0.27), QPointF(0.27, 0.73))


def _dash(painter: QPainter) -> None:
    painter.drawLine(QPointF(0.32, 0.5), QPointF(0.68, 0.5))


def _dots(painter: QPainter) -> None:
    for x in (0.22, 0.5, 0.78):
        painter.drawPoint(QPointF(x, 0.5))


def _warn(painter: QPainter) -> None:
    painter.drawLine(QPointF(0.5, 0.22), QPointF(0.5, 0.56))
    painter.drawPoint(QPointF(0.5, 0.78))


def _plus(painter: QPainter) -> None:
    painter.drawLine(QPointF(0.24, 0.5), QPointF(0.76, 0.5))
    painter.drawLine(QPointF(0.5, 0.24), QPointF(0.5, 0.76))


def _differs(painter: QPainter) -> None:
    painter.drawLine(QPointF(0.24, 0.39), QPointF(0.76, 0.39))
    painter.drawLine(QPointF(0.24, 0.61), QPointF(0.76, 0.61))
    painter.drawLine(QPointF(0.64, 0.2), QPointF(0.36, 0.8))


def _play(painter: QPainter) -> None:
    painter.drawPolyline([QPointF(0.38, 0.24), QPointF(0.68, 0.5), QPointF(0.38, 0.76)])


def _chevron(painter: QPainter) -> None:
    painter.drawPolyline([QPointF(0.25, 0.4), QPointF(0.5, 0.65), QPointF(0.75, 0.4)])


def _eye(painter: QPainter) -> None:
    path = QPainterPath(QPointF(0.1, 0.5))
    path.quadTo(QPointF(0.5, 0.06), QPointF(0.9, 0.5))
    path.quadTo(QPointF(0.5, 0.94), QPointF(0.1, 0.5))
    painter.drawPath(path)
    painter.drawEllipse(QPointF(0.5, 0.5), 0.13, 0.13)


def _eye_off(painter: QPainter) -> None:
    _eye(painter)
    painter.drawLine(QPointF(0.2, 0.84), QPointF(0.8, 0.16))


_DRAWINGS: Final[Mapping[str, Callable[[QPainter], None]]] = {
    "check": _check,
    "cross": _cross,
    "dash": _dash,
    "dots": _dots,
    "warn": _warn,
    "plus": _plus,
    "differs": _differs,
    "play": _play,
    "chevron": _chevron,
    "eye": _eye,
    "eye_off": _eye_off,
}


def draw_icon(painter: QPainter, name: str, box: QRectF, color: QColor) -> None:
    """Draw a sign into a square."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.topLeft())
    painter.scale(box.width(), box.height())
    pen = QPen(color, 0.11, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _DRAWINGS[name](painter)
    painter.restore()


def icon(name: str, color: QColor, size: int, ratio: float) -> QIcon:
    """Return a sign as an icon for a button; ``ratio``: the screen's pixels per pixel."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_icon(painter, name, QRectF(0, 0, size, size), color)
    painter.end()
    return QIcon(pixmap)


def draw_mark(painter: QPainter, box: QRectF, accent: QColor, on_accent: QColor) -> None:
    """Draw the program's mark, as ``assets/icon.svg`` has it: a database on a rounded square."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.topLeft())
    painter.scale(box.width() / 64, box.height() / 64)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(accent)
    painter.drawRoundedRect(QRectF(0, 0, 64, 64), 15, 15)
    painter.setPen(QPen(on_accent, 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(16, 13.5, 32, 13))
    for top in (25.5, 37.5):
        painter.drawArc(QRectF(16, top, 32, 13), 180 * 16, 180 * 16)
    for x in (16, 48):
        painter.drawLine(QPointF(x, 20), QPointF(x, 44))
    painter.restore()


def draw_disc(painter: QPainter, box: QRectF, color: QColor) -> QRectF:
    """Draw a round background; return the square in it that a sign fills."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(box)
    painter.restore()
    inset = box.width() * 0.22
    return box.adjusted(inset, inset, -inset, -inset)


def draw_step(painter: QPainter, box: QRectF, number: int, progress: str, colors: Colors) -> None:
    """Draw a step's number in a circle, a tick when it is done, a dash when it was skipped."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    size = em(1.5)
    circle = QRectF(em(0.6), (box.height() - size) / 2, size, size)
    if progress in ("now", "finished"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.accent_tint))
        painter.drawRoundedRect(box, em(0.6), em(0.6))
    if progress in ("done", "finished"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.good))
        painter.drawEllipse(circle)
        inset = size * 0.14
        tick = circle.adjusted(inset, inset, -inset, -inset)
        draw_icon(painter, "check", tick, QColor(colors.side))
    else:
        now = progress == "now"
        painter.setPen(QPen(QColor(colors.accent if now else colors.control_line), 1))
        painter.setBrush(QColor(colors.background if now else colors.side))
        painter.drawEllipse(circle.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(QColor(colors.accent if now else colors.muted))
        painter.setFont(font(SMALL, bold=now))
        shown = "–" if progress == "skipped" else str(number)
        painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, shown)
    painter.restore()


def draw_line(
    painter: QPainter, box: QRectF, text: str, text_font: QFont, color: str, *, right: bool = False
) -> bool:
    """Draw one line of text, shortened in the middle; return whether it had to be."""
    shown = QFontMetrics(text_font).elidedText(text, Qt.TextElideMode.ElideMiddle, int(box.width()))
    painter.setFont(text_font)
    painter.setPen(QColor(color))
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
    return shown != text
