"""Databases and rights on a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from setup_wizard.database.connection import Connection, StatementFailed
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _

_EXISTS: Final = "42P04"
_NOT_ALLOWED: Final = "42501"


@dataclass(frozen=True)
class Rights:
    """What this login may do in this database.

    ``schema`` is where a new table without a schema goes: the first schema of the search path that
    exists and may be used; None where there is none. ``read_only``: the server is a standby, or
    transactions are read-only by default.
    """

    schema: str | None
    create_in_schema: bool
    create_schemas: bool
    create_temporary: bool
    superuser: bool
    read_only: bool


def rights(connection: Connection) -> Rights:
    """Ask what this login may do; one query that changes nothing."""
    [row] = connection.query("""
        SELECT current_schema(),
            coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
            has_database_privilege(current_database(), 'CREATE'),
            has_database_privilege(current_database(), 'TEMPORARY'),
            (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
            pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean
        """)
    return Rights(*row)


def databases(connection: Connection) -> list[str]:
    """Return the names of all databases that are open to connections, without the templates."""
    rows = connection.query(
        "SELECT datname FROM pg_catalog.pg_database "
        "WHERE datallowconn AND NOT datistemplate ORDER BY datname"
    )
    return [name for (name,) in rows]


def has_database(connection: Connection, name: str) -> bool:
    """Whether the server has a database of exactly this name."""
    found = connection.query("SELECT FROM pg_catalog.pg_database WHERE datname = %s", [name])
    return bool(found)


def create_database(connection: Connection, name: str) -> None:
    """Create an empty database in UTF-8; where it already exists, do nothing.

    Raises KnownError cannot_create when this login may not create databases.
    """
    try:
        connection.execute(creation(name))
    except StatementFailed as refusal:
        if refusal.sqlstate == _EXISTS:
            return
        if refusal.sqlstate != _NOT_ALLOWED:
            raise
    else:
        return
    raise KnownError(
        "cannot_create",
        _("This user may not create databases"),
        _(
            "Ask whoever runs the server to run: {sql}. Or log in as a user who may, such as "
            "postgres.",
            sql=creation(name),
        ),
        evidence={"sqlstate": _NOT_ALLOWED, "database": name},
    )


def creation(name: str) -> str:
    """Return the statement that creates a database, to show and to run.

    template0 is the only template that can be copied into another encoding than its own.
    """
    quoted = name.replace('"', '""')
    return f"CREATE DATABASE \"{quoted}\" TEMPLATE template0 ENCODING 'UTF8'"
