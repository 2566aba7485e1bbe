"""The window on the real engine and a real server: Enter alone, from stopped to proven tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QPlainTextEdit

from setup_wizard.engine import Engine, open_engine
from setup_wizard.flow import Step, first_broken
from setup_wizard.options import Options
from tests.gui.driver import Driver
from tests.gui.pulse import LONGEST_GAP_MS, Pulse


@pytest.fixture
def practice() -> Iterator[Engine]:
    engine = open_engine(Options(practice=True))
    yield engine
    engine.close()


def test_enter_alone_leads_from_a_stopped_server_to_proven_tables(
    drive: Driver, practice: Engine
) -> None:
    drive.open(practice)
    met = []
    with Pulse() as pulse:
        while drive.step is not Step.DONE:
            drive.enter()
            if broken := first_broken(drive.session.state.findings):
                met.append(broken.code)
    assert met == ["service_stopped", "database_missing"]
    assert pulse.longest_ms < LONGEST_GAP_MS
    assert drive.find(QPlainTextEdit, "tablesText").toPlainText() == (
        "          List of relations\n"
        " Schema |   Name   | Type  |  Owner   \n"
        "--------+----------+-------+----------\n"
        " public | sessions | table | postgres\n"
        "(1 row)\n"
    )
    log = drive.find(QPlainTextEdit, "runLog").toPlainText().splitlines()
    assert [" ".join(line.split()[1:3]) for line in log] == [
        *("CREATE TABLE", "CREATE INDEX", "CREATE INDEX")
    ]
