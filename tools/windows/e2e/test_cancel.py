"""Cancel on each page: the program ends, and nothing has changed."""

from __future__ import annotations

from windows.e2e.conftest import Project
from windows.e2e.desktop import Desktop
from windows.e2e.postgres import Postgres

SLOW = "CREATE TABLE sessions (session_id int);\nSELECT pg_sleep(600);\n"


def open_at(desktop: Desktop, page: str, enters: int) -> None:
    for n in range(enters):
        desktop.press("Return")
        desktop.settle(f"cancel-{page}-{n}")


def test_cancel_before_anything_runs(
    desktop: Desktop, postgres: Postgres, project: Project
) -> None:
    postgres.start()
    postgres.ask("CREATE DATABASE real_estate")
    for enters, page in enumerate(("project", "connection", "plan")):
        with project.wizard(desktop):
            open_at(desktop, page, enters)
    assert postgres.ask(r"\dt", "real_estate") == ""


def test_cancel_while_the_script_runs_takes_everything_back(
    desktop: Desktop, postgres: Postgres, project: Project
) -> None:
    migrations = project.env.parent / "migrations"
    migrations.mkdir()
    (migrations / "create_sessions_table.sql").write_text(SLOW, encoding="utf-8")
    postgres.start()
    postgres.ask("CREATE DATABASE real_estate")
    with project.wizard(desktop):
        open_at(desktop, "run", 3)
        desktop.press("Escape")
        desktop.settle("cancel-question")
        desktop.press("Tab", "Return")
        desktop.settle("cancelled")
    assert postgres.ask(r"\dt", "real_estate") == ""
    assert (
        postgres.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = 'real_estate'") == "0"
    )
