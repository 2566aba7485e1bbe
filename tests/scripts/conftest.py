from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from setup_wizard.database.connection import Connection, connect
from setup_wizard.deadline import Deadline
from setup_wizard.scripts import Script
from setup_wizard.scripts.reading import read_script
from setup_wizard.target import Target
from tests.servers import Server


class MakeScript(Protocol):
    """The ``script`` fixture."""

    def __call__(self, sql: str, *, encoding: str = "utf-8") -> Script: ...


@pytest.fixture
def script(tmp_path: Path) -> MakeScript:
    """Write SQL into a file and read it."""

    def make(sql: str, *, encoding: str = "utf-8") -> Script:
        path = tmp_path / "스크립트 1.sql"
        path.write_bytes(sql.encode(encoding))
        return read_script(path)

    return make


CLEAN = r"""
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT nspname FROM pg_namespace
        WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
END $$
"""


@pytest.fixture(scope="session")
def _databases() -> dict[int, Target]:
    """The one database of each server for all tests of scripts: making one takes 0.1 s."""
    return {}


@pytest.fixture
def database(server: Server, _databases: dict[int, Target]) -> Iterator[Target]:
    """An empty database on ``server``, emptied afterwards."""
    if server.version not in _databases:
        server.run(
            "CREATE DATABASE scripts TEMPLATE template0 ENCODING 'UTF8'",
            "ALTER DATABASE scripts SET synchronous_commit = off",
        )
        _databases[server.version] = server.database("scripts")
    yield _databases[server.version]
    server.run(CLEAN, database="scripts")


@pytest.fixture
def connection(database: Target) -> Iterator[Connection]:
    """Our own connection to ``database``."""
    with connect(database, Deadline(60)) as connection:
        yield connection
