"""The newcomer's first minute, by Enter alone."""

from __future__ import annotations

from windows.e2e.conftest import Project
from windows.e2e.desktop import Desktop, wait_for
from windows.e2e.postgres import RUNNING, STOPPED, Postgres


def test_enter_alone_leads_from_a_stopped_service_to_the_tables(
    desktop: Desktop, postgres: Postgres, project: Project
) -> None:
    assert postgres.state == STOPPED
    env = project.env.read_bytes()

    with project.wizard(desktop) as wizard:
        desktop.press("Return")
        desktop.shows("service-stopped", "real_estate", "x64-17")
        desktop.press("Return")
        wait_for("the service", lambda: postgres.state == RUNNING)
        wait_for("the server", postgres.answers)
        desktop.settle("database-missing")
        assert postgres.ask("SELECT count(*) FROM pg_database WHERE datname = 'real_estate'") == "0"
        desktop.press("Return")
        wait_for("the database", lambda: "real_estate" in postgres.ask(r"\l"))
        desktop.settle("connected")
        desktop.press("Return")
        desktop.shows("plan", "CREATETABLE")
        assert postgres.ask(r"\dt", "real_estate") == ""
        desktop.press("Return")
        wait_for("the table", lambda: "sessions" in postgres.ask(r"\dt", "real_estate"))
        desktop.shows("run", "CREATETABLE")
        desktop.press("Return")
        desktop.shows("done", "Listofrelations", "sessions")
        desktop.press("Return")
        wait_for("the end", lambda: wizard.poll() is not None)

    assert wizard.returncode == 0
    assert project.env.read_bytes() == env
    assert postgres.ask(r"\dt sessions", "real_estate") == "public|sessions|table|postgres"
    assert postgres.ask(COLUMNS, "real_estate").splitlines() == [
        "session_id character varying(100) not null",
        "user_id integer",
        "metadata text",
        "created_at timestamp with time zone not null CURRENT_TIMESTAMP",
        "expires_at timestamp with time zone not null",
        "last_activity timestamp with time zone not null CURRENT_TIMESTAMP",
        "request_count integer not null 0",
    ]
    assert postgres.ask(INDEXES, "real_estate").splitlines() == [
        "idx_expires_at (expires_at)",
        "idx_session_id (session_id)",
        "sessions_pkey (session_id)",
    ]


COLUMNS = r"""
    SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod),
                     CASE WHEN attnotnull THEN 'not null' END, pg_get_expr(adbin, adrelid))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = 'sessions'::regclass AND attnum > 0 ORDER BY attnum
"""
INDEXES = r"""
    SELECT indexname || ' ' || substring(indexdef FROM '\(.*\)')
    FROM pg_indexes WHERE tablename = 'sessions' ORDER BY indexname
"""
