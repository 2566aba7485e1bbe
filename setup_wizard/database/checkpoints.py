"""LangGraph's checkpoint tables, as far as they exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from setup_wizard.database.connection import Connection, StatementFailed


@dataclass(frozen=True)
class Checkpoints:
    """Which tables are there, which of their indexes are not valid, and the newest migration.

    ``version`` is None where the record is missing, empty or may not be read.
    """

    tables: list[str]
    invalid_indexes: list[str]
    version: int | None


def read(connection: Connection, names: Sequence[str]) -> Checkpoints:
    """Look at those of the tables ``names`` that are on the search path."""
    [(tables, invalid, recorded)] = connection.query(
        """
        SELECT coalesce(array_agg(name ORDER BY name), '{}'),
            ARRAY(
                SELECT quote_ident(relname) FROM pg_catalog.pg_index
                    JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
                WHERE NOT indisvalid AND indrelid = ANY (array_agg(to_regclass(name)))
                ORDER BY 1),
            to_regclass('checkpoint_migrations') IS NOT NULL
        FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NOT NULL
        """,
        (list(names),),
    )
    return Checkpoints(tables, invalid, _version(connection) if tables and recorded else None)


def _version(connection: Connection) -> int | None:
    try:
        [(version,)] = connection.query("SELECT max(v)::int FROM checkpoint_migrations")
    except StatementFailed:
        return None  # not the library's table, or not ours to read
    return version if version is None else int(version)
