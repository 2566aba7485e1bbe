"""What stands in a newcomer's way, in the window, by keyboard."""

from __future__ import annotations

from windows.e2e import windows
from windows.e2e.conftest import Project
from windows.e2e.desktop import Desktop, wait_for
from windows.e2e.postgres import PASSWORD, STOPPED, Postgres

OBJECTS = "SELECT oid, relname, relfilenode FROM pg_class WHERE oid >= 16384 ORDER BY oid"


def test_a_wrong_password_is_typed_again_and_saved(
    desktop: Desktop, postgres: Postgres, project: Project
) -> None:
    before = project.write_env(password="wrong1234")
    postgres.start()
    postgres.ask("CREATE DATABASE real_estate")

    with project.wizard(desktop):
        desktop.press("Return")
        desktop.settle("login-rejected")
        desktop.press("ctrl+a")
        desktop.type(PASSWORD)
        desktop.press("Return")
        desktop.settle("password-works-but-is-not-saved")
        assert b"wrong1234" in project.env.read_bytes()
        # From the password by the eye, the test, the list and psql to the list's first button.
        desktop.press("alt+w", "Tab", "Tab", "Tab", "Tab", "Tab", "space")
        wait_for("the saved .env", lambda: b"wrong1234" not in project.env.read_bytes())
        desktop.settle("password-saved")
        desktop.press("Return")
        desktop.shows("plan-with-the-saved-password", "CREATETABLE")

    assert project.env.read_bytes() == before.replace(b"wrong1234", PASSWORD.encode())


def test_what_is_there_already_is_left_alone(
    desktop: Desktop, postgres: Postgres, project: Project
) -> None:
    postgres.start()
    postgres.ask("CREATE DATABASE real_estate")
    postgres.run_script("/rig/test/checkout/migrations/create_sessions_table.sql", "real_estate")
    postgres.ask(
        "INSERT INTO sessions (session_id, expires_at) VALUES ('kept', '2030-01-01')", "real_estate"
    )
    before = postgres.ask(OBJECTS, "real_estate")

    with project.wizard(desktop):
        desktop.press("Return")
        desktop.settle("ready")
        desktop.press("Return")
        desktop.shows("already-there", "sessions")
        desktop.press("Return")
        desktop.shows("already-there-done", "Listofrelations", "sessions")

    assert postgres.ask(OBJECTS, "real_estate") == before
    assert postgres.ask("SELECT session_id FROM sessions", "real_estate") == "kept"


def test_a_service_that_gives_up_says_who_has_its_port(
    desktop: Desktop, postgres: Postgres, project: Project
) -> None:
    with project.wizard(desktop):
        desktop.press("Return")
        desktop.settle("service-stopped-before-it-gives-up")
        with windows.port_taken():
            desktop.press("Return")
            desktop.shows("service-gave-up", "5432", "python.exe")
    assert postgres.state == STOPPED
