"""Generated tables: applied they are the same, with any one thing changed they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from setup_wizard.database.connection import Connection
from setup_wizard.scripts import Script
from setup_wizard.scripts.applying import apply
from setup_wizard.scripts.grammar import quoted
from setup_wizard.scripts.planning import make_plan
from setup_wizard.scripts.reading import read_script

# Types, and two different defaults of each.
TYPES = {
    "integer": ("0", "(1 + 2)"),
    "bigint": ("7", "length('abc')"),
    "text": ("'한글; --'", "upper('a')"),
    "varchar(20)": ("'a''b'", "current_user"),
    "varchar(30)": ("''", "'null'"),
    "numeric(8,2)": ("0.5", "1e3"),
    "boolean": ("true", "(1 > 2)"),
    "timestamptz": ("current_timestamp", "now() + interval '1 day'"),
    "timestamp": ("'2024-01-01'", "localtimestamp"),
    "date[]": ("'{}'", "ARRAY[current_date]"),
    "jsonb": ("'{}'", "jsonb_build_object('a', 1)"),
    "uuid": ("gen_random_uuid()", "'00000000-0000-0000-0000-000000000000'"),
    "double precision": ("random()", "'NaN'"),
}
KEYS = [name for name in TYPES if name != "jsonb"]
NAMES = ["id", "user", "만료 시각", "CamelCase", 'qu"ote', "a.b", "select", "열", "x" * 63]


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    not_null: bool
    default: int | None

    def sql(self) -> str:
        default = "" if self.default is None else f" DEFAULT {TYPES[self.type][self.default]}"
        return f"{quoted(self.name)} {self.type}{' NOT NULL' * self.not_null}{default}"


@dataclass(frozen=True)
class Index:
    column: str
    unique: bool
    descending: bool
    partial: bool

    def sql(self, name: str) -> str:
        return (
            f"CREATE {'UNIQUE ' * self.unique}INDEX IF NOT EXISTS {name} ON {{table}} "
            f"({quoted(self.column)}{' DESC' * self.descending})"
            f"{f' WHERE {quoted(self.column)} IS NOT NULL' * self.partial}"
        )


@dataclass(frozen=True)
class Table:
    columns: tuple[Column, ...]
    primary: str | None
    unique: str | None
    check: str | None
    reference: bool
    indexes: tuple[Index, ...]

    def sql(self, name: str, schema: str = "") -> str:
        table = f"{schema}{quoted(name)}"
        parts = [column.sql() for column in self.columns]
        if self.primary:
            parts.append(f"PRIMARY KEY ({quoted(self.primary)})")
        if self.unique:
            parts.append(f"UNIQUE ({quoted(self.unique)})")
        if self.check:
            parts.append(f"CHECK ({quoted(self.check)} IS NOT NULL)")
        parts += [f"parent int REFERENCES {schema}parents"] * self.reference
        statements = [f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(parts)})"]
        statements += [
            each.sql(f"index_{i}").format(table=table) for i, each in enumerate(self.indexes)
        ]
        return ";\n".join(statements)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True))
    columns = tuple(
        Column(
            name,
            draw(st.sampled_from(KEYS)),
            draw(st.booleans()),
            draw(st.sampled_from([None, 0, 1])),
        )
        for name in names
    )
    some = st.none() | st.sampled_from(names)
    primary = draw(some)
    index = st.builds(Index, st.sampled_from(names), st.booleans(), st.booleans(), st.booleans())
    return Table(
        columns,
        primary,
        draw(some.filter(lambda name: name is None or name != primary)),
        draw(some),
        draw(st.booleans()),
        tuple(draw(st.lists(index, max_size=2))),
    )


@st.composite
def with_one_change(draw: st.DrawFn, table: Table) -> Table:
    """Change one thing that counts."""
    at = draw(st.integers(0, len(table.columns) - 1))
    column = table.columns[at]
    others = [c.name for c in table.columns]

    def changed(**change: object) -> Table:
        new = replace(column, **change)  # type: ignore[arg-type] # names and types match above
        return replace(table, columns=(*table.columns[:at], new, *table.columns[at + 1 :]))

    def other_than(now: str | None, taken: str | None = None) -> st.SearchStrategy[str | None]:
        return st.sampled_from([n for n in (*others, None) if n != now and (not n or n != taken)])

    options = [
        changed(type=draw(st.sampled_from([t for t in KEYS if t != column.type])), default=None),
        changed(default=draw(st.sampled_from([d for d in (None, 0, 1) if d != column.default]))),
        replace(table, columns=(*table.columns, Column("one more", "text", False, None))),
        replace(table, primary=draw(other_than(table.primary, table.unique))),
        replace(table, unique=draw(other_than(table.unique, table.primary))),
        replace(table, check=draw(other_than(table.check))),
        replace(table, reference=not table.reference),
    ]
    if column.name != table.primary:  # whose column is never NULL anyway
        options.append(changed(not_null=not column.not_null))
    for i, index in enumerate(table.indexes):
        choices = [
            replace(index, unique=not index.unique),
            replace(index, descending=not index.descending),
            replace(index, partial=not index.partial),
            replace(index, column=next(n for n in others if n != index.column)),
        ]
        new = draw(st.sampled_from(choices))
        options.append(replace(table, indexes=(*table.indexes[:i], new, *table.indexes[i + 1 :])))
    return draw(st.sampled_from(options))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Table, Table]:
    table = draw(tables())
    return table, draw(with_one_change(table))


def script(folder: Path, sql: str) -> Script:
    path = folder / "generated.sql"
    path.write_text(sql, encoding="utf-8")
    return read_script(path)


PARENTS = "CREATE TABLE IF NOT EXISTS {schema}parents (id int PRIMARY KEY);\n"
ON_A_SERVER = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@ON_A_SERVER
@given(tables(), st.sampled_from(["", "public."]))
def test_what_was_applied_is_the_same(
    connection: Connection, tmp_path: Path, table: Table, schema: str
) -> None:
    read = script(tmp_path, PARENTS.format(schema=schema) + table.sql("내 표", schema))
    try:
        apply(connection, make_plan(connection, [read]))
        plan = make_plan(connection, [read])
        assert plan.nothing_to_do, plan.items
    finally:
        connection.execute('DROP TABLE IF EXISTS "내 표", parents')


@ON_A_SERVER
@given(pairs())
def test_one_change_is_a_difference(
    connection: Connection, tmp_path: Path, pair: tuple[Table, Table]
) -> None:
    wanted, there = pair
    try:
        connection.execute(PARENTS.format(schema="") + there.sql("내 표"))
        plan = make_plan(
            connection, [script(tmp_path, PARENTS.format(schema="") + wanted.sql("내 표"))]
        )
        assert plan.differs, plan.items
    finally:
        connection.execute('DROP TABLE IF EXISTS "내 표", parents')
