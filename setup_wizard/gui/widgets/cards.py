"""Cards: a name, a line under it, and a badge or a button; alone or in a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from setup_wizard.errors import Text
from setup_wizard.gui.painting import draw_icon
from setup_wizard.gui.theme import SMALL, Colors, em, font, system_colors, tone
from setup_wizard.gui.widgets.labels import ElidedLabel, label

_CHOICES: Final = 3
_ITEMS: Final = 50
"""Up to how many cards a list asks for room; beyond that it scrolls."""

T = TypeVar("T")
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Card:
    """What one card of a list shows. The badge is always an icon and a word."""

    title: str
    line: Text = ""
    badge: Text = ""
    tone: str = "accent"
    icon: str = "check"
    notes: tuple[Text, ...] = ()
    tooltip: str = ""

    def spoken(self) -> str:
        """Return all of it in one line, for screen readers."""
        return ", ".join(
            str(part) for part in (self.title, self.line, self.badge, *self.notes) if str(part)
        )


def badge_size(text: str) -> QSize:
    """Return how large a badge is."""
    metrics = QFontMetrics(font(SMALL, bold=True))
    return QSize(metrics.horizontalAdvance(text) + em(2.3), metrics.height() + em(0.3))


def draw_badge(painter: QPainter, box: QRectF, card: Card, colors: Colors) -> None:
    """Draw a badge into a box of :func:`badge_size`."""
    foreground, background = tone(colors, card.tone)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(background)
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    side = float(em(0.85))
    square = QRectF(box.left() + em(0.6), box.center().y() - side / 2, side, side)
    draw_icon(painter, card.icon, square, foreground)
    painter.setFont(font(SMALL, bold=True))
    painter.setPen(foreground)
    painter.drawText(
        box.adjusted(em(1.65), 0, 0, 0),
        Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
        str(card.badge),
    )


class Badge(QWidget):
    """A badge by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._card = Card("")
        self.hide()

    def show_card(self, card: Card) -> None:
        """Show a card's badge; nothing where it has none."""
        self._card = card
        self.setVisible(bool(str(card.badge)))
        self.setFixedSize(badge_size(str(card.badge)))
        self.setAccessibleName(str(card.badge))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_badge(painter, QRectF(self.rect()), self._card, system_colors())
        painter.end()


class InfoCard(QFrame):
    """One card as a widget: texts at the left; a badge, and perhaps a button, at the right."""

    def __init__(self, *trailing: QWidget) -> None:
        super().__init__()
        self.setProperty("card", "plain")
        self._title = label("strong")
        self._line = ElidedLabel()
        self._badge = Badge()
        texts = QVBoxLayout()
        texts.setSpacing(em(0.1))
        texts.addWidget(self._title)
        texts.addWidget(self._line)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(em(1), em(0.7), em(1), em(0.7))
        layout.setSpacing(em(0.8))
        layout.addLayout(texts, 1)
        for widget in (self._badge, *trailing):
            layout.addWidget(widget)

    def show_card(self, card: Card) -> None:
        """Show another card."""
        self._title.setText(card.title)
        self._line.set_text(card.line)
        self._badge.show_card(card)
        self.setAccessibleName(card.spoken())


