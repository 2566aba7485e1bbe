from __future__ import annotations

from setup_wizard.target import Target
from tests.servers import Psql, Server


def test_database_is_fresh_and_psql_is_the_servers(
    server: Server, database: Target, psql: Psql
) -> None:
    assert psql(database, "-At", "-c", "show server_version").startswith(f"{server.version}.")
    assert psql(database, "-At", "-c", "show server_encoding") == "UTF8\n"
    tables = "select tablename from pg_tables where schemaname = 'public'"
    assert psql(database, "-At", "-c", tables) == ""
