"""Databases and rights on a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from setup_wizard.database.connection import Connection, StatementFailed, connect
from setup_wizard.database.refusals import ConnectionFailed
from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.target import Target

_EXISTS: Final = "42P04"
_NOT_ALLOWED: Final = "42501"


_MAINTENANCE: Final = ("postgres", "template1")
"""Databases that every server has, to be in while another one is missing."""


@dataclass(frozen=True)
class Rights:
    """What this login may do in this database.

    ``schema`` is where a new table without a schema goes: the first schema of the search path that
    exists and may be used; None where there is none. ``read_only``: the server is a ``standby``, or
    transactions are read-only by default. ``grant`` is the statement that would let this user
    create tables, and ``owner`` who may run it; both are None where no schema of the
    ``search_path`` exists. ``tables``: how many the database has, without the server's own.
    """

    schema: str | None
    create_in_schema: bool
    create_schemas: bool
    create_temporary: bool
    superuser: bool
    read_only: bool
    standby: bool
    grant: str | None
    owner: str | None
    search_path: str
    tables: int


def connect_for_maintenance(target: Target, deadline: Deadline) -> Connection:
    """Log in to the server of a database that is missing. Raises ConnectionFailed, Cancelled."""
    refusals: list[ConnectionFailed] = []
    for database in _MAINTENANCE:
        try:
            return connect(target, deadline, database=database)
        except ConnectionFailed as refusal:
            refusals.append(refusal)
    raise refusals[0]


def rights(connection: Connection) -> Rights:
    """Ask what this login may do; one query that changes nothing."""
    [row] = connection.query("""
        SELECT current_schema(),
            coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
            has_database_privilege(current_database(), 'CREATE'),
            has_database_privilege(current_database(), 'TEMPORARY'),
            (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
            pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,
            pg_is_in_recovery(),
            'GRANT USAGE, CREATE ON SCHEMA ' || quote_ident(home.nspname)
                || ' TO ' || quote_ident(current_user),
            CASE home.owner WHEN 'pg_database_owner' THEN pg_get_userbyid(d.datdba)
                ELSE home.owner END,
            current_setting('search_path'),
            (SELECT count(*) FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE relkind IN ('r', 'p') AND nspname <> 'information_schema'
                AND nspname !~ '^pg_')
        FROM pg_catalog.pg_database d
            LEFT JOIN LATERAL (
                SELECT nspname, pg_get_userbyid(nspowner)::text AS owner
                FROM pg_catalog.pg_namespace
                    JOIN unnest(string_to_array(current_setting('search_path'), ','))
                        WITH ORDINALITY AS path (name, place)
                    ON nspname = replace(trim(BOTH '" ' FROM name), '$user', current_user)
                ORDER BY place LIMIT 1
            ) home ON true
        WHERE d.datname = current_database()
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
            "Log in as a user who may, such as postgres, or ask whoever runs the server to run: "
            "{sql}",
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


def elsewhere(connection: Connection, names: list[str]) -> list[str]:
    """Return where tables of these names are that the search path does not lead to.

    Written as in SQL, with their schema.
    """
    rows = connection.query(
        """
        SELECT quote_ident(nspname) || '.' || quote_ident(relname)
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
        WHERE relname = ANY (%s) AND relkind IN ('r', 'p') AND nspname <> 'information_schema'
            AND nspname !~ '^pg_' AND nspname <> ALL (current_schemas(false))
        ORDER BY 1
        """,
        (names,),
    )
    return [place for (place,) in rows]
