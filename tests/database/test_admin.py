from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from setup_wizard.database.admin import (
    Rights,
    create_database,
    creation,
    databases,
    has_database,
    rights,
)
from setup_wizard.database.connection import Connection, connect
from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.servers import Server

NAME = 'a "quoted" 이름; -- %s'


@pytest.fixture
def visitor(server: Server, database: Target) -> Iterator[Target]:
    """A login that may do nothing special."""
    server.run("CREATE ROLE visitor LOGIN PASSWORD 'visitor'")
    yield replace(database, user="visitor", password=Secret("visitor"))
    server.run("DROP OWNED BY visitor", database=database.database)
    server.run("DROP ROLE visitor")


def test_create_database(server: Server, connection: Connection) -> None:
    assert not has_database(connection, NAME)
    create_database(connection, NAME)
    try:
        create_database(connection, NAME)  # somebody else was faster
        assert has_database(connection, NAME)
        assert NAME in databases(connection)
        assert "template1" not in databases(connection)
        with connect(server.database(NAME), Deadline(10)) as inside:
            assert inside.query("SHOW server_encoding") == [("UTF8",)]
            assert rights(inside).create_in_schema
    finally:
        quoted = NAME.replace('"', '""')
        server.run(f'DROP DATABASE "{quoted}"')


def test_create_database_without_the_right(visitor: Target) -> None:
    with connect(visitor, Deadline(10)) as connection, pytest.raises(KnownError) as raised:
        create_database(connection, "mine")
    assert raised.value.code == "cannot_create"
    assert raised.value.evidence == {"sqlstate": "42501", "database": "mine"}
    assert creation("mine") in str(raised.value)
    assert raised.value.__context__ is None


def test_rights_of_a_superuser(connection: Connection) -> None:
    assert rights(connection) == Rights(
        schema="public",
        create_in_schema=True,
        create_schemas=True,
        create_temporary=True,
        superuser=True,
        read_only=False,
        standby=False,
        grant="GRANT USAGE, CREATE ON SCHEMA public TO postgres",
        owner="postgres",
        search_path='"$user", public',
        tables=0,
    )


def test_rights_of_a_visitor(server: Server, visitor: Target) -> None:
    with connect(visitor, Deadline(10)) as connection:
        nothing = Rights(
            schema="public",
            create_in_schema=False,
            create_schemas=False,
            create_temporary=True,
            superuser=False,
            read_only=False,
            standby=False,
            grant="GRANT USAGE, CREATE ON SCHEMA public TO visitor",
            owner="postgres",
            search_path='"$user", public',
            tables=0,
        )
        assert rights(connection) == nothing
        server.run("GRANT CREATE ON SCHEMA public TO visitor", database=visitor.database)
        assert rights(connection) == replace(nothing, create_in_schema=True)
        connection.execute("SET search_path = nowhere")
        assert rights(connection) == replace(
            nothing, schema=None, grant=None, owner=None, search_path="nowhere"
        )


def test_read_only_by_default(server: Server, visitor: Target) -> None:
    server.run("ALTER ROLE visitor SET default_transaction_read_only = on")
    with connect(visitor, Deadline(10)) as connection:
        assert rights(connection).read_only
