"""How it looks: colours for light and dark, measures in units of the font's height, one sheet."""

from __future__ import annotations

from functools import cache
from typing import Final

from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

TITLE: Final = 1.5
SMALL: Final = 0.88
CORNER: Final = 0.6
CONTROL: Final = 2.6

MONOSPACE: Final = ("Cascadia Mono", "Consolas", "Menlo", "DejaVu Sans Mono",
                    "D2Coding", "NanumGothicCoding", "GulimChe", "monospace")  # fmt: skip
"""Each system's own, then those with Hangul, so that a Korean name is not a row of boxes."""


class Light:
    """The light palette. Each ``…_tint`` is the background for text in the colour before it."""

    background = "#ffffff"
    side = "#f4f6f9"
    line = "#e1e5eb"
    text = "#1b2230"
    muted = "#5d6878"
    accent = "#2a62d0"
    accent_tint = "#e8effc"
    on_accent = "#ffffff"
    good = "#1c7d46"
    good_tint = "#e7f5ec"
    bad = "#b3261e"
    bad_tint = "#fdecea"
    waiting = "#8a5a00"
    waiting_tint = "#fff4dc"
    code = "#f6f8fa"
    control = "#ffffff"
    control_line = "#c3cad5"
    hover = "#f0f3f8"
    focus = "#173f8f"
    primary_disabled = "#9fb8ea"
    on_primary_disabled = "#ffffff"
    disabled = "#a3acb9"


class Dark(Light):
    """The dark palette."""

    background = "#1d2027"
    side = "#17191f"
    line = "#323743"
    text = "#e9ecf2"
    muted = "#a2abba"
    accent = "#7aa5ff"
    accent_tint = "#25314b"
    on_accent = "#10131a"
    good = "#6fd39a"
    good_tint = "#1d3428"
    bad = "#ff8f85"
    bad_tint = "#3d2323"
    waiting = "#f2c063"
    waiting_tint = "#3a301b"
    code = "#15171c"
    control = "#15171c"
    control_line = "#4a5160"
    hover = "#2a2f3a"
    focus = "#d3e1ff"
    primary_disabled = "#465a86"
    on_primary_disabled = "#1d2027"
    disabled = "#69717f"


Colors = type[Light]


@cache
def _font_height() -> int:
    return QFontInfo(QApplication.font()).pixelSize()


def em(times: float = 1.0) -> int:
    """Return a length in pixels, in units of the font's height."""
    return round(_font_height() * times)


def system_colors() -> Colors:
    """Return the colours that fit the system's colour scheme now.

    Qt's palette follows the scheme; it says so on every platform, and 14 ms sooner than
    ``styleHints().colorScheme()``.
    """
    return Dark if QGuiApplication.palette().window().color().lightness() < 128 else Light


def tone(colors: Colors, name: str) -> tuple[QColor, QColor]:
    """Return the colour and the background of good, bad, waiting, accent or muted.

    The background of muted is the line colour: a quiet grey.
    """
    background = colors.line if name == "muted" else getattr(colors, f"{name}_tint")
    return QColor(getattr(colors, name)), QColor(background)


def font(times: float = 1.0, *, bold: bool = False) -> QFont:
    """Return the system's font, ``times`` as large as text."""
    scaled = QFont(QApplication.font())
    scaled.setPixelSize(em(times))
    scaled.setBold(bold)
    return scaled


def palette(colors: Colors) -> QPalette:
    """Return Qt's palette, for whatever the sheet does not reach."""
    result = QPalette()
    role = QPalette.ColorRole
    for where, color in (
        (role.Window, colors.background),
        (role.Base, colors.control),
        (role.AlternateBase, colors.code),
        (role.Button, colors.control),
        (role.ToolTipBase, colors.background),
        (role.Highlight, colors.accent),
        (role.HighlightedText, colors.on_accent),
        (role.PlaceholderText, colors.muted),
        (role.Mid, colors.line),
        (role.Link, colors.accent),
    ):
        result.setColor(where, QColor(color))
    for where in (role.WindowText, role.Text, role.ButtonText, role.ToolTipText):
        result.setColor(where, QColor(colors.text))
        result.setColor(QPalette.ColorGroup.Disabled, where, QColor(colors.disabled))
    return result


