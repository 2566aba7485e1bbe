"""Text in columns: SQL, a log, a listing. To read and to copy, not to write."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit


class CodeView(QPlainTextEdit):
    """A read-only text in the monospace font; Tab leaves it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)

    def show_text(self, text: str) -> None:
        """Show another text, and stay where one is in the same one."""
        if text != self.toPlainText():
            self.setPlainText(text)
