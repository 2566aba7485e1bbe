"""SQL in colours: keywords, types, strings and comments, as PostgreSQL writes them."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from setup_wizard.gui.theme import Colors

_WORDS: Final = (
    "add all alter and any as asc begin between bigint bigserial boolean by bytea cascade case "
    "char character check collate column comment commit concurrently constraint create cross "
    "current_timestamp current_user database date default deferrable delete desc distinct do "
    "double drop each else end enum exclude execute exists explain extension false for foreign "
    "from full function grant group having identity if immutable in include index inherits inner "
    "insert int integer interval into is join json jsonb key language left like limit materialized "
    "not now null numeric of on only or order outer owner partition plpgsql precision primary "
    "privileges procedure public range real references replace return returning returns revoke "
    "right row rows schema security select sequence serial set smallint stable table temporary "
    "text then time timestamp timestamptz to trigger true truncate type union unique update using "
    "uuid values varchar varying view volatile when where with without zone"
)

_TOKENS: Final = re.compile(
    rf"""(?P<comment>--.*$)
    | (?P<block>/\*)
    | (?P<string>[eE]?'(?:[^']|'')*(?:'|$))
    | (?P<name>"(?:[^"]|"")*(?:"|$))
    | (?P<word>\b(?:{"|".join(_WORDS.split())})\b)""",
    re.VERBOSE | re.IGNORECASE,
)
_END_OF_BLOCK: Final = "*/"
_PLAIN, _IN_BLOCK = 0, 1


class SqlHighlighter(QSyntaxHighlighter):
    """Colours a document line by line; the state of a line is whether a comment goes on."""

    def __init__(self, document: QTextDocument, colors: Colors) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self._take(colors)

    def set_colors(self, colors: Colors) -> None:
        """Use another palette."""
        self._take(colors)
        self.rehighlight()

    def _take(self, colors: Colors) -> None:
        for kind, color in (
            ("comment", colors.muted),
            ("string", colors.good),
            ("word", colors.accent),
        ):
            form = QTextCharFormat()
            form.setForeground(QColor(color))
            self._formats[kind] = form
        self._formats["word"].setFontWeight(QFont.Weight.Bold)

    def highlightBlock(self, text: str) -> None:
        self.setCurrentBlockState(_PLAIN)
        start = self._comment(text, 0, 0) if self.previousBlockState() == _IN_BLOCK else 0
        while match := _TOKENS.search(text, start):
            kind = match.lastgroup or ""
            if kind == "block":
                start = self._comment(text, match.start(), match.end())
                continue
            if kind in self._formats:
                self.setFormat(match.start(), len(match[0]), self._formats[kind])
            start = match.end()

    def _comment(self, text: str, start: int, inside: int) -> int:
        """Colour a block comment from ``start``; return where it ends."""
        end = text.find(_END_OF_BLOCK, inside)
        if end < 0:
            self.setCurrentBlockState(_IN_BLOCK)
            end = len(text)
        else:
            end += len(_END_OF_BLOCK)
        self.setFormat(start, end - start, self._formats["comment"])
        return end
