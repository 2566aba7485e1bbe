"""Comparing what a script makes with what is there, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from setup_wizard.database.catalog import Column, Constraint, Index, Relation
from setup_wizard.i18n import Text, _

Differences = tuple[Text, ...]


def kind_of(relation: Relation) -> str:
    """Return the plan's word for what a relation is."""
    match relation.kind:
        case "v" | "m":
            return "view"
        case "S":
            return "sequence"
        case _:
            return "table"


def other_kind(name: str, kind: str) -> Differences:
    """Say that the name is taken by another kind of object."""
    match kind:
        case "view":
            return (_("{name} is a view there", name=name),)
        case "sequence":
            return (_("{name} is a sequence there", name=name),)
        case "index":
            return (_("{name} is an index there", name=name),)
        case "type":
            return (_("{name} is a type there", name=name),)
        case _:
            return (_("{name} is a table there", name=name),)


def compare_tables(
    want: Relation,
    have: Relation,
    promised: frozenset[str] = frozenset(),
    indexes: tuple[Index, ...] = (),
) -> Differences:
    """Compare a table with the one that the script makes.

    The order of the columns does not count: programs name them, and ALTER TABLE can only append.

    Args:
        want: what the script makes.
        have: what is there.
        promised: the constraint names that the script itself gives; the server invents the others,
            and invents another one where a name is taken.
        indexes: those that the script makes on this table by CREATE INDEX.
    """
    if want.kind != have.kind:
        return (_("it is not the same kind of table (partitioned, foreign or plain)"),)
    return (
        *_columns(want, have),
        *_constraints(want, have, promised),
        *_unique_indexes(have, (*want.indexes, *indexes)),
        *_storage(want, have),
    )


def compare_views(want: Relation, have: Relation) -> Differences:
    """Compare a view or sequence with the one that the script makes."""
    if want.kind != have.kind or want.definition != have.definition:
        return (_("its definition is another one"),)
    return ()


def compare_indexes(want: Index, have: Index) -> Differences:
    """Compare an index with the one that the script makes."""
    return tuple(_index(want, have))


def _columns(want: Relation, have: Relation) -> Iterator[Text]:
    there = {column.name: column for column in have.columns}
    for column in want.columns:
        if column.name in there:
            yield from _column(column, there[column.name])
        else:
            yield _("column {column} is missing", column=column.name)
    known = {column.name for column in want.columns}
    for column in have.columns:
        if column.name not in known:
            yield _("column {column} is not in the script", column=column.name)


def _column(want: Column, have: Column) -> Iterator[Text]:
    name = want.name
    if want.type != have.type:
        yield _(
            "column {column} has the type {have} instead of {want}",
            column=name,
            have=have.type,
            want=want.type,
        )
    if want.not_null and not have.not_null:
        yield _("column {column} may be NULL", column=name)
    if have.not_null and not want.not_null:
        yield _("column {column} may not be NULL", column=name)
    if (want.generated, want.identity) != (have.generated, have.identity):
        yield _("column {column} gets its values in another way", column=name)
    elif _default(want) != _default(have):
        yield _different_default(want, have)
    if want.collation != have.collation:
        yield _("column {column} is sorted in another way", column=name)


def _different_default(want: Column, have: Column) -> Text:
    if have.default is None:
        return _(
            "column {column} has no default instead of {want}", column=want.name, want=want.default
        )
    if want.default is None:
        return _(
            "column {column} has the default {have} instead of none",
            column=want.name,
            have=have.default,
        )
    return _(
        "column {column} has the default {have} instead of {want}",
        column=want.name,
        have=have.default,
        want=want.default,
    )


def _default(column: Column) -> str | None:
    """Leave out the number that the server appends to a serial's sequence when a name is taken."""
    if column.default is None:
        return None
    return re.sub(r"""_seq\d+("?'::regclass\))""", r"_seq\1", column.default)


def _constraints(want: Relation, have: Relation, promised: frozenset[str]) -> Iterator[Text]:
    rest = list(have.constraints)
    for constraint in want.constraints:
        twins = [other for other in rest if _definition(other) == _definition(constraint)]
        if not twins:
            yield _("the constraint {constraint} is missing", constraint=_definition(constraint))
            continue
        twin = next((other for other in twins if other.name == constraint.name), twins[0])
        rest.remove(twin)
        if constraint.name in promised and twin.name != constraint.name:
            yield _(
                "the constraint {constraint} is called {have} instead of {want}",
                constraint=_definition(constraint),
                have=twin.name,
                want=constraint.name,
            )
        if constraint.validated and not twin.validated:
            yield _(
                "the constraint {constraint} was never checked against the rows there",
                constraint=_definition(constraint),
            )
    for constraint in rest:
        yield _(
            "the constraint {constraint} is not in the script", constraint=_definition(constraint)
        )


def _definition(constraint: Constraint) -> str:
    return constraint.definition.removesuffix(" NOT VALID")


def _unique_indexes(have: Relation, known: tuple[Index, ...]) -> Iterator[Text]:
    """Name unique indexes of nobody: they refuse rows that the script would allow.

    Further plain indexes are no difference: they only make things faster or slower.
    """
    for index in have.indexes:
        if index.unique and not index.constraint:
            made = any(
                other.name == index.name or not compare_indexes(other, index) for other in known
            )
            if not made:
                yield _(
                    "the unique index {index} on {columns} is not in the script",
                    index=index.name,
                    columns=", ".join(index.keys),
                )


def _storage(want: Relation, have: Relation) -> Iterator[Text]:
    if have.unlogged and not want.unlogged:
        yield _("it is unlogged: a crash of the server empties it")
    if want.unlogged and not have.unlogged:
        yield _("it is not unlogged")
    if want.partition_key != have.partition_key or want.partition_bound != have.partition_bound:
        yield _("it is partitioned in another way")


def _index(want: Index, have: Index) -> Iterator[Text]:
    if want.table != have.table:
        yield _("it is on the table {have} instead of {want}", have=have.table, want=want.table)
    elif (want.keys, want.include) != (have.keys, have.include):
        yield _(
            "it is on {have} instead of {want}",
            have=", ".join((*have.keys, *have.include)),
            want=", ".join((*want.keys, *want.include)),
        )
    if want.unique and not have.unique:
        yield _("it is not unique")
    if have.unique and not want.unique:
        yield _("it is unique")
    if want.method != have.method:
        yield _("its method is {have} instead of {want}", have=have.method, want=want.method)
    if want.predicate != have.predicate:
        yield _(
            "its condition is {have} instead of {want}",
            have=have.predicate or "–",
            want=want.predicate or "–",
        )
    if want.nulls_distinct != have.nulls_distinct:
        yield _("it treats NULLs in another way")
    if have.constraint:
        yield _("it belongs to a constraint")
    if not have.valid:
        yield _("it was never finished: drop it, then try again")
