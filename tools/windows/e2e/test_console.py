"""The console program: its JSON and its exit codes, as CI and fleet tools see them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from windows.e2e import windows
from windows.e2e.conftest import HOME, PROGRAMS, Project
from windows.e2e.postgres import BIN, SERVICE, STOPPED, Postgres

ALL_GOOD, FOUND, WRONG_USAGE, NO_SERVER, NO_LOGIN, SCRIPT_FAILED = range(6)


def wizard(project: Project, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the console program in the project's folder; return its exit code and JSON document."""
    program = f"Z:{PROGRAMS}/SetupWizard/setup-wizard.exe"
    outcome = windows.run(program, *arguments, "--json", cwd=project.folder)
    return outcome.code, json.loads(outcome.output.decode()) if outcome.output else {}


def codes(document: dict[str, Any]) -> dict[str, str]:
    """Return what each check found."""
    return {finding["check"]: finding["code"] for finding in document["findings"]}


def psql(document: dict[str, Any]) -> tuple[str, str]:
    """Return where psql was found, and how."""
    [found] = [finding for finding in document["findings"] if finding["check"] == "psql"]
    return found["evidence"]["path"], found["evidence"]["source"]


def test_check_finds_the_stopped_service_and_changes_nothing(
    postgres: Postgres, project: Project
) -> None:
    code, document = wizard(project, "check")
    assert code == NO_SERVER
    assert codes(document)["service"] == "service_stopped"
    assert document["target"] == {
        "host": "localhost", "port": 5432, "database": "real_estate", "user": "postgres",
    }  # fmt: skip
    assert postgres.state == STOPPED


def test_apply_without_a_person_starts_creates_and_lists(
    postgres: Postgres, project: Project
) -> None:
    code, document = wizard(project, "apply", "--yes")
    assert code == ALL_GOOD, document
    assert [result["tag"] for result in document["results"]] == [
        "CREATE TABLE", "CREATE INDEX", "CREATE INDEX",
    ]  # fmt: skip
    assert [table["name"] for table in document["tables"]] == ["sessions"]
    assert postgres.ask(r"\dt", "real_estate") == "public|sessions|table|postgres"
    assert wizard(project, "check")[0] == ALL_GOOD


def test_a_wrong_password_is_known_without_reading_the_servers_korean(
    postgres: Postgres, project: Project
) -> None:
    project.write_env(password="wrong")
    postgres.start()
    code, document = wizard(project, "check")
    assert code == NO_LOGIN
    assert codes(document)["login"] == "login_rejected"
    assert "치명적오류".encode("cp949") in postgres.refusal()


def test_a_service_that_gives_up_says_who_has_its_port(
    postgres: Postgres, project: Project
) -> None:
    with windows.port_taken():
        code, document = wizard(project, "apply", "--yes")
    assert code == NO_SERVER
    print(json.dumps(document, ensure_ascii=False, indent=1))
    assert "python.exe" in json.dumps(document)
    assert postgres.state == STOPPED


def test_a_script_that_fails_leaves_nothing(postgres: Postgres, project: Project) -> None:
    postgres.start()
    postgres.ask("CREATE DATABASE real_estate")
    script = windows.path_of(project.folder) / "잘못된 스크립트.sql"
    script.write_text("CREATE TABLE half (i int);\nSELECT 1/0;\n", encoding="utf-8")
    code, document = wizard(project, "apply", "--yes", "--sql", script.name)
    assert code == SCRIPT_FAILED, document
    assert postgres.ask(r"\dt", "real_estate") == ""


@pytest.mark.usefixtures("installed")
def test_wrong_usage_has_a_code_of_its_own(project: Project) -> None:
    assert wizard(project, "no-such-command")[0] == WRONG_USAGE


@pytest.mark.usefixtures("installed")
def test_a_missing_env_is_found(project: Project) -> None:
    project.env.unlink()
    code, document = wizard(project, "check")
    assert code == FOUND
    assert codes(document)["env"] == "env_missing"


@pytest.mark.usefixtures("postgres")
def test_psql_is_found_in_the_services_own_folder(project: Project) -> None:
    _, document = wizard(project, "check")
    assert psql(document) == (rf"{BIN}\psql.exe", "service")


@pytest.mark.usefixtures("postgres")
def test_psql_is_found_by_the_registry(project: Project) -> None:
    elsewhere = r"C:\도구\PostgreSQL"
    shutil.copytree(windows.path_of(BIN), windows.path_of(elsewhere) / "bin")
    with hidden_psql(), registered(elsewhere):
        _, document = wizard(project, "check")
    assert psql(document) == (rf"{elsewhere}\bin\psql.exe", "registry")


@pytest.mark.usefixtures("postgres")
def test_a_home_folder_with_hangul_holds_the_log(project: Project) -> None:
    wizard(project, "apply", "--yes")
    assert (
        windows.must_run("cmd", "/c", "echo %USERPROFILE%").output.decode("cp949").strip() == HOME
    )
    assert list(windows.path_of(HOME + r"\AppData\Local\SetupWizard").glob("**/*"))


@contextmanager
def registered(base: str) -> Iterator[None]:
    """An installation that only the registry knows."""
    key = rf"HKLM\SOFTWARE\PostgreSQL\Installations\{SERVICE}"
    windows.must_run("reg", "add", key, "/v", "Base Directory", "/d", base, "/f")
    try:
        yield
    finally:
        windows.must_run("reg", "delete", r"HKLM\SOFTWARE\PostgreSQL", "/f")


@contextmanager
def hidden_psql() -> Iterator[None]:
    """The service's own folder without psql."""
    psql = windows.path_of(BIN) / "psql.exe"
    away = psql.with_suffix(".away")
    psql.rename(away)
    try:
        yield
    finally:
        away.rename(psql)
