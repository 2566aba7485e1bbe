"""Colours that can be read, measures that follow the font, SQL in colours."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QTextDocument
from pytestqt.qtbot import QtBot

from setup_wizard.gui.theme import Colors, Dark, Light, em, sheet
from setup_wizard.gui.widgets.sql_highlighter import SqlHighlighter

READABLE = 4.5
PAIRS = [
    *[("text", ground) for ground in ("background", "side", "code", "control", "hover")],
    *[("text", f"{tone}_tint") for tone in ("accent", "good", "bad", "waiting")],
    *[("muted", ground) for ground in ("background", "side", "code")],
    *[("muted", f"{tone}_tint") for tone in ("accent", "bad", "waiting")],
    *[(tone, f"{tone}_tint") for tone in ("accent", "good", "bad", "waiting")],
    *[(tone, "code") for tone in ("accent", "good", "muted")],
    ("on_accent", "accent"),
    ("accent", "background"),
]


def luminance(color: str) -> float:
    """WCAG 2's relative luminance."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    made = QColor(color)
    red, green, blue = (linear(part) for part in (made.redF(), made.greenF(), made.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colors", [Light, Dark])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(colors: Colors, text: str, ground: str) -> None:
    assert contrast(getattr(colors, text), getattr(colors, ground)) >= READABLE


@pytest.mark.parametrize("colors", [Light, Dark])
def test_the_sheet_is_one_that_qt_understands(qtbot: QtBot, colors: Colors) -> None:
    text = sheet(colors)
    assert text.count("{") == text.count("}")
    assert "None" not in text
    assert em(2) == 2 * em()


def colored(text: str) -> list[tuple[str, str]]:
    """Return each coloured piece with its colour's name."""
    document = QTextDocument(text)
    highlighter = SqlHighlighter(document, Light)
    highlighter.rehighlight()
    names = {Light.accent: "word", Light.muted: "comment", Light.good: "string"}
    pieces = []
    block = document.begin()
    while block.isValid():
        for piece in block.layout().formats():
            color = piece.format.foreground().color().name()
            start, length = piece.start, piece.length
            pieces.append((block.text()[start : start + length], names[color]))
        block = block.next()
    return pieces


def test_sql_is_coloured(qtbot: QtBot) -> None:
    assert colored("CREATE TABLE \"table\" (a text DEFAULT 'it''s'); -- note") == [
        *[(word, "word") for word in ("CREATE", "TABLE", "text", "DEFAULT")],
        ("'it''s'", "string"),
        ("-- note", "comment"),
    ]


def test_a_comment_goes_on_over_lines(qtbot: QtBot) -> None:
    assert colored("/* one\nselect\ntwo */ select 'a'") == [
        ("/* one", "comment"),
        ("select", "comment"),
        ("two */", "comment"),
        ("select", "word"),
        ("'a'", "string"),
    ]