def sheet(c: Colors) -> str:
    """Return the style sheet of the whole window."""
    corner, control = em(CORNER), em(CONTROL)
    families = ", ".join(f'"{family}"' for family in MONOSPACE)
    return f"""
QWizard, #pageHead, #pageBody, QDialog, QMessageBox {{ background: {c.background}; }}
QWizard > QWidget > QFrame {{ border: none; background: {c.background}; }}
QScrollArea {{ border: none; background: transparent; }}
QLabel {{ color: {c.text}; background: transparent; qproperty-textFormat: PlainText; }}
QLabel[role="title"] {{ font-size: {em(TITLE)}px; font-weight: bold; }}
QLabel[role="lead"], QLabel[role="muted"] {{ color: {c.muted}; }}
QLabel[role="small"] {{ color: {c.muted}; font-size: {em(SMALL)}px; }}
QLabel[role="strong"] {{ font-weight: bold; }}
QLabel[role="heading"] {{ font-weight: bold; font-size: {em(1.15)}px; }}
QWizard > QWidget > QLabel {{ background: {c.side}; border-right: 1px solid {c.line}; }}
#sidePanel, #sidePanel QLabel {{ background: transparent; border: none; }}
#barRule {{ background: {c.line}; border: none; }}

QPushButton {{
    color: {c.text}; background: {c.control};
    border: 1px solid {c.control_line}; border-radius: {corner}px;
    padding: 0 {em(1)}px; min-height: {control - 2}px;
}}
QPushButton:hover {{ background: {c.hover}; }}
QPushButton:pressed {{ background: {c.line}; }}
QPushButton:focus {{ border: 2px solid {c.accent}; padding: 0 {em(1) - 1}px;
                     min-height: {control - 4}px; }}
QPushButton:disabled {{ color: {c.disabled}; border-color: {c.line}; background: transparent; }}
QPushButton[compact="true"] {{ min-height: {em(2.25) - 2}px; padding: 0 {em(0.8)}px; }}
QPushButton[compact="true"]:focus {{ min-height: {em(2.25) - 4}px; padding: 0 {em(0.8) - 1}px; }}
#undoButton {{ min-height: {em(1.7) - 2}px; padding: 0 {em(0.5)}px; font-size: {em(SMALL)}px; }}
#undoButton:focus {{ min-height: {em(1.7) - 4}px; padding: 0 {em(0.5) - 1}px; }}
#copyReportButton {{ margin-left: {em(0.85)}px; }}
QPushButton[primary="true"] {{
    background: {c.accent}; color: {c.on_accent}; border-color: {c.accent}; font-weight: bold;
}}
QPushButton[primary="true"]:hover {{ background: {c.focus}; border-color: {c.focus}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {c.focus}; }}
QPushButton[primary="true"]:disabled {{
    background: {c.primary_disabled}; border-color: {c.primary_disabled};
    color: {c.on_primary_disabled};
}}

#passwordEdit {{ lineedit-password-character: 8226; }}
QLineEdit, QComboBox {{
    color: {c.text}; background: {c.control};
    border: 1px solid {c.control_line}; border-radius: {corner}px;
    padding: 0 {em(0.75)}px; min-height: {control - 2}px;
    selection-background-color: {c.accent}; selection-color: {c.on_accent};
}}
QLineEdit:focus, QComboBox:focus {{ border: 2px solid {c.accent}; padding: 0 {em(0.75) - 1}px;
                                    min-height: {control - 4}px; }}
QComboBox {{ padding-right: 0; }}
QComboBox#languageCombo {{ min-height: {em(2.1) - 2}px; font-size: {em(SMALL)}px; }}
QComboBox#languageCombo:focus {{ min-height: {em(2.1) - 4}px; }}
QComboBox::drop-down {{ border: none; width: {em(1.8)}px; }}
QComboBox QAbstractItemView {{
    color: {c.text}; background: {c.control}; border: 1px solid {c.control_line}; outline: none;
    selection-background-color: {c.accent_tint}; selection-color: {c.text};
}}
QToolButton {{ border: none; border-radius: {em(0.3)}px; background: transparent; }}
QToolButton:hover {{ background: {c.hover}; }}
QToolButton:focus {{ border: 2px solid {c.accent}; }}

QFrame[card="plain"], #findingsView {{
    background: {c.background}; border: 1px solid {c.line}; border-radius: {em(0.75)}px;
}}
QFrame[card="drop"] {{
    background: {c.accent_tint}; border: 1px dashed {c.accent}; border-radius: {em(0.75)}px;
}}
QFrame[card="note"] {{
    background: {c.accent_tint}; border: none; border-radius: {em(0.75)}px;
}}
QFrame[card="bad"], QFrame[tint="bad"] {{ background: {c.bad_tint}; }}
QFrame[card="waiting"], QFrame[tint="waiting"] {{ background: {c.waiting_tint}; }}
QFrame[card="bad"], QFrame[card="waiting"] {{ border: none; border-radius: {em(0.75)}px; }}
QFrame[row="true"] {{ border: none; border-top: 1px solid {c.line}; }}
QFrame[row="first"] {{ border: none; border-top-left-radius: {em(0.7)}px;
                       border-top-right-radius: {em(0.7)}px; }}
QFrame[current="true"] {{ border-left: 3px solid {c.accent}; }}

QPlainTextEdit, QTableView {{ font-family: {families}; font-size: {em(0.95)}px; }}
QPlainTextEdit {{
    color: {c.text}; background: {c.code}; border: 1px solid {c.line}; border-radius: {em(0.75)}px;
    padding: {em(0.5)}px;
    selection-background-color: {c.accent}; selection-color: {c.on_accent};
}}
QPlainTextEdit:focus {{ border: 1px solid {c.accent}; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QListView {{ background: transparent; border: none; outline: none; }}
QTableView {{
    color: {c.text}; background: {c.code}; border: 1px solid {c.line}; border-radius: {em(0.75)}px;
    gridline-color: {c.line}; outline: none;
    selection-background-color: {c.accent_tint}; selection-color: {c.text};
}}
QTableView:focus {{ border: 1px solid {c.accent}; }}
QHeaderView, QHeaderView::section {{
    background: {c.code}; color: {c.muted}; border: none; padding: {em(0.3)}px {em(0.5)}px;
}}
QProgressBar {{ background: {c.line}; border: none; border-radius: {em(0.25)}px;
                max-height: {em(0.5)}px; min-height: {em(0.5)}px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: {em(0.25)}px; }}

QTabWidget::pane {{ border: none; margin-top: {em(0.5)}px; }}
QTabBar::tab {{
    background: transparent; color: {c.muted}; padding: {em(0.3)}px 0; margin-right: {em(1.4)}px;
    border: none; border-bottom: 2px solid transparent;
}}
QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent}; }}
QTabBar::tab:focus {{ color: {c.accent}; }}
QToolTip {{ background: {c.background}; color: {c.text}; border: 1px solid {c.line}; }}

QScrollBar:vertical {{ background: transparent; width: {em(0.9)}px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {em(0.9)}px; margin: 0; }}
QScrollBar::handle {{ background: {c.control_line}; border-radius: {em(0.25)}px;
                      margin: {em(0.2)}px; min-height: {em(2)}px; min-width: {em(2)}px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
