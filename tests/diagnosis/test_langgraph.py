"""LangGraph's checkpoint tables, in the database and in the project's sources."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.target import Target
from tests.diagnosis.conftest import Check
from tests.projects import make_project
from tests.servers import Server

SCRIPT: Final = Path(__file__).parents[2] / "migrations" / "create_sessions_table.sql"
TABLES: Final = (
    "CREATE TABLE checkpoints (thread_id text)",
    "CREATE TABLE checkpoint_blobs (thread_id text)",
    "CREATE TABLE checkpoint_writes (thread_id text)",
)
MIGRATIONS: Final = "CREATE TABLE checkpoint_migrations (v integer PRIMARY KEY)"

GOOD: Final = """
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
pool = AsyncConnectionPool[AsyncConnection](url, kwargs={"autocommit": True})
async def start():
    await AsyncPostgresSaver(pool).setup()
"""
WITHOUT_AUTOCOMMIT: Final = GOOD.replace(', kwargs={"autocommit": True}', "")
WITHOUT_SETUP: Final = GOOD.replace(".setup()", "")


@pytest.fixture
def server(server18: Server) -> Server:
    """One version is enough."""
    return server18


@pytest.fixture
def ready(server: Server, database: Target) -> Target:
    """A database with the script's own table."""
    server.run(SCRIPT.read_text(encoding="utf-8"), database=database.database)
    return database


def langgraph(findings: list[Finding]) -> Finding:
    [found] = [finding for finding in findings if finding.check == "langgraph"]
    return found


def test_tables_that_the_server_will_make(ready: Target, check: Check) -> None:
    found = langgraph(check(ready))
    assert (found.status, found.evidence["tables"]) == (Status.OK, [])


def test_complete_tables(server: Server, ready: Target, check: Check) -> None:
    server.run(
        *TABLES,
        MIGRATIONS,
        "INSERT INTO checkpoint_migrations SELECT generate_series(0, 9)",
        database=ready.database,
    )
    found = langgraph(check(ready))
    assert (found.status, found.evidence["version"]) == (Status.OK, 9)


@pytest.mark.parametrize(
    ("statements", "version"),
    [
        ((), None),
        ((MIGRATIONS,), None),
        ((MIGRATIONS, "INSERT INTO checkpoint_migrations VALUES (0), (5)"), 5),
        (("CREATE TABLE checkpoint_migrations (name text)",), None),
    ],
)
def test_tables_of_an_older_shape(
    server: Server, ready: Target, check: Check, statements: tuple[str, ...], version: int | None
) -> None:
    server.run(*TABLES, *statements, database=ready.database)
    found = langgraph(check(ready))
    assert (found.status, found.code) == (Status.WARN, "checkpoint_tables_old")
    assert found.evidence["version"] == version


def test_index_that_was_never_finished(server: Server, ready: Target, check: Check) -> None:
    server.run(
        *TABLES,
        MIGRATIONS,
        "INSERT INTO checkpoint_migrations VALUES (9)",
        'CREATE INDEX "Odd name" ON checkpoints (thread_id)',
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"Odd name\"'::regclass",
        database=ready.database,
    )
    found = langgraph(check(ready))
    assert (found.status, found.code) == (Status.WARN, "checkpoint_index_invalid")
    assert 'DROP INDEX "Odd name";' in str(found.detail)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (GOOD, "ready"),
        (WITHOUT_AUTOCOMMIT, "checkpoint_autocommit"),
        (WITHOUT_SETUP, "checkpoint_setup_missing"),
        ("PostgresSaver is not Python (", "ready"),
        ("# PostgresSaver is not imported", "ready"),
        (WITHOUT_SETUP + "x = 1\n" * 100_000, "ready"),
    ],
)
def test_the_project_s_own_sources(
    ready: Target, check: Check, tmp_path: Path, source: str, code: str
) -> None:
    backend = make_project(tmp_path, ready) / "backend"
    (backend / "memory.py").write_text(source, encoding="utf-8")
    found = langgraph(check(ready))
    assert found.code == code
    if code == "checkpoint_autocommit":
        assert found.evidence["line"] == 3


def test_other_people_s_sources_are_not_read(ready: Target, check: Check, tmp_path: Path) -> None:
    installed = make_project(tmp_path, ready) / "backend" / ".venv" / "lib"
    installed.mkdir(parents=True)
    (installed / "memory.py").write_text(WITHOUT_SETUP, encoding="utf-8")
    assert langgraph(check(ready)).status is Status.OK
