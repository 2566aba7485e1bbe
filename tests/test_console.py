"""The terminal commands, from argument to exit code, against real servers."""

from __future__ import annotations

import io
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from setup_wizard.console import Console
from setup_wizard.engine import open_engine
from setup_wizard.options import parse
from setup_wizard.resources import bundled
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.projects import make_project
from tests.servers import Psql, Server
from tests.terminal import Terminal, run

SCRIPT = "migrations/create_sessions_table.sql"


@pytest.fixture
def project(tmp_path: Path, database: Target) -> Path:
    return make_project(tmp_path, database)


def test_apply_makes_what_psql_then_shows(project: Path, database: Target, psql: Psql) -> None:
    outcome = run("apply", "--json", "--project", project)
    assert outcome.code == 0
    document = outcome.document
    assert document["schema"] == 1
    assert document["status"] == "ok"
    assert document["target"] == {
        "host": database.host,
        "port": database.port,
        "database": database.database,
        "user": database.user,
    }
    assert [(item["object"], item["kind"], item["action"]) for item in document["plan"]] == [
        ("sessions", "table", "create"),
        ("idx_expires_at", "index", "create"),
        ("idx_session_id", "index", "create"),
    ]
    assert [result["tag"] for result in document["results"]] == [
        "CREATE TABLE",
        "CREATE INDEX",
        "CREATE INDEX",
    ]
    assert document["tables"] == [
        {"schema": "public", "name": "sessions", "type": "table", "owner": database.user}
    ]
    assert "public | sessions | table | postgres" in psql(database, "-c", r"\dt sessions")


def test_apply_a_second_time_changes_nothing(project: Path) -> None:
    assert run("apply", "--json", "--project", project).code == 0
    again = run("apply", "--json", "--project", project)
    assert again.code == 0
    assert {item["action"] for item in again.document["plan"]} == {"same"}
    assert "results" not in again.document


def test_check_says_what_is_missing_and_then_that_all_is_ready(project: Path) -> None:
    before = run("check", "--json", "--project", project)
    assert before.code == 1
    assert before.broken["code"] == "table_missing"
    run("apply", "--project", project)
    after = run("check", "--json", "--project", project)
    assert after.code == 0
    assert after.codes["tables"] == "ready"
    assert list(after.codes) == [
        "env",
        "url",
        "service",
        "server",
        "login",
        "database",
        "rights",
        "tables",
        "langgraph",
        "psql",
    ]


def test_plan_changes_nothing(project: Path, database: Target, psql: Psql) -> None:
    outcome = run("plan", "--json", "--project", project)
    assert outcome.code == 0
    assert "results" not in outcome.document
    assert "Did not find any" in psql(database, "-c", r"\dt")


def test_plan_for_people_says_it_in_words(project: Path) -> None:
    outcome = run("plan", "--project", project)
    assert "sessions  will be created" in outcome.out
    assert outcome.err == ""


def test_a_table_of_another_shape_is_left_alone(
    project: Path, server: Server, database: Target
) -> None:
    server.run("CREATE TABLE sessions (session_id integer)", database=database.database)
    outcome = run("apply", "--json", "--project", project)
    assert outcome.code == 1
    assert outcome.broken["code"] == "table_differs"
    assert "results" not in outcome.document
    [sessions] = [item for item in outcome.document["plan"] if item["object"] == "sessions"]
    assert sessions["action"] == "differs"
    assert any("session_id" in difference for difference in sessions["differences"])


def test_tables_prints_what_psql_prints(
    project: Path, server: Server, database: Target, psql: Psql
) -> None:
    server.run("CREATE TABLE 사용자 (id int)", database=database.database)
    printed = psql(database, "-c", r"\dt").replace("List of tables", "List of relations")
    ours = run("tables", "--project", project)
    assert ours.code == 0
    assert [line.strip() for line in ours.out.splitlines()] == [
        line.strip() for line in printed.splitlines()
    ]


def test_missing_database_is_a_finding_for_check_and_made_by_apply(
    tmp_path: Path, server: Server, database: Target
) -> None:
    missing = replace(database, database=f"{database.database}_not_there")
    project = make_project(tmp_path, missing)
    checked = run("check", "--json", "--project", project)
    assert checked.code == 1
    assert checked.broken["code"] == "database_missing"
    assert [fix["id"] for fix in checked.broken["fixes"]] == ["create_database"]
    assert checked.codes["tables"] == "not_checked"
    try:
        applied = run("apply", "--json", "--yes", "--project", project)
        assert applied.code == 0
        assert [row["name"] for row in applied.document["tables"]] == ["sessions"]
    finally:
        server.run(f"DROP DATABASE IF EXISTS {missing.database} WITH (FORCE)")


