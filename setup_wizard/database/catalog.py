"""The structure of what a database holds: relations with their columns, constraints and indexes.

Every definition is the server's own text (``format_type``, ``pg_get_expr`` …), so two structures
can be compared as values. Functions of this kind leave out a schema that is on the search path:
compare only what was read with the same ``search_path``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from setup_wizard.database.connection import Connection


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
    """Read the relations with these oids, whole, in a constant number of queries.

    Oids that are gone, or are no relation (an index), are left out.
    """
    raise NotImplementedError


def indexes(connection: Connection, oids: Iterable[int]) -> dict[int, Index]:
    """Read the indexes with these oids in one query; others are left out."""
    raise NotImplementedError
