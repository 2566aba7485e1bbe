from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg
import pytest

from setup_wizard.database.connection import Connection, connect
from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.errors import KnownError
from setup_wizard.resources import bundled
from setup_wizard.scripts import Action, Plan, Result, Script
from setup_wizard.scripts.applying import ADVISORY_LOCK, apply
from setup_wizard.scripts.planning import make_plan
from setup_wizard.scripts.reading import read_script
from setup_wizard.target import Target
from tests.scripts.conftest import MakeScript
from tests.servers import Server, conninfo

SESSIONS = bundled("migrations/create_sessions_table.sql")


@pytest.fixture
def sessions() -> Script:
    return read_script(SESSIONS)


def unrehearsed(*scripts: Script) -> Plan:
    """A plan that says nothing about what is there."""
    return Plan(scripts, ())


def tables(connection: Connection) -> list[str]:
    rows = connection.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    return sorted(name for (name,) in rows)


def test_the_log_of_the_sessions_script(connection: Connection, sessions: Script) -> None:
    seen: list[Result] = []
    results = apply(connection, make_plan(connection, [sessions]), seen.append)
    assert [(r.file, r.line, r.tag) for r in results] == [
        ("create_sessions_table.sql", 3, "CREATE TABLE"),
        ("create_sessions_table.sql", 13, "CREATE INDEX"),
        ("create_sessions_table.sql", 15, "CREATE INDEX"),
    ]
    assert all(0 < r.ms < 1000 for r in results)
    assert list(results) == seen
    assert tables(connection) == ["idx_expires_at", "idx_session_id", "sessions", "sessions_pkey"]


def test_what_is_there_is_not_made_again(connection: Connection, sessions: Script) -> None:
    apply(connection, make_plan(connection, [sessions]))
    assert apply(connection, make_plan(connection, [sessions])) == ()
    connection.execute("DROP INDEX idx_session_id")
    results = apply(connection, make_plan(connection, [sessions]))
    assert [(r.line, r.tag) for r in results] == [(15, "CREATE INDEX")]


def test_a_plain_create_runs_once(connection: Connection, script: MakeScript) -> None:
    read = script("CREATE TABLE a (b int); INSERT INTO a VALUES (1), (2); CREATE INDEX i ON a (b)")
    first = apply(connection, make_plan(connection, [read]))
    assert [r.tag for r in first] == ["CREATE TABLE", "INSERT 0 2", "CREATE INDEX"]
    assert [r.tag for r in apply(connection, make_plan(connection, [read]))] == ["INSERT 0 2"]


def test_several_scripts_share_the_transaction(
    connection: Connection, sessions: Script, script: MakeScript
) -> None:
    plan = unrehearsed(sessions, script("CREATE TABLE a (b int);\nSELECT 1 / 0"))
    with pytest.raises(KnownError):
        apply(connection, plan)
    assert tables(connection) == []


@pytest.mark.parametrize(
    ("sql", "code", "sqlstate", "line", "column"),
    [
        (
            "CREATE TABLE a (b int);\n  SELECT '한글' /\n 이름 FROM a",
            "script_failed",
            "42703",
            3,
            2,
        ),
        ("CREATE TABLE a (b int);\nINSERT INTO a VALUES (1 / 0)", "script_failed", "22012", 2, 1),
        ("CREATE TABLE a (b int);\nCREATE EXTENSION no_such", "script_failed", "0A000", 2, 1),
        (
            "CREATE TABLE a (b int);\nSET transaction_read_only = on; DROP TABLE a",
            "read_only",
            "25006",
            2,
            33,
        ),
    ],
)
def test_a_refused_statement_leaves_nothing(
    connection: Connection,
    script: MakeScript,
    sql: str,
    code: str,
    sqlstate: str,
    line: int,
    column: int,
) -> None:
    seen: list[Result] = []
    with pytest.raises(KnownError) as caught:
        apply(connection, unrehearsed(script(sql)), seen.append)
    error = caught.value
    assert (error.code, error.evidence["sqlstate"]) == (code, sqlstate)
    assert (error.evidence["line"], error.evidence["column"]) == (line, column)
    assert error.server_text
    assert seen[0].tag == "CREATE TABLE"
    assert tables(connection) == []
    connection.execute("SELECT 1")


def test_a_deferred_constraint_that_does_not_hold(
    connection: Connection, script: MakeScript
) -> None:
    read = script(
        "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO a VALUES (1, 2)"
    )
    with pytest.raises(KnownError) as caught:
        apply(connection, make_plan(connection, [read]))
    assert (caught.value.code, caught.value.evidence["sqlstate"]) == ("script_failed", "23503")
    assert tables(connection) == []


def test_differences_stop_it(connection: Connection, sessions: Script) -> None:
    connection.execute("CREATE TABLE sessions (id int)")
    plan = make_plan(connection, [sessions])
    assert [item.object for item in plan.differs] == ["sessions"]
    with pytest.raises(KnownError) as caught:
        apply(connection, plan)
    assert caught.value.code == "table_differs"
    assert caught.value.evidence["objects"] == ["sessions"]
    assert tables(connection) == ["sessions"]


@pytest.mark.parametrize(
    "meanwhile", ["CREATE TABLE sessions (id int)", "CREATE VIEW idx_expires_at AS SELECT 1"]
)
def test_something_appears_after_the_plan(
    connection: Connection, sessions: Script, meanwhile: str
) -> None:
    plan = make_plan(connection, [sessions])
    connection.execute(meanwhile)
    before = tables(connection)
    with pytest.raises(KnownError) as caught:
        apply(connection, plan)
    assert caught.value.code == "plan_outdated"
    assert tables(connection) == before