class CardModel(QAbstractListModel):
    """The cards of a list; each is made when it comes into view."""

    def __init__(self) -> None:
        super().__init__()
        self._items: Sequence[Any] = ()
        self._make: Callable[[Any], Card] = Card

    def show_items(self, items: Sequence[T], make: Callable[[T], Card]) -> None:
        """Show other items; ``make`` makes one's card."""
        self.beginResetModel()
        self._items, self._make = items, make
        self.endResetModel()

    def card(self, row: int) -> Card:
        """Return the card in a row."""
        return self._make(self._items[row])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        card = self.card(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return card.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return card.spoken()
        if role == Qt.ItemDataRole.ToolTipRole:
            return card.tooltip or None
        return None


class CardDelegate(QStyledItemDelegate):
    """Draws the cards of a list; the current one of a list to choose from is tinted."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card = _card(index)
        colors = system_colors()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: Any = option.rect
        state: Any = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        focused = selected and bool(state & QStyle.StateFlag.State_HasFocus)
        frame = QRectF(rect).adjusted(1, 1, -1, -em(0.6))
        painter.setPen(
            QPen(QColor(colors.accent if selected else colors.line), 2 if focused else 1)
        )
        painter.setBrush(QColor(colors.accent_tint if selected else colors.background))
        painter.drawRoundedRect(frame, em(0.75), em(0.75))
        self._draw_texts(painter, frame.adjusted(em(1), em(0.7), -em(1), -em(0.7)), card, colors)
        painter.restore()

    def _draw_texts(self, painter: QPainter, box: QRectF, card: Card, colors: Colors) -> None:
        title_font, line_font = font(bold=True), font(SMALL)
        title_height = QFontMetrics(title_font).height()
        line_height = QFontMetrics(line_font).height()
        head = title_height + (line_height if str(card.line) else 0)
        width = box.width()
        if badge := str(card.badge):
            size = badge_size(badge)
            width -= size.width() + em(0.6)
            place = QRectF(0, 0, size.width(), size.height())
            place.moveRight(box.right())
            place.moveTop(box.top() + (head - size.height()) / 2)
            draw_badge(painter, place, card, colors)
        middle = Qt.TextElideMode.ElideMiddle
        painter.setFont(title_font)
        painter.setPen(QColor(colors.text))
        title = QFontMetrics(title_font).elidedText(card.title, middle, int(width))
        painter.drawText(QRectF(box.left(), box.top(), width, title_height), title)
        painter.setFont(line_font)
        painter.setPen(QColor(colors.muted))
        line = QFontMetrics(line_font).elidedText(str(card.line), middle, int(width))
        painter.drawText(QRectF(box.left(), box.top() + title_height, width, line_height), line)
        painter.setPen(QColor(colors.text))
        top = box.top() + head + em(0.3)
        for note in card.notes:
            height = _note_height(note, int(box.width()))
            painter.drawText(
                QRectF(box.left(), top, box.width(), height), Qt.TextFlag.TextWordWrap, f"· {note}"
            )
            top += height

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        card = _card(index)
        width = self._view().viewport().width()
        height = QFontMetrics(font(bold=True)).height()
        if str(card.line):
            height += QFontMetrics(font(SMALL)).height()
        if card.notes:
            height += em(0.3) + sum(_note_height(note, width - 2 - em(2)) for note in card.notes)
        return QSize(em(10), height + em(1.4) + em(0.6) + 1)

    def _view(self) -> QAbstractItemView:
        view = self.parent()
        assert isinstance(view, QAbstractItemView)
        return view


def _card(index: Index) -> Card:
    model = index.model()
    assert isinstance(model, CardModel)
    return model.card(index.row())


def _note_height(note: Text, width: int) -> int:
    metrics = QFontMetrics(font(SMALL))
    box = metrics.boundingRect(0, 0, max(width, 1), 10_000, Qt.TextFlag.TextWordWrap, f"· {note}")
    return box.height()


class CardList(QListView):
    """A list of cards; ``choose``: one of them is the user's choice."""

    def __init__(self, name: str, *, choose: bool = False) -> None:
        super().__init__()
        self._most = _CHOICES if choose else _ITEMS
        self.setObjectName(name)
        self.cards = CardModel()
        self.setModel(self.cards)
        self.setItemDelegate(CardDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)  # a script may have 20,000 statements
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setMinimumHeight(em(5))
        if not choose:
            self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)

    def show_items(self, items: Sequence[T], make: Callable[[T], Card]) -> None:
        """Show other items; ``make`` makes one's card."""
        self.cards.show_items(items, make)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        rows = range(min(self.cards.rowCount(), self._most))
        return QSize(em(20), sum(self.sizeHintForRow(row) for row in rows) + 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()  # a note may need more lines now
