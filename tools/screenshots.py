"""Pictures of every page, in both languages, light and dark: ``python tools/screenshots.py DIR``.

Drives the real window in practice mode, on a real server, by pressing Enter. With ``--failures``
the pictures are those of the six most common failures instead, each of them a real one. Needs a
display, or ``QT_QPA_PLATFORM=offscreen``, and fonts with Hangul.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from setup_wizard.flow import Step, first_broken
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
    parser.add_argument("--failures", action="store_true", help="the most common failures instead")
    arguments = parser.parse_args()
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    for language in arguments.lang or LANGUAGES:
        (_failures if arguments.failures else _walk)(language, arguments.folder)
    return 0


def _walk(language: str, folder: Path) -> None:
    with _open("--practice", "--lang", language) as wizard:
        number = 0
        while True:
            number += 1
            page = wizard.page_now.objectName().removesuffix("Page")
            _shoot(wizard, folder / f"{number}-{page}-{language}")
            if wizard.step is Step.DONE:
                break
            _enter(wizard)


def _failures(language: str, folder: Path) -> None:
    with _open("--practice", "--lang", language) as wizard:
        _enter(wizard)
        _shoot(wizard, folder / f"failure-1-service-stopped-{language}", "service_stopped")
        _enter(wizard)
        _shoot(wizard, folder / f"failure-2-database-missing-{language}", "database_missing")
        edit = wizard.findChild(QLineEdit, "passwordEdit")
        assert isinstance(edit, QLineEdit)
        edit.selectAll()
        QTest.keyClicks(edit, "not-the-password")
        QTest.keyClick(edit, Qt.Key.Key_Return)
        _settle(wizard)
        _shoot(wizard, folder / f"failure-3-wrong-password-{language}", "login_rejected")
    with socket() as unused:
        unused.bind(("127.0.0.1", 0))  # a port that is ours, and refuses
        place = f"127.0.0.1:{unused.getsockname()[1]}/real_estate"
        for name, code, env in (
            (
                "4-raw-at-in-the-url",
                "password_needs_encoding",
                f"postgresql://postgres:p@ss@{place}",
            ),
            ("5-no-env", "env_missing", None),
            ("6-nobody-listens", None, f"postgresql://postgres:secret@{place}"),
        ):
            with (
                _project(env) as project,
                _open("--project", project, "--lang", language) as wizard,
            ):
                _enter(wizard)
                _shoot(wizard, folder / f"failure-{name}-{language}", code)


@contextmanager
def _project(url: str | None) -> Iterator[str]:
    """Make a project to throw away, with a .env where there is a URL to write into it."""
    with TemporaryDirectory() as folder:
        project = Path(folder, "beta_v001", "backend")
        project.mkdir(parents=True)
        if url:
            (project / ".env").write_text(f"DATABASE_URL={url}\n", encoding="utf-8")
        yield str(project)


@contextmanager
def _open(*argv: str) -> Iterator[Wizard]:
    wizard = build_wizard(argv)
    assert isinstance(wizard, Wizard)
    wizard.show()
    _settle(wizard)
    yield wizard
    wizard.close()


def _enter(wizard: Wizard) -> None:
    QTest.keyClick(wizard.focusWidget(), Qt.Key.Key_Return)
    _settle(wizard)


def _shoot(wizard: Wizard, name: Path, code: str | None = None) -> None:
    """Save the window in both schemes, where the first broken link is the one that is meant."""
    broken = first_broken(wizard.session.state.findings)
    found = broken.code if broken else None
    print(name.name, found)
    if code and found != code:
        sys.exit(f"{name.name} shows {found}")
    for scheme, color in SCHEMES.items():
        QGuiApplication.setPalette(QPalette(QColor(color)))
        _wait()
        wizard.grab().save(f"{name}-{scheme}.png")


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
