"""The window on the real engine and a real server: Enter alone, from stopped to proven tables."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit

from setup_wizard.flow import Step, first_broken
from tests.gui.driver import Driver
from tests.gui.pulse import Pulse, steady


def test_enter_alone_leads_from_a_stopped_server_to_proven_tables(drive: Driver) -> None:
    def attempt() -> float:
        drive.open(argv=["--practice", "--lang", "en"])
        met = []
        with Pulse() as pulse:
            while drive.step is not Step.DONE:
                drive.enter()
                if broken := first_broken(drive.session.state.findings):
                    met.append(broken.code)
        assert met == ["service_stopped", "database_missing"]
        listing = drive.session.state.listing
        assert listing is not None
        assert drive.find(QPlainTextEdit, "tablesText").toPlainText() == listing.text
        assert " public | sessions | table | postgres\n(1 row)\n" in listing.text
        log = drive.find(QPlainTextEdit, "runLog").toPlainText().splitlines()
        assert [" ".join(line.split()[1:3]) for line in log] == [
            *("CREATE TABLE", "CREATE INDEX", "CREATE INDEX")
        ]
        return pulse.longest_ms

    assert steady(attempt)
