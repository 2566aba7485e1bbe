"""The connection page: fields, live checks, fixes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
)

from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.errors import KnownError
from setup_wizard.fixes.journal import Entry, Undo
from setup_wizard.flow import Step, Task
from setup_wizard.gui.widgets.labels import ElidedLabel
from setup_wizard.gui.words import undo_line
from setup_wizard.secret import Secret
from tests.gui.driver import Driver
from tests.gui.fake_engine import ENV, PASSWORD, FakeEngine

REJECTED = Finding(
    "login",
    Status.FAIL,
    "login_rejected",
    "The name or the password is not right",
    "Type the password again.",
    evidence={"sqlstate": "28P01"},
    server_text='password authentication failed for user "postgres"',
)


def texts(drive: Driver) -> list[str]:
    view = drive.find(QFrame, "findingsView")
    labels = [label.text() for label in view.findChildren(QLabel) if label.isVisible()]
    lines = [label.text() for label in view.findChildren(ElidedLabel) if label.isVisible()]
    return labels + lines


def test_the_fields_are_prefilled_and_say_where_from(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.CONNECTION)
    shown = {
        name: drive.find(QLineEdit, f"{name}Edit")
        for name in ("host", "port", "database", "user", "password")
    }
    assert [edit.text() for edit in shown.values()] == [
        *("localhost", "5432", "real_estate", "postgres"),
        PASSWORD,
    ]
    place = str(ENV.relative_to(ENV.parents[1]))
    assert {edit.accessibleDescription() for edit in shown.values()} == {f"{place}, line 3"}
    assert shown["host"].toolTip() == f"{place}, line 3"
    assert f"The values come from {place}, line 3." in [
        label.text() for label in drive.wizard.page_now.findChildren(QLabel) if label.isVisible()
    ]


def test_the_password_is_masked_until_the_eye_is_pressed(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.CONNECTION)
    password = drive.find(QLineEdit, "passwordEdit")
    eye = drive.find(QToolButton, "showPasswordButton")
    assert PASSWORD not in password.displayText()
    assert eye.accessibleName() == "Show the password"
    eye.click()
    assert password.displayText() == PASSWORD
    assert eye.accessibleName() == "Hide the password"
    eye.click()
    assert PASSWORD not in password.displayText()


def test_only_the_first_broken_link_is_open_and_its_button_has_the_focus(
    drive: Driver, engine: FakeEngine
) -> None:
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    assert "The PostgreSQL server is switched off" in texts(drive)
    assert "Runs: net start postgresql-x64-17" in texts(drive)
    assert texts(drive).count("waits for the service") == 2
    focused = drive.wizard.focusWidget()
    assert isinstance(focused, QPushButton)
    assert focused.objectName() == "fix_start_service"
    assert focused.isDefault()
    assert not drive.button(drive.wizard.WizardButton.NextButton).isEnabled()
    assert drive.status() == "One thing left to solve"


def test_findings_appear_one_by_one(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    engine.seconds["finding"] = 0.3
    drive.key(Qt.Key.Key_Return)
    drive.until(lambda: "The settings file .env" in texts(drive))
    assert "Checking …" in texts(drive)
    assert "Login" not in texts(drive)
    assert drive.status() == "Checking …"
    drive.idle()
    assert "Login" in texts(drive)


def test_details_show_code_evidence_and_the_servers_words(
    drive: Driver, engine: FakeEngine
) -> None:
    engine.broken = REJECTED
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    assert not [text for text in texts(drive) if "28P01" in text]
    next(b for b in drive.wizard.findChildren(QPushButton) if b.text() == "D&etails").click()
    facts = next(text for text in texts(drive) if "28P01" in text)
    assert facts.splitlines() == [
        "Code: login_rejected",
        "sqlstate: 28P01",
        'The server said: password authentication failed for user "postgres"',
    ]


def test_a_wrong_password_brings_the_focus_to_its_field(drive: Driver, engine: FakeEngine) -> None:
    engine.broken = REJECTED
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    assert drive.wizard.focusWidget() is drive.find(QLineEdit, "passwordEdit")


def test_without_a_settings_file_the_first_field_waits_for_a_value(
    drive: Driver, engine: FakeEngine
) -> None:
    engine.broken = replace(REJECTED, check="env", code="env_missing")
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    assert drive.wizard.focusWidget() is drive.find(QLineEdit, "hostEdit")
    names = ("host", "port", "database", "user", "password")
    edits = [drive.find(QLineEdit, f"{name}Edit") for name in names]
    assert [edit.placeholderText() for edit in edits] == ["localhost", "5432", "", "", ""]


def test_typing_checks_again_once_with_what_was_typed(drive: Driver, engine: FakeEngine) -> None:
    engine.broken = REJECTED
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    engine.broken = None
    drive.write("passwordEdit", "sesame")
    assert not drive.session.state.checked
    drive.until(lambda: len(engine.jobs) == 2)
    drive.idle()
    assert engine.jobs[-1].typed == {"password": Secret("sesame")}
    hints = [label.text() for label in drive.wizard.page_now.findChildren(QLabel)]
    assert "typed by you" in hints
    assert drive.find(QLineEdit, "passwordEdit").accessibleDescription() == "typed by you"


def test_the_focus_stays_in_a_field_while_one_types(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.CONNECTION)
    drive.find(QLineEdit, "hostEdit").setFocus()
    drive.find(QLineEdit, "hostEdit").setCursorPosition(0)
    heard: list[object] = []
    drive.qtbot.wait(50)
    QApplication.instance().focusChanged.connect(lambda *told: heard.append(told))  # type: ignore[union-attr]
    for letter in "abc":
        QTest.keyClicks(drive.wizard.focusWidget(), letter)
        drive.qtbot.wait(20)
    drive.until(lambda: len(ready.jobs) == 2)
    drive.idle()
    assert heard == []
    assert drive.find(QLineEdit, "hostEdit").text() == "abclocalhost"


def test_enter_in_a_field_does_not_wait_for_the_pause(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.CONNECTION)
    drive.write("hostEdit", "db.example.com")
    drive.enter()
    assert drive.step is Step.CONNECTION
    assert [job.typed for job in ready.jobs] == [{}, {"host": "db.example.com"}]


def test_a_late_answer_to_an_old_question_is_dropped(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    ready.seconds["check"] = 1.0
    ready.broken = REJECTED
    drive.key(Qt.Key.Key_Return)
    drive.until(lambda: "check" in ready.calls)
    ready.broken = None
    ready.seconds.clear()
    drive.write("hostEdit", "db.example.com")
    drive.idle(lambda: drive.session.state.checked)
    drive.qtbot.wait(600)
    assert [finding.status for finding in drive.session.state.findings] == [Status.OK] * 4


def test_what_was_typed_and_works_can_be_saved(drive: Driver, ready: FakeEngine) -> None:
    save = FixOffer("save_env", "Save to .env", "Changes only these values.")
    ready.broken = replace(
        REJECTED, status=Status.WARN, code="values_not_saved", title="It works", fixes=(save,)
    )
    drive.open(ready)
    drive.go_to(Step.CONNECTION)
    drive.click("fix_save_env")
    drive.idle()
    assert "fix save_env" in ready.calls
    assert drive.session.state.changed == (save,)


def save_what_was_typed(drive: Driver, engine: FakeEngine) -> None:
    save = FixOffer("save_env", "Save to .env", "Changes only these values.")
    engine.broken = replace(REJECTED, status=Status.WARN, code="values_not_saved", fixes=(save,))
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    assert not drive.find(QPushButton, "undoButton").isVisible()
    drive.write("hostEdit", "db.example.com")
    drive.enter()
    drive.click("fix_save_env")
    drive.idle()


def test_what_was_saved_can_be_undone(drive: Driver, ready: FakeEngine) -> None:
    save_what_was_typed(drive, ready)
    lines = drive.wizard.page_now.findChildren(ElidedLabel)
    assert "Saved to .env." in [line.text() for line in lines if line.isVisible()]
    assert drive.find(QPushButton, "undoButton").accessibleDescription() == "Saved to .env."
    checks = ready.calls.count("check")
    drive.click("undoButton")
    drive.idle()
    assert "undo save_env" in ready.calls
    assert ready.calls.count("check") == checks + 1
    assert drive.find(QLineEdit, "hostEdit").text() == "localhost"
    assert not drive.find(QPushButton, "undoButton").isVisible()
    assert drive.session.state.changed == ()


def test_what_cannot_be_undone_any_more_says_so(drive: Driver, ready: FakeEngine) -> None:
    save_what_was_typed(drive, ready)
    ready.trouble["undo save_env"] = KnownError("cannot_undo", ".env was changed since")
    drive.click("undoButton")
    drive.idle()
    assert drive.trouble() == "cannot_undo"
    assert drive.find(QLineEdit, "hostEdit").text() == "db.example.com"
    assert [offer.id for offer in drive.session.state.changed] == ["save_env"]


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({"kind": "file", "path": str(ENV)}, "Saved to .env."),
        ({"kind": "start_type", "service": "pg"}, "pg starts with Windows now."),
        ({"kind": "user_path"}, "Your PATH has psql's folder now."),
    ],
)
def test_every_way_back_has_its_line(how: Undo, line: str) -> None:
    assert str(undo_line(Entry("", "any", "done", undo=how))) == line


def test_a_fix_that_could_not_be_done_says_so_and_leaves_the_findings(
    drive: Driver, engine: FakeEngine
) -> None:
    engine.trouble["fix start_service"] = KnownError("service_failed", "It did not start")
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    drive.click("fix_start_service")
    drive.idle()
    assert drive.trouble() == "service_failed"
    assert "The PostgreSQL server is switched off" in texts(drive)
    engine.trouble.clear()
    drive.enter()
    assert drive.trouble() == ""
    assert engine.service_runs


def test_the_two_cards_are_always_there(drive: Driver, engine: FakeEngine) -> None:
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    start = drive.wizard.page_now._service_card.findChild(QPushButton)  # type: ignore[attr-defined]
    locate = drive.wizard.page_now._psql_card.findChild(QPushButton)  # type: ignore[attr-defined]
    assert (start.text(), start.isEnabled()) == ("Start postgresql-x64-17", True)
    assert (locate.text(), locate.isEnabled()) == ("Locate psql", True)
    assert "Stopped · manual" in start.parent().accessibleName()
    drive.enter()
    assert not start.isEnabled()
    assert "Running · manual" in start.parent().accessibleName()


def test_psql_that_is_not_found_can_be_shown(drive: Driver, ready: FakeEngine) -> None:
    ready.psql = None
    ready.trouble["fix locate_psql"] = KnownError("psql_missing", "psql was not found")
    drive.open(ready)
    drive.go_to(Step.CONNECTION)
    drive.click("fix_locate_psql")
    drive.until(lambda: drive.wizard.findChild(QFileDialog, "psqlDialog") is not None)
    dialog = drive.find(QFileDialog, "psqlDialog")
    assert not dialog.isModal()
    dialog.fileSelected.emit("/elsewhere/psql")
    dialog.close()
    drive.idle(lambda: "choose_psql" in ready.calls)
    job = drive.session.state.job
    assert job is not None
    assert job.psql is not None
    assert job.psql.path == Path("/elsewhere/psql")
    assert drive.session.state.checked


def test_arrows_choose_a_finding_and_control_c_copies_it(drive: Driver, engine: FakeEngine) -> None:
    engine.broken = REJECTED
    drive.open(engine)
    drive.go_to(Step.CONNECTION)
    drive.find(QFrame, "findingsView").setFocus()
    drive.key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("The name or the password is not right")
    drive.key(Qt.Key.Key_Up)
    drive.key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("The settings file .env")


@pytest.mark.parametrize("verb", ["check", "fix start_service"])
def test_next_waits_while_something_is_under_way(
    drive: Driver, engine: FakeEngine, verb: str
) -> None:
    engine.seconds[verb] = 0.5
    drive.open(engine)
    drive.key(Qt.Key.Key_Return)
    if verb != "check":
        drive.idle()
        drive.key(Qt.Key.Key_Return)
    task = Task.CHECK if verb == "check" else Task.FIX
    drive.until(lambda: task in drive.session.state.busy)
    assert not drive.button(drive.wizard.WizardButton.NextButton).isEnabled()
    drive.idle()