def test_something_vanishes_after_the_plan(connection: Connection, sessions: Script) -> None:
    apply(connection, make_plan(connection, [sessions]))
    connection.execute("DROP INDEX idx_session_id")
    plan = make_plan(connection, [sessions])
    connection.execute("DROP INDEX idx_expires_at")
    with pytest.raises(KnownError) as caught:
        apply(connection, plan)
    assert caught.value.code == "plan_outdated"


def test_two_wizards(connection: Connection, sessions: Script, database: Target) -> None:
    plan = make_plan(connection, [sessions])
    with psycopg.connect(**conninfo(database)) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (ADVISORY_LOCK,))
        with pytest.raises(KnownError) as caught:
            apply(connection, plan)
    assert (caught.value.code, caught.value.evidence["lock"]) == ("lock_timeout", "advisory")
    assert tables(connection) == []
    assert len(apply(connection, plan)) == 3


def test_a_lock_names_who_holds_it(
    connection: Connection,
    script: MakeScript,
    database: Target,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("setup_wizard.scripts.applying.LOCK_TIMEOUT", "100ms")
    connection.execute("CREATE TABLE users (id int)")
    read = script("CREATE TABLE a (b int); ALTER TABLE users ADD name text")
    plan = make_plan(connection, [read])
    with psycopg.connect(**conninfo(database), application_name="pgAdmin 4") as other:
        other.execute("SELECT * FROM users")
        with pytest.raises(KnownError) as caught:
            apply(connection, plan)
        pid = other.info.backend_pid
    assert caught.value.code == "lock_timeout"
    assert caught.value.evidence["pids"] == [str(pid)]
    assert caught.value.evidence["line"] == 1
    assert f"pgAdmin 4 (pid {pid}" in str(caught.value)
    assert tables(connection) == ["users"]


def test_cancel_rolls_back(server: Server, database: Target, script: MakeScript) -> None:
    read = script("CREATE TABLE a (b int); SELECT pg_sleep(60)")
    deadline = Deadline(60)
    with connect(database, deadline) as connection:
        plan = make_plan(connection, [read])
        threading.Timer(0.2, deadline.cancel).start()
        start = time.monotonic()
        with pytest.raises(Cancelled):
            apply(connection, plan)
        assert time.monotonic() - start < 2
    with connect(database, Deadline(20)) as connection:
        assert tables(connection) == []


def test_the_server_goes_away(database: Target, script: MakeScript, server: Server) -> None:
    read = script("CREATE TABLE a (b int); SELECT pg_terminate_backend(pg_backend_pid())")
    with connect(database, Deadline(20)) as connection:
        plan = make_plan(connection, [read])
        with pytest.raises(KnownError) as caught:
            apply(connection, plan)
        assert caught.value.code == "connection_lost"
        assert "commit" not in caught.value.evidence
    with connect(database, Deadline(20)) as connection:
        assert tables(connection) == []


def test_the_server_goes_away_during_the_commit(
    database: Target, script: MakeScript, server: Server
) -> None:
    """A deferred trigger runs inside COMMIT, so it can end the connection there."""
    read = script(
        "CREATE TABLE a (b int);"
        "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$;"
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION leave();"
        "INSERT INTO a VALUES (1)"
    )
    with connect(database, Deadline(20)) as connection:
        plan = make_plan(connection, [read])
        with pytest.raises(KnownError) as caught:
            apply(connection, plan)
    assert caught.value.code == "connection_lost"
    assert caught.value.evidence["commit"] == "unknown"
    assert "all or not at all" in str(caught.value)


def test_a_script_s_settings_end_with_it(connection: Connection, script: MakeScript) -> None:
    before = connection.query("SHOW search_path")
    read = script("CREATE SCHEMA app; SET search_path TO app; CREATE TABLE a (b int)")
    apply(connection, make_plan(connection, [read]))
    assert connection.query("SHOW search_path") == before
    assert connection.query("SHOW lock_timeout") == [("0",)]


def test_a_read_only_session(connection: Connection, sessions: Script) -> None:
    plan = make_plan(connection, [sessions])
    connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(KnownError) as caught:
        apply(connection, plan)
    assert caught.value.code == "read_only"


def test_a_cp949_file_reaches_the_server(connection: Connection, script: MakeScript) -> None:
    read = script(
        "SET client_encoding = 'UHC'; CREATE TABLE 표 (이름 text DEFAULT '한글');"
        "INSERT INTO 표 DEFAULT VALUES;",
        encoding="cp949",
    )
    apply(connection, make_plan(connection, [read]))
    assert connection.query("SELECT 이름 FROM 표") == [("한글",)]
    again = make_plan(connection, [read])
    assert [item.action for item in again.items] == [Action.SAME, Action.RUN]


@pytest.mark.parametrize("server", [18], indirect=True)
def test_twenty_thousand_statements(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "many.sql"
    lines = (f"INSERT INTO public.a (b, c) VALUES ({i}, '값 {i}');" for i in range(20_000))
    path.write_text("CREATE TABLE a (b int, c text);\n" + "\n".join(lines), encoding="utf-8")
    read = read_script(path)
    start = time.perf_counter()
    plan = make_plan(connection, [read])
    planned = time.perf_counter()
    results = apply(connection, plan)
    print("plan", planned - start, "apply", time.perf_counter() - planned)
    assert len(plan.items) == len(results) == 20_001
    assert results[-1].line == 20_001
    assert connection.query("SELECT count(*) FROM a") == [(20_000,)]
