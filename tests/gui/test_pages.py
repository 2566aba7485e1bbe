"""The other pages: project, plan, run, done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTableView,
)

from setup_wizard.errors import KnownError
from setup_wizard.flow import Step
from setup_wizard.scripts import Action, Result
from tests.gui.driver import Driver
from tests.gui.fake_engine import OTHER, SCRIPT, TEXT, FakeEngine, make_plan, out_of_order


def labels(drive: Driver) -> list[str]:
    page = drive.wizard.page_now
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]


def spoken(view: QListView) -> list[str]:
    model = view.model()
    role = Qt.ItemDataRole.AccessibleTextRole
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


# -- project --------------------------------------------------------------------------------


def test_all_candidates_are_cards_and_the_likeliest_is_chosen(
    drive: Driver, engine: FakeEngine
) -> None:
    drive.open(engine)
    cards = drive.find(QListView, "projectList")
    assert [text.split(", ")[0] for text in spoken(cards)] == ["real_estate", "other"]
    assert cards.currentIndex().row() == 0
    cards.setFocus()
    drive.key(Qt.Key.Key_Down)
    drive.idle()
    assert drive.session.state.project == OTHER
    assert drive.find(QLineEdit, "projectEdit").text() == str(OTHER.root)


def test_a_typed_folder_is_looked_at_before_one_goes_on(
    drive: Driver, engine: FakeEngine, tmp_path: Path
) -> None:
    drive.open(engine)
    drive.write("projectEdit", str(tmp_path))
    assert not drive.button(drive.wizard.WizardButton.NextButton).isEnabled()
    drive.enter()
    assert drive.step is Step.PROJECT
    assert drive.session.state.project is not None
    assert drive.session.state.project.root == tmp_path
    assert drive.button(drive.wizard.WizardButton.NextButton).isEnabled()


def test_a_folder_that_cannot_be_used_says_why(drive: Driver, engine: FakeEngine) -> None:
    engine.trouble["project_at"] = KnownError("project_missing", "There is no such folder")
    drive.open(engine)
    drive.write("projectEdit", "/nowhere")
    drive.enter()
    assert drive.trouble() == "project_missing"
    assert "There is no such folder" in labels(drive)
    assert not drive.button(drive.wizard.WizardButton.NextButton).isEnabled()


def test_no_project_at_all_asks_for_one(drive: Driver, engine: FakeEngine) -> None:
    engine.trouble["projects"] = KnownError("project_missing", "There is no such folder")
    drive.open(engine)
    assert drive.status() == "Please choose the folder of your project"


# -- plan -----------------------------------------------------------------------------------


def test_the_plan_lists_each_object_with_what_happens_to_it(
    drive: Driver, ready: FakeEngine
) -> None:
    drive.open(ready)
    drive.go_to(Step.PLAN)
    assert spoken(drive.find(QListView, "planView")) == [
        "sessions, Table · 7 columns, Create",
        "idx_expires_at, Index · on expires_at, Create",
        "idx_session_id, Index · on session_id, Create",
    ]
    assert drive.find(QPlainTextEdit, "sqlView").toPlainText() == SCRIPT.read_text(encoding="utf-8")


def test_differences_are_said_in_words(drive: Driver, ready: FakeEngine) -> None:
    ready.action = Action.DIFFERS
    drive.open(ready)
    drive.go_to(Step.PLAN)
    assert spoken(drive.find(QListView, "planView"))[0] == (
        "sessions, Table · 7 columns, Differs, user_id is text here, and integer in the script"
    )


def test_a_plan_that_cannot_be_made_can_be_tried_again(drive: Driver, ready: FakeEngine) -> None:
    ready.trouble["plan"] = out_of_order("script_unreadable")
    drive.open(ready)
    drive.go_to(Step.PLAN)
    assert drive.trouble() == "script_unreadable"
    assert not drive.button(drive.wizard.WizardButton.NextButton).isEnabled()
    ready.trouble.clear()
    drive.click("tryAgainButton")
    drive.idle()
    assert drive.button(drive.wizard.WizardButton.NextButton).isEnabled()


def test_a_huge_script_is_shown_in_part(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.PLAN)
    plan = make_plan()
    huge = replace(plan.scripts[0], text="SELECT 1;\n" * 100_000)
    drive.session._set(replace(drive.session.state, plan=replace(plan, scripts=(huge,))))
    assert 10_000 < len(drive.find(QPlainTextEdit, "sqlView").toPlainText()) < 100_000


# -- run ------------------------------------------------------------------------------------


def test_the_run_logs_every_statement(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.RUN)
    lines = drive.find(QPlainTextEdit, "runLog").toPlainText().splitlines()
    assert [line.split()[1:4] for line in lines] == [
        ["CREATE", "TABLE", "create_sessions_table.sql:3"],
        ["CREATE", "INDEX", "create_sessions_table.sql:13"],
        ["CREATE", "INDEX", "create_sessions_table.sql:15"],
    ]
    progress = drive.find(QProgressBar, "runProgress")
    assert (progress.value(), progress.maximum()) == (3, 3)


def test_a_run_that_stops_says_where_and_offers_both_ways(drive: Driver, ready: FakeEngine) -> None:
    ready.trouble["result"] = out_of_order()
    drive.open(ready)
    drive.go_to(Step.RUN)
    assert drive.trouble() == "script_failed"
    assert "The script stopped at line 13" in labels(drive)
    assert "0 of 3 done" in labels(drive)
    assert not drive.button(drive.wizard.WizardButton.CommitButton).isEnabled()
    drive.button(drive.wizard.WizardButton.BackButton).click()
    drive.idle()
    assert drive.step is Step.PLAN
    ready.trouble.clear()
    drive.go_to(Step.DONE)


def test_another_run_begins_a_new_log(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.RUN)
    result = Result("a.sql", 1, "SELECT 1", 1.0)
    drive.session._set(replace(drive.session.state, results=(result,)))
    drive.session._set(replace(drive.session.state, results=()))
    assert drive.find(QPlainTextEdit, "runLog").toPlainText() == ""


# -- done -----------------------------------------------------------------------------------


def test_the_tables_are_shown_exactly_as_psql_does_and_as_rows(
    drive: Driver, ready: FakeEngine
) -> None:
    drive.open(ready)
    drive.go_to(Step.DONE)
    assert drive.find(QPlainTextEdit, "tablesText").toPlainText() == TEXT
    assert drive.find(QPlainTextEdit, "tablesText").isReadOnly()
    model = drive.find(QTableView, "tablesView").model()
    assert [model.index(0, column).data() for column in range(4)] == [
        *("public", "sessions", "table", "postgres")
    ]
    header = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(4)]
    assert header == ["Schema", "Name", "Type", "Owner"]


def test_the_four_tables_and_what_is_next(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.DONE)
    cards = [card.accessibleName() for card in drive.wizard.page_now._cards]  # type: ignore[attr-defined]
    assert cards == [
        "sessions, Created just now, Ready",
        "checkpoints, At the server's first start, By the server",
        "checkpoint_blobs, At the server's first start, By the server",
        "checkpoint_writes, At the server's first start, By the server",
    ]
    assert "Start the backend server. It makes the remaining tables by itself." in labels(drive)
    assert "Compared with the script once more · 1.2 s" in labels(drive)


def test_refresh_asks_for_the_tables_again(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.DONE)
    drive.click("refreshButton")
    drive.idle()
    assert ready.calls.count("tables") == 2


def test_the_diagnosis_is_copied(drive: Driver, ready: FakeEngine) -> None:
    drive.open(ready)
    drive.go_to(Step.DONE)
    drive.click("copyReportButton")
    drive.idle()
    assert QGuiApplication.clipboard().text().splitlines()[:2] == ["report", "env: ready"]
    assert drive.status() == "Copied. You can paste it into a message now."


def test_the_diagnosis_can_be_copied_where_one_is_stuck(drive: Driver, ready: FakeEngine) -> None:
    ready.trouble["plan"] = out_of_order("script_unreadable")
    drive.open(ready)
    drive.go_to(Step.PLAN)
    next(b for b in drive.wizard.findChildren(QPushButton) if b.text() == "D&etails").click()
    drive.click("copyFindingButton")
    drive.idle()
    assert QGuiApplication.clipboard().text().endswith("plan: script_unreadable")
    assert drive.trouble() == "script_unreadable"


def test_tables_that_cannot_be_listed_say_why(drive: Driver, ready: FakeEngine) -> None:
    ready.trouble["tables"] = out_of_order("connection_lost")
    drive.open(ready)
    drive.go_to(Step.DONE)
    assert drive.trouble() == "connection_lost"
    ready.trouble.clear()
    drive.click("refreshButton")
    drive.idle()
    assert drive.trouble() == ""
