"""The frame: names, Enter, languages, questions, and leaving."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QWidget,
    QWizard,
)
from pytestqt.qtbot import QtBot

from setup_wizard.flow import Step, Task, WizardState
from setup_wizard.gui import build_wizard
from setup_wizard.gui.theme import Dark, Light
from setup_wizard.gui.widgets.labels import ElidedLabel
from setup_wizard.i18n import language
from setup_wizard.scripts import Action
from tests.gui.conftest import MARK
from tests.gui.driver import Driver
from tests.gui.fake_engine import PASSWORD, FakeEngine

PROMISED = [
    "projectPage",
    "connectionPage",
    "planPage",
    "runPage",
    "donePage",
    "languageCombo",
    "projectEdit",
    "hostEdit",
    "portEdit",
    "databaseEdit",
    "userEdit",
    "passwordEdit",
    "showPasswordButton",
    "testButton",
    "findingsView",
    "planView",
    "runProgress",
    "runLog",
    "tablesText",
    "tablesView",
    "copyReportButton",
    "fix_start_service",
    "fix_locate_psql",
]
Button = QWizard.WizardButton


def test_the_promised_names_are_there_before_the_window_is_shown(
    qtbot: QtBot, engine: FakeEngine
) -> None:
    wizard = build_wizard(["--lang", "en"], engine=engine)
    qtbot.addWidget(wizard)
    for name in PROMISED:
        assert wizard.findChild(QObject, name) is not None, name


def test_the_five_pages_are_there_before_the_window_is_shown(
    qtbot: QtBot, engine: FakeEngine
) -> None:
    wizard = build_wizard(["--lang", "en"], engine=engine)
    qtbot.addWidget(wizard)
    assert [wizard.page(number).objectName() for number in wizard.pageIds()] == [*PROMISED[:5]]


def test_enter_alone_walks_the_whole_way(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    seen = [drive.step]
    while drive.step is not Step.DONE:
        drive.enter()
        seen.append(drive.step)
    assert seen == [
        Step.PROJECT,
        Step.CONNECTION,  # the service is stopped
        Step.CONNECTION,  # the database is missing
        Step.CONNECTION,  # all is well
        Step.PLAN,
        Step.RUN,
        Step.DONE,
    ]
    asked = [call for call in engine.calls if call not in ("finding", "result", "surroundings")]
    assert asked == [
        *("projects", "open", "check", "fix start_service", "check", "fix create_database"),
        *("check", "plan", "apply", "tables"),
    ]
    drive.key(Qt.Key.Key_Return)
    assert not drive.wizard.isVisible()


def test_nothing_to_do_skips_the_run(drive: Driver, ready: FakeEngine) -> None:
    ready.action = Action.SAME
    drive.open(ready)
    drive.go_to(Step.PLAN)
    assert drive.button(Button.NextButton).text() == "&Next"
    drive.enter()
    assert drive.step is Step.DONE
    assert "apply" not in ready.calls


def test_differences_are_never_run(drive: Driver, ready: FakeEngine) -> None:
    ready.action = Action.DIFFERS
    drive.open(ready)
    drive.go_to(Step.PLAN)
    assert drive.button(Button.NextButton).text() == "Show the &tables"
    drive.enter()
    assert drive.step is Step.DONE
    assert "apply" not in ready.calls
    title = drive.wizard.page_now.findChild(QLabel, "pageTitle")
    assert isinstance(title, QLabel)
    assert title.text() == "The database looks different from the script"


def test_there_is_no_way_back_behind_the_run(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.RUN)
    back = drive.button(Button.BackButton)
    assert not back.isEnabled()
    drive.enter()
    assert not back.isVisible()


def test_back_from_the_plan_checks_again(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.PLAN)
    drive.button(Button.BackButton).click()
    drive.idle()
    assert drive.step is Step.CONNECTION
    assert ready.calls.count("check") == 2


def test_f5_asks_again(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.CONNECTION)
    drive.key(Qt.Key.Key_F5)
    drive.idle()
    assert ready.calls.count("check") == 2


# -- languages ------------------------------------------------------------------------------


def shown_texts(window: QWidget) -> dict[str, str]:
    """Every text of ours that is in view, or that a screen reader says, by where it is."""
    texts: dict[str, str] = {}
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.objectName().startswith("qt_"):
            continue
        where = f"{type(widget).__name__} {widget.objectName()}"
        if isinstance(widget, QLabel | QAbstractButton | ElidedLabel):
            texts[f"{where} text {widget.text()}"] = widget.text()
        texts[f"{where} name {widget.accessibleName()}"] = widget.accessibleName()
    return {where: text for where, text in texts.items() if any(c.isalpha() for c in text)}


DATA = (  # what is data, and not a sentence of the window
    *("Setup Wizard", "real_estate", "PostgreSQL", "psql", "localhost", "/dev-folder", "sessions"),
    *("checkpoint", "create_sessions", "/opt", "C:", "D:", "\\", "idx_"),
)


def said_by_the_engine(state: WizardState) -> set[str]:
    """The fake engine speaks English only."""
    findings = {
        str(words)
        for finding in state.findings
        for words in (finding.title, finding.summary, finding.detail)
    }
    fixes = {
        str(words)
        for finding in state.findings
        for fix in finding.fixes
        for words in (fix.label, fix.effect)
    }
    return findings | fixes


@pytest.mark.parametrize("action", [Action.CREATE, Action.SAME, Action.DIFFERS])
def test_the_language_changes_at_once_and_everywhere(
    drive: Driver, engine: FakeEngine, action: Action
) -> None:
    engine.action = action
    drive.open(engine)
    combo = drive.find(QComboBox, "languageCombo")
    while True:
        combo.setCurrentIndex(combo.findData("ko"))
        assert language() == "ko"
        for where, text in shown_texts(drive.wizard).items():
            known = text in said_by_the_engine(drive.session.state) or text.startswith(DATA)
            assert MARK in text or known, where
        combo.setCurrentIndex(combo.findData("en"))
        assert not [text for text in shown_texts(drive.wizard).values() if MARK in text]
        if drive.step is Step.DONE:
            break
        drive.enter()


def test_a_file_dialog_speaks_korean_too(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    combo = drive.find(QComboBox, "languageCombo")
    combo.setCurrentIndex(combo.findData("ko"))
    assert QApplication.translate("QPlatformTheme", "Cancel") == "취소"
    combo.setCurrentIndex(combo.findData("en"))
    assert QApplication.translate("QPlatformTheme", "Cancel") == "Cancel"


def test_korean_is_chosen_on_the_command_line(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine, ["--lang", "ko"])
    assert drive.find(QComboBox, "languageCombo").currentText() == "한국어"
    assert drive.button(Button.NextButton).text() == MARK + "&Next"


# -- keyboard and screen readers ------------------------------------------------------------


def test_mnemonics_are_unique_on_every_page(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    while True:
        labels = [
            widget.text()
            for widget in drive.wizard.findChildren(QWidget)
            if isinstance(widget, QPushButton | QLabel) and widget.isVisible()
        ]
        keys = Counter(
            text.replace("&&", "").partition("&")[2][:1].lower()
            for text in labels
            if "&" in text.replace("&&", "")
        )
        assert not [key for key, count in keys.items() if count > 1], (drive.step, keys)
        if drive.step is Step.DONE:
            break
        drive.enter()


def test_everything_that_can_be_used_has_a_name(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    usable = (
        QAbstractButton | QLineEdit | QComboBox | QAbstractItemView | QPlainTextEdit | QProgressBar
    )
    while True:
        for widget in drive.wizard.findChildren(QWidget):
            if isinstance(widget, usable) and widget.isVisible():
                assert widget.accessibleName(), (drive.step, widget)
                assert "&" not in widget.accessibleName()
        if drive.step is Step.DONE:
            break
        drive.enter()


def test_tab_goes_round_and_reaches_the_fields_in_order(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    drive.find(QLineEdit, "hostEdit").setFocus()
    names = []
    for _step in range(8):
        names.append(drive.wizard.focusWidget().objectName())
        drive.key(Qt.Key.Key_Tab)
    assert names[:7] == [
        *("hostEdit", "portEdit", "databaseEdit", "userEdit", "passwordEdit"),
        *("showPasswordButton", "testButton"),
    ]


# -- leaving --------------------------------------------------------------------------------


def question(drive: Driver) -> QMessageBox:
    drive.until(lambda: drive.wizard._question is not None)
    box = drive.wizard._question
    assert box is not None
    return box


def test_escape_leaves_without_a_question_while_nothing_is_changed(
    drive: Driver, engine: FakeEngine
) -> None:
    engine.seconds["check"] = 30
    drive.open(engine)
    drive.key(Qt.Key.Key_Return)
    drive.until(lambda: Task.CHECK in drive.session.state.busy)
    started = time.monotonic()
    drive.key(Qt.Key.Key_Escape)
    assert not drive.wizard.isVisible()
    assert time.monotonic() - started < 1


def test_cancel_during_a_run_asks_and_takes_everything_back(
    drive: Driver, ready: FakeEngine
) -> None:
    drive.open(ready)
    drive.go_to(Step.PLAN)
    ready.seconds["apply"] = 30
    drive.key(Qt.Key.Key_Return)
    drive.until(lambda: Task.APPLY in drive.session.state.busy)
    assert not drive.button(Button.BackButton).isEnabled()
    drive.key(Qt.Key.Key_Escape)
    box = question(drive)
    assert "taken back" in box.informativeText()
    box.button(QMessageBox.StandardButton.NoButton)
    next(b for b in box.buttons() if b.text() == "&Stop").click()
    drive.idle()
    assert drive.wizard.isVisible()
    assert drive.trouble() == "cancelled"
    assert drive.button(Button.BackButton).isEnabled()
    ready.seconds.clear()
    drive.click("tryAgainButton")
    drive.idle()
    assert drive.session.state.applied is not None


def test_keeping_on_keeps_on(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.PLAN)
    ready.seconds["apply"] = 0.5
    drive.key(Qt.Key.Key_Return)
    drive.until(lambda: Task.APPLY in drive.session.state.busy)
    drive.wizard.close()
    next(b for b in question(drive).buttons() if b.text() == "&Keep going").click()
    drive.idle()
    assert drive.session.state.applied is not None
    assert drive.wizard.isVisible()


def test_a_question_that_is_overtaken_goes_away(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.PLAN)
    ready.seconds["apply"] = 0.5
    drive.key(Qt.Key.Key_Return)
    drive.until(lambda: Task.APPLY in drive.session.state.busy)
    drive.wizard.reject()
    question(drive)
    drive.idle()
    assert drive.wizard._question is None
    assert drive.wizard.isVisible()


def test_closing_the_window_during_a_fix_stops_it_first(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    engine.seconds["fix start_service"] = 30
    drive.key(Qt.Key.Key_Return)
    drive.until(lambda: Task.FIX in drive.session.state.busy)
    drive.wizard.close()
    next(b for b in question(drive).buttons() if b.text() == "&Stop").click()
    drive.until(lambda: not drive.wizard.isVisible())
    assert not engine.service_runs


# -- the rest -------------------------------------------------------------------------------


def test_a_folder_dropped_on_the_window_becomes_the_project(
    drive: Driver, engine: FakeEngine, tmp_path: Path
) -> None:
    drive.open(engine)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "cloned" / ".env"))])
    event = QDropEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    drive.wizard.dropEvent(event)
    drive.idle()
    project = drive.session.state.project
    assert project is not None
    assert project.root == tmp_path / "cloned"
    assert drive.find(QLineEdit, "projectEdit").text() == str(tmp_path / "cloned")


def test_light_and_dark_follow_the_system(drive: Driver, engine: FakeEngine) -> None:
    before = QGuiApplication.palette()
    drive.open(engine)
    try:
        QGuiApplication.setPalette(QPalette(QColor("black")))
        drive.until(lambda: Dark.background in drive.wizard.styleSheet())
        QGuiApplication.setPalette(QPalette(QColor("white")))
        drive.until(lambda: Light.background in drive.wizard.styleSheet())
    finally:
        QGuiApplication.setPalette(before)


def test_the_password_is_nowhere_but_in_its_field(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    while True:
        for widget in drive.wizard.findChildren(QWidget):
            texts = [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip()]
            if isinstance(widget, QLabel | QAbstractButton):
                texts.append(widget.text())
            if isinstance(widget, QPlainTextEdit):
                texts.append(widget.toPlainText())
            if isinstance(widget, QLineEdit):
                texts.append(widget.displayText())
            assert not [text for text in texts if PASSWORD in text], widget
        assert PASSWORD not in repr(drive.session.state)
        if drive.step is Step.DONE:
            break
        drive.enter()


def test_a_bug_in_the_engine_is_one_sentence_and_the_window_goes_on(
    drive: Driver, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.trouble["check"] = ValueError(f"postgresql://postgres:{PASSWORD}@localhost")
    drive.open(engine)
    drive.enter()
    assert drive.trouble() == "crash"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    engine.trouble.clear()
    drive.click("tryAgainButton")
    drive.idle()
    assert drive.trouble() == ""
    assert drive.session.state.checked


def test_a_bug_in_a_slot_is_one_sentence_and_the_window_goes_on(
    drive: Driver,
    engine: FakeEngine,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def again() -> None:
        raise RuntimeError(PASSWORD)

    drive.open(engine)
    heard: list[object] = []
    monkeypatch.setattr(drive.wizard._guard, "_former", lambda *told: heard.append(told))
    monkeypatch.setattr(drive.wizard.page_now, "again", again)
    drive.key(Qt.Key.Key_F5)
    assert len(heard) == 1
    assert drive.trouble() == "crash"
    assert len(caplog.records) == 1
    drive.go_to(Step.CONNECTION)


def test_the_window_shows_itself_before_anything_heavy_is_imported() -> None:
    code = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "application = QApplication([])\n"
        "from setup_wizard.gui import build_wizard\n"
        "wizard = build_wizard(['--lang', 'en'])\n"
        "wizard.show()\n"
        "heavy = {'psycopg', 'psutil', 'postgast', 'asyncio', 'wcwidth', 'subprocess', "
        "'platformdirs', 'setup_wizard.engine'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_the_process_ends_when_the_window_is_left(tmp_path: Path) -> None:
    program = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from setup_wizard.gui import build_wizard
application = QApplication([])
wizard = build_wizard(["--project", sys.argv[1]])
wizard.show()
QTimer.singleShot(300, wizard.reject)
sys.exit(application.exec())
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    surroundings = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    assert subprocess.run(command, env=surroundings, timeout=30).returncode == 0
