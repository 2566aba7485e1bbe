"""The definitions of types, functions, triggers and extensions, as the server writes them."""

from __future__ import annotations

from typing import Final

from setup_wizard.database.connection import Connection
from setup_wizard.scripts.grammar import Made

# Each query gives (arguments, definition): functions of one name differ in their arguments, the
# others are alone under their name. Parameters: the schema, the object's name, the table's name.
_TYPE: Final = """
SELECT '', concat_ws(' ', t.typtype,
    (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
     FROM pg_enum WHERE enumtypid = t.oid),
    (SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', '
                       ORDER BY attnum)
     FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped),
    (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid),
    CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod) END,
    CASE WHEN typnotnull THEN 'NOT NULL' END,
    typdefault,
    (SELECT string_agg(pg_get_constraintdef(c.oid), ' ' ORDER BY pg_get_constraintdef(c.oid))
     FROM pg_constraint c WHERE contypid = t.oid AND contype = 'c'))
FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
WHERE nspname = %(schema)s AND typname = %(name)s
"""
_FUNCTION: Final = """
SELECT pg_get_function_identity_arguments(p.oid), concat_ws(' ', prokind, lanname,
    pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), provolatile, proparallel,
    proisstrict, prosecdef, proleakproof, proconfig::text, procost, prorows, prosrc,
    pg_get_function_sqlbody(p.oid))
FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace JOIN pg_language l ON l.oid = prolang
WHERE nspname = %(schema)s AND proname = %(name)s
"""
_TRIGGER: Final = """
SELECT '', pg_get_triggerdef(t.oid, true)
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname = %(schema)s AND tgname = %(name)s AND relname = %(table)s
"""
_QUERIES: Final = {"type": _TYPE, "function": _FUNCTION, "trigger": _TRIGGER}


def definitions(connection: Connection, made: Made, schema: str) -> dict[str, str]:
    """Read what ``schema`` has of the name of ``made``: definitions by arguments; may be empty."""
    values = {"schema": schema, "name": made.name.name, "table": made.on.name if made.on else ""}
    return dict(connection.query(_QUERIES[made.kind], values))


def has_extension(connection: Connection, name: str) -> bool:
    """Whether the database has an extension."""
    return bool(connection.query("SELECT FROM pg_extension WHERE extname = %s", (name,)))
