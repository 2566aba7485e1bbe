"""The window on the real engine while the outside world is slow: the event loop keeps its beat.

The machines that run this are shared: one of three attempts must keep the promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from PySide6.QtCore import Qt

from setup_wizard.engine import open_engine
from setup_wizard.flow import Step, Task, first_broken
from setup_wizard.options import Options
from setup_wizard.target import Target
from tests.gui.driver import Driver
from tests.gui.pulse import LONGEST_GAP_MS, Pulse
from tests.projects import make_project
from tests.relay import black_hole
from tests.servers import Server, conninfo

ATTEMPTS = 3


def keeps_its_beat(attempt: Callable[[], float]) -> None:
    gaps = []
    for _ in range(ATTEMPTS):
        gaps.append(attempt())
        if gaps[-1] < LONGEST_GAP_MS:
            return
    pytest.fail(f"longest gaps: {gaps} ms")


@contextmanager
def window(drive: Driver, project: Path, **options: float) -> Iterator[None]:
    drive.open(open_engine(Options(project=project, **options)))  # type: ignore[arg-type]
    try:
        yield
    finally:
        drive.close()


def code_of_broken_link(drive: Driver) -> str:
    broken = first_broken(drive.session.state.findings)
    return broken.code if broken else ""


def test_black_hole(drive: Driver, tmp_path: Path, server18: Server) -> None:
    def attempt() -> float:
        with window(drive, project, timeout=1.0), Pulse() as pulse:
            drive.enter()
            drive.idle(lambda: drive.session.state.checked)
            assert drive.step is Step.CONNECTION
            assert code_of_broken_link(drive) == "no_answer"
        return pulse.longest_ms

    with black_hole() as port:
        project = make_project(tmp_path, replace(server18.target, port=port))
        keeps_its_beat(attempt)


def test_black_hole_is_left_at_once(drive: Driver, tmp_path: Path, server18: Server) -> None:
    with black_hole() as port:
        project = make_project(tmp_path, replace(server18.target, port=port))
        with window(drive, project, timeout=30.0):
            drive.key(Qt.Key.Key_Return)
            drive.until(lambda: Task.CHECK in drive.session.state.busy)
            drive.wizard.reject()
            drive.until(lambda: not drive.wizard.isVisible(), seconds=1)


@pytest.mark.parametrize("server", [18], indirect=True)
def test_locked_table(drive: Driver, tmp_path: Path, database: Target) -> None:
    project = make_project(tmp_path, database)
    own = project / "backend" / "migrations" / "create_sessions_table.sql"
    own.parent.mkdir()
    own.write_text("ALTER TABLE locked ADD COLUMN b int;", encoding="utf-8")

    def attempt() -> float:
        with window(drive, project), Pulse() as pulse:
            drive.go_to(Step.RUN)
            drive.idle(lambda: bool(drive.trouble()))
            assert drive.trouble() == "lock_timeout"
        return pulse.longest_ms

    with psycopg.connect(**conninfo(database)) as other:
        other.execute("CREATE TABLE locked (a int)")
        other.commit()
        other.execute("LOCK TABLE locked IN ACCESS SHARE MODE")
        keeps_its_beat(attempt)


def test_stopped_server(drive: Driver) -> None:
    def attempt() -> float:
        drive.open(open_engine(Options(practice=True)))
        try:
            with Pulse() as pulse:
                drive.go_to(Step.CONNECTION)
                drive.idle(lambda: code_of_broken_link(drive) == "service_stopped")
                drive.enter()
                drive.idle(lambda: code_of_broken_link(drive) == "database_missing")
        finally:
            drive.close()
        return pulse.longest_ms

    keeps_its_beat(attempt)
