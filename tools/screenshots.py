"""Pictures of every page, in both languages, light and dark: ``python tools/screenshots.py DIR``.

Drives the real window in practice mode, on a real server, by pressing Enter. Needs a display, or
``QT_QPA_PLATFORM=offscreen``, and fonts with Hangul.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from setup_wizard.flow import Step
from setup_wizard.gui import build_wizard
from setup_wizard.gui.window import Wizard
from setup_wizard.i18n import LANGUAGES

SCHEMES = {"light": "white", "dark": "black"}
PAUSE_MS = 250
ATTEMPTS = 120


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lang", choices=LANGUAGES, action="append", help="only this language")
    arguments = parser.parse_args()
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    for language in arguments.lang or LANGUAGES:
        _walk(language, arguments.folder)
    return 0


def _walk(language: str, folder: Path) -> None:
    wizard = build_wizard(["--practice", "--lang", language])
    assert isinstance(wizard, Wizard)
    wizard.show()
    number = 0
    while True:
        _settle(wizard)
        number += 1
        name = f"{number}-{wizard.page_now.objectName().removesuffix('Page')}"
        for scheme, color in SCHEMES.items():
            QGuiApplication.setPalette(QPalette(QColor(color)))
            _wait()
            wizard.grab().save(str(folder / f"{name}-{language}-{scheme}.png"))
        if wizard.step is Step.DONE:
            break
        QTest.keyClick(wizard.focusWidget(), Qt.Key.Key_Return)
    wizard.close()


def _settle(wizard: Wizard) -> None:
    for _attempt in range(ATTEMPTS):
        _wait()
        state = wizard.session.state
        if state.projects is not None and not state.busy:
            return
    sys.exit(f"{wizard.page_now.objectName()} did not settle")


def _wait() -> None:
    loop = QEventLoop()
    QTimer.singleShot(PAUSE_MS, loop.quit)
    loop.exec()


if __name__ == "__main__":
    sys.exit(main())
