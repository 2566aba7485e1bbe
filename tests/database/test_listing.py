from __future__ import annotations

import pytest

from setup_wizard.database.connection import Connection, connect
from setup_wizard.database.listing import format_listing, list_tables
from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.target import Target
from tests.servers import Psql, Server

TABLES = (
    "CREATE SCHEMA app",
    'CREATE SCHEMA "Büro 부서"',
    "CREATE TABLE sessions (id int PRIMARY KEY)",
    "CREATE TABLE app.sessions (id int)",
    "CREATE TABLE app.only_here (id int)",
    'CREATE TABLE "Büro 부서".t (id int)',
    "CREATE TABLE measures (at date) PARTITION BY RANGE (at)",
    "CREATE TABLE measures_other PARTITION OF measures DEFAULT",
    "CREATE TABLE 세션 (id int)",
    'CREATE TABLE "사용자 세션 목록" (id int)',
    "CREATE TABLE naïve (id int)",
    'CREATE TABLE "combining e\u0301, joined \u200d, emoji 😀" (id int)',
    'CREATE TABLE "My ""Quoted"" Table" (id int)',
    'CREATE TABLE "CAPITALS" (id int)',
    "CREATE TABLE capitals (id int)",
    'CREATE TABLE "two\nlines, 둘" (id int)',
    'CREATE TABLE "a\ttab\tand\rmore" (id int)',
    'CREATE TABLE "control \x01 \u0085" (id int)',
    'CREATE TABLE "price$" (id int)',
    "CREATE TABLE abc (id int)",
    "CREATE TABLE abbc (id int)",
    'CREATE TABLE "a.c" (id int)',
    'CREATE TABLE "a[]" (id int)',
    'CREATE TABLE "a(b)" (id int)',
    'CREATE TABLE "*" (id int)',
    "CREATE VIEW a_view AS SELECT 1 AS one",
    "CREATE SEQUENCE a_sequence",
    "CREATE MATERIALIZED VIEW a_matview AS SELECT 1 AS one",
    "CREATE FOREIGN DATA WRAPPER nowhere",
    "CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere",
    "CREATE FOREIGN TABLE a_foreign_table (id int) SERVER nowhere",
    "CREATE TABLE pg_like_a_system_table (id int)",
)

PATTERNS = (
    None,
    "sessions",
    "SESSIONS",
    "sess*",
    "*sess*",
    "public.*",
    "public.sess*",
    "*.sessions",
    "*.*",
    "app.*",
    "APP.only_here",
    '"CAPITALS"',
    "CAPITALS",
    '"My ""Quoted"" Table"',
    '"two"*',
    '"*"',
    "a?c",
    "ab+c",
    "ab{2}c",
    "(abc|sessions)",
    "[ab]bc",
    "a[]",
    '"a[]"',
    '"a(b)"',
    '"a.c"',
    "a.c",
    "price$",
    "세*",
    "*세션*",
    '"Büro 부서".*',
    "pg_catalog.pg_am",
    "pg_class",
    "pg_like*",
    "information_schema.sql_features",
    "pg_toast.pg_toast_1255",
    "public.",
    ".sessions",
    "no_such_table",
    '"없는 것"',
    "a_*",
)


@pytest.fixture
def filled(server: Server, database: Target) -> Target:
    server.run(*TABLES, database=database.database)
    return database


def as_psql_17(text: str, psql_version: int) -> str:
    """Undo what psql 18 changed: it names tables where 17 says relations."""
    if psql_version < 18:
        return text
    title, *rest = text.split("\n")
    if title.startswith("Did not"):
        title = title.replace("tables", "relation" if "named" in title else "relations")
    else:
        width = len(rest[1])
        title = " " * ((width - len("List of relations")) // 2) + "List of relations"
    return "\n".join((title, *rest))


def test_every_pattern_lists_what_psql_lists(
    server: Server, filled: Target, connection: Connection, psql: Psql
) -> None:
    for pattern in PATTERNS:
        printed = psql(filled, "-c", f"\\dt {pattern or ''}")
        rows = list_tables(connection, pattern)
        assert f"{format_listing(rows, pattern)}\n" == as_psql_17(printed, server.version)


@pytest.mark.parametrize("path", ["app", "app, public", "public, app", '"Büro 부서"', "''"])
def test_search_path_decides_what_is_visible(
    path: str, server: Server, filled: Target, psql: Psql
) -> None:
    name = filled.database
    server.run(f"ALTER DATABASE {name} SET search_path = {path}", database=name)
    with connect(filled, Deadline(10)) as connection:
        for pattern in (None, "sess*", "*.sess*", "pg_am"):
            printed = psql(filled, "-c", f"\\dt {pattern or ''}")
            listing = format_listing(list_tables(connection, pattern), pattern)
            assert f"{listing}\n" == as_psql_17(printed, server.version)


def test_owner_with_every_kind_of_character(
    server: Server, database: Target, connection: Connection, psql: Psql
) -> None:
    server.run(
        'CREATE ROLE "주인\nof two lines"',
        "CREATE TABLE mine (id int)",
        "CREATE TABLE theirs (id int)",
        'ALTER TABLE theirs OWNER TO "주인\nof two lines"',
        database=database.database,
    )
    try:
        listing = format_listing(list_tables(connection))
        assert f"{listing}\n" == as_psql_17(psql(database, "-c", r"\dt"), server.version)
    finally:
        server.run(
            "DROP TABLE theirs", 'DROP ROLE "주인\nof two lines"', database=database.database
        )


def test_empty_database(
    server: Server, database: Target, connection: Connection, psql: Psql
) -> None:
    rows = list_tables(connection)
    assert format_listing(rows) == "Did not find any relations."
    assert as_psql_17(psql(database, "-c", r"\dt"), server.version) == f"{format_listing(rows)}\n"


def test_the_guide_s_own_listing() -> None:
    rows = [("public", "sessions", "table", "postgres")]
    assert format_listing(rows, "sessions") == (
        "          List of relations\n"
        " Schema |   Name   | Type  |  Owner   \n"
        "--------+----------+-------+----------\n"
        " public | sessions | table | postgres\n"
        "(1 row)\n"
    )


@pytest.mark.parametrize("pattern", ["a.b.c.d", "another_database.public.*", "(", "a{2,1}"])
def test_pattern_that_psql_refuses(pattern: str, connection: Connection) -> None:
    with pytest.raises(KnownError) as refusal:
        list_tables(connection, pattern)
    assert refusal.value.code == "pattern_invalid"


def test_own_database_s_name_in_the_pattern(filled: Target, connection: Connection) -> None:
    assert list_tables(connection, f"{filled.database}.app.sess*") == [
        ("app", "sessions", "table", "postgres")
    ]