def test_declining_on_a_terminal_changes_nothing(
    project: Path, database: Target, psql: Psql
) -> None:
    outcome = run("apply", "--project", project, typed="n\n")
    assert outcome.code == 130
    assert "Did not find any" in psql(database, "-c", r"\dt")


def test_a_null_device_that_calls_itself_a_terminal_is_not_asked(project: Path) -> None:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    options = parse(["apply", "--json", "--project", str(project)])
    assert Console(options, open_engine, out=out, err=err, keyboard=Terminal()).run() == 0


def test_agreeing_on_a_terminal_applies(project: Path) -> None:
    outcome = run("apply", "--project", project, typed="\n")
    assert outcome.code == 0
    assert "sessions" in outcome.out


def test_wrong_password_is_exit_code_4(tmp_path: Path, database: Target) -> None:
    project = make_project(tmp_path, replace(database, password=Secret("wrong-canary")))
    outcome = run("check", "--json", "--project", project)
    assert outcome.code == 4
    assert outcome.broken["code"] == "login_rejected"
    assert "wrong-canary" not in outcome.out + outcome.err


def test_nobody_listening_is_exit_code_3(tmp_path: Path, database: Target) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        project = make_project(tmp_path, replace(database, port=reserved.getsockname()[1]))
        outcome = run("check", "--json", "--project", project)
    assert outcome.code == 3
    assert outcome.codes["login"] == "not_checked"


def test_a_failing_script_is_rolled_back_with_exit_code_5(
    project: Path, database: Target, psql: Psql, tmp_path: Path
) -> None:
    script = tmp_path / "broken.sql"
    script.write_text("CREATE TABLE a (id int);\nSELECT 1/0;\n", encoding="utf-8")
    outcome = run("apply", "--json", "--project", project, "--sql", script)
    assert outcome.code == 5
    assert outcome.broken["code"] == "script_failed"
    assert outcome.broken["evidence"]["line"] == 2
    assert "Did not find any" in psql(database, "-c", r"\dt")


def test_a_projects_own_script_goes_before_the_bundled_one(project: Path, database: Target) -> None:
    own = project / "backend" / SCRIPT
    own.parent.mkdir()
    own.write_text("CREATE TABLE IF NOT EXISTS ours (id int);", encoding="utf-8")
    (own.parent / "drop_everything.sql").write_text("DROP SCHEMA public CASCADE;")
    outcome = run("apply", "--project", project)
    assert str(own) in outcome.out
    assert "ours" in outcome.out
    assert "sessions" not in outcome.out.replace("create_sessions_table", "")


def test_report_has_the_findings_and_no_secret(
    project: Path, database: Target, tmp_path: Path
) -> None:
    assert database.password
    outcome = run("report", "-o", tmp_path / "report.txt", "--project", project)
    assert outcome.code == 1
    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert "tables: table_missing" in text
    assert "password = ***" in text
    assert database.password.reveal() not in text


def test_without_a_project_the_env_is_what_is_missing(tmp_path: Path) -> None:
    outcome = run("check", "--json", "--project", tmp_path)
    assert outcome.code == 1
    assert outcome.broken["code"] == "env_missing"
    assert outcome.codes["server"] == "not_checked"


def test_a_mistake_of_ours_is_a_finding_not_a_traceback(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError("canary")

    monkeypatch.setattr("setup_wizard.engine.Engine.tables", explode)
    outcome = run("tables", "--json", "--project", project)
    assert outcome.code == 1
    assert outcome.broken["code"] == "crash"
    assert "canary" not in outcome.out + outcome.err


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_practice_walks_from_nothing_to_tables(lang: str) -> None:
    checked = run("check", "--json", "--practice", "--lang", lang)
    assert checked.code == 3
    assert checked.broken["code"] == "service_stopped"
    outcome = run("--practice", "--lang", lang)
    assert outcome.code == 0
    assert "public | sessions | table | postgres" in outcome.out


def test_bundled_script_is_there() -> None:
    assert "CREATE TABLE IF NOT EXISTS sessions" in bundled(SCRIPT).read_text(encoding="utf-8")


def test_report_is_seen_before_it_is_saved(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    declined = run("report", "-o", path, "--project", project, typed="n\n")
    assert declined.code == 130
    assert "[fail] tables: table_missing" in declined.out
    assert not path.exists()
    assert run("report", "-o", path, "--project", project, typed="y\n").code == 1
    assert "[fail] tables: table_missing" in path.read_text(encoding="utf-8")
