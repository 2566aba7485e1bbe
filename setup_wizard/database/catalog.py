"""The structure of what a database holds: relations with their columns, constraints and indexes.

Every definition is the server's own text (``format_type``, ``pg_get_expr`` …), so two structures
can be compared as values. Functions of this kind leave out a schema that is on the search path:
compare only what was read with the same ``search_path``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from setup_wizard.database.connection import Connection

T = TypeVar("T")

_RELATIONS: Final = """
SELECT c.oid, n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner),
    c.relpersistence = 'u',
    CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
    pg_get_expr(c.relpartbound, c.oid),
    CASE
        WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true)
        WHEN c.relkind = 'S' THEN (
            SELECT concat_ws(' ', 'AS', format_type(seqtypid, NULL), 'START', seqstart,
                'INCREMENT', seqincrement, 'MINVALUE', seqmin, 'MAXVALUE', seqmax,
                'CACHE', seqcache, CASE WHEN seqcycle THEN 'CYCLE' END)
            FROM pg_catalog.pg_sequence WHERE seqrelid = c.oid)
    END
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (%s::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
ORDER BY n.nspname, c.relname
"""

_COLUMNS: Final = """
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, l.collname
FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_collation l
        ON l.oid = a.attcollation AND a.attcollation <> t.typcollation
WHERE a.attrelid = ANY (%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

_CONSTRAINTS: Final = """
SELECT conrelid, conname, contype, pg_get_constraintdef(oid, true), convalidated
FROM pg_catalog.pg_constraint
WHERE conrelid = ANY (%s::oid[]) AND contype <> 'n'
ORDER BY conrelid, contype, conname
"""

# A key is put together as pg_get_indexdef() does for a whole index; for one key alone it leaves out
# everything but the column or expression. Servers before 15 have no indnullsnotdistinct.
_INDEXES: Final = """
SELECT i.{given}, i.indexrelid, n.nspname, c.relname, t.relname, i.indisunique, m.amname,
    ARRAY(
        SELECT concat_ws(' ',
            pg_get_indexdef(i.indexrelid, k, true),
            'COLLATE ' || (SELECT quote_ident(collname) FROM pg_catalog.pg_collation
                WHERE oid = i.indcollation[k - 1]
                    AND oid <> coalesce(of_column.attcollation, of_type.typcollation)),
            (SELECT opcname FROM pg_catalog.pg_opclass
                WHERE oid = i.indclass[k - 1] AND NOT opcdefault),
            key.attoptions,
            CASE i.indoption[k - 1] & 3
                WHEN 1 THEN 'DESC NULLS LAST' WHEN 2 THEN 'NULLS FIRST' WHEN 3 THEN 'DESC'
            END)
        FROM generate_series(1, i.indnkeyatts) k
            JOIN pg_catalog.pg_attribute key ON key.attrelid = i.indexrelid AND key.attnum = k
            JOIN pg_catalog.pg_type of_type ON of_type.oid = key.atttypid
            LEFT JOIN pg_catalog.pg_attribute of_column
                ON of_column.attrelid = i.indrelid AND of_column.attnum = i.indkey[k - 1]
                AND of_column.attnum > 0
        ORDER BY k),
    ARRAY(
        SELECT pg_get_indexdef(i.indexrelid, k, true)
        FROM generate_series(i.indnkeyatts + 1, i.indnatts) k ORDER BY k),
    pg_get_expr(i.indpred, i.indrelid, true),
    (to_jsonb(i) ->> 'indnullsnotdistinct')::boolean IS NOT TRUE,
    EXISTS (SELECT FROM pg_catalog.pg_constraint
        WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x')),
    i.indisvalid
FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE i.{given} = ANY (%s::oid[])
ORDER BY n.nspname, c.relname
"""


@dataclass(frozen=True)
class Column:
    """One column; ``type`` as ``format_type`` writes it, ``default`` None where there is none.

    ``identity``: ``a`` always, ``d`` by default, empty for none. ``generated``: ``s`` stored,
    ``v`` virtual (its expression is in ``default``), empty for none. ``collation`` is None where
    it is the type's own.
    """

    name: str
    type: str
    not_null: bool
    default: str | None = None
    identity: str = ""
    generated: str = ""
    collation: str | None = None


@dataclass(frozen=True)
class Constraint:
    """A table's constraint; ``definition`` as ``pg_get_constraintdef`` writes it, without the name.

    ``kind``: ``p`` primary key, ``u`` unique, ``f`` foreign key, ``c`` check, ``x`` exclusion,
    ``t`` constraint trigger. NOT NULL is a column's matter, whatever the server's version.
    """

    name: str
    kind: str
    definition: str
    validated: bool


@dataclass(frozen=True)
class Index:
    """An index; ``keys`` are columns or expressions with their collation, class and order.

    ``constraint`` is whether a primary key, unique or exclusion constraint owns it. ``valid`` is
    False for what an interrupted CREATE INDEX CONCURRENTLY left behind.
    """

    oid: int
    schema: str
    name: str
    table: str
    unique: bool
    method: str
    keys: tuple[str, ...]
    include: tuple[str, ...]
    predicate: str | None
    nulls_distinct: bool
    constraint: bool
    valid: bool


@dataclass(frozen=True)
class Relation:
    """A table, view, sequence …, whole.

    ``kind`` is ``pg_class.relkind``: ``r`` table, ``p`` partitioned table, ``v`` view,
    ``m`` materialised view, ``S`` sequence, ``f`` foreign table. ``partition_key``: of a
    partitioned table, such as ``RANGE (created_at)``; ``partition_bound``: of a partition.
    ``definition``: a view's query, or a sequence's type and numbers; None for tables.
    """

    oid: int
    schema: str
    name: str
    kind: str
    owner: str
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    unlogged: bool = False
    partition_key: str | None = None
    partition_bound: str | None = None
    definition: str | None = None


def find(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the oid of every relation or index among ``names`` that exists; one query.

    A name is written as in SQL: ``sessions``, ``public.sessions``, ``"Quoted"``; without a schema
    it is looked up on the search path.
    """
    rows = connection.query(
        "SELECT name, to_regclass(name)::oid FROM unnest(%s::text[]) AS name "
        "WHERE to_regclass(name) IS NOT NULL",
        (list(names),),
    )
    return dict(rows)


def relations(connection: Connection, oids: Iterable[int]) -> dict[int, Relation]:
    """Read the relations with these oids, whole, in four queries.

    Oids that are gone, or are no relation (an index), are left out.
    """
    wanted = list(oids)
    columns = _grouped(connection, _COLUMNS, wanted, Column)
    constraints = _grouped(connection, _CONSTRAINTS, wanted, Constraint)
    own_indexes = _grouped(connection, _INDEXES.format(given="indrelid"), wanted, _index)
    return {
        oid: Relation(
            oid,
            *(schema, name, kind, owner),
            tuple(columns[oid]),
            tuple(constraints[oid]),
            tuple(own_indexes[oid]),
            *details,
        )
        for oid, schema, name, kind, owner, *details in connection.query(_RELATIONS, (wanted,))
    }


def indexes(connection: Connection, oids: Iterable[int]) -> dict[int, Index]:
    """Read the indexes with these oids in one query; others are left out."""
    found = _grouped(connection, _INDEXES.format(given="indexrelid"), list(oids), _index)
    return {oid: index for oid, [index] in found.items()}


def _grouped(
    connection: Connection, query: str, oids: list[int], make: Callable[..., T]
) -> defaultdict[int, list[T]]:
    """Make one object from each row, by the oid in the row's first column."""
    groups: defaultdict[int, list[T]] = defaultdict(list)
    for oid, *values in connection.query(query, (oids,)):
        groups[oid].append(make(*values))
    return groups


def _index(*values: Any) -> Index:
    oid, schema, name, table, unique, method, keys, include, *details = values
    return Index(oid, schema, name, table, unique, method, tuple(keys), tuple(include), *details)
