from __future__ import annotations

import pytest

from setup_wizard.scripts import Statement
from setup_wizard.scripts.grammar import (
    Command,
    Made,
    Mention,
    Name,
    mentions,
    replaced,
    understand,
)


def command(sql: str) -> Command:
    return understand(Statement(sql, 1))


@pytest.mark.parametrize(
    ("sql", "label"),
    [
        ("insert into roles values ('canary')", "INSERT INTO roles"),
        ('INSERT INTO app."내 표" (a) SELECT 1', 'INSERT INTO app."내 표"'),
        ("UPDATE users SET password = 'canary'", "UPDATE users"),
        ("DELETE FROM users WHERE a = 1", "DELETE FROM users"),
        ("DROP TABLE IF EXISTS a, b CASCADE", "DROP TABLE IF EXISTS a"),
        ("TRUNCATE a", "TRUNCATE a"),
        ("ALTER TABLE ONLY public.a ADD b int", "ALTER TABLE ONLY public.a"),
        ("GRANT SELECT ON TABLE a TO b", "GRANT SELECT ON TABLE a"),
        ("COMMENT ON COLUMN a.b IS 'canary'", "COMMENT ON COLUMN a.b"),
        ("DO $$BEGIN END$$", "DO"),
        ("SELECT setval('canary', 1)", "SELECT setval"),
        ("SET search_path TO a", "SET search_path"),
        ("CREATE ROLE a PASSWORD 'canary'", "CREATE ROLE a"),
        ("WITH x AS (SELECT 1) SELECT 2", "WITH x"),
    ],
)
def test_what_a_statement_is_called(sql: str, label: str) -> None:
    assert command(sql).label == label


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("CREATE TABLE a (b int)", Made("table", Name("", "a"))),
        ("CREATE UNLOGGED TABLE IF NOT EXISTS s.a (b int)", Made("table", Name("s", "a"))),
        ("CREATE TEMP TABLE a (b int)", None),
        ("CREATE TABLE pg_temp.a (b int)", None),
        ("SELECT 1 AS b INTO a", Made("table", Name("", "a"))),
        ("CREATE TABLE a AS SELECT 1", Made("table", Name("", "a"))),
        ("CREATE MATERIALIZED VIEW a AS SELECT 1", Made("view", Name("", "a"))),
        ("CREATE OR REPLACE VIEW a AS SELECT 1", Made("view", Name("", "a"), replaces=True)),
        ("CREATE INDEX i ON s.a (b)", Made("index", Name("s", "i"), Name("s", "a"))),
        ("CREATE INDEX ON a (b)", Made("index", Name("", ""), Name("", "a"))),
        ("CREATE SEQUENCE s.a", Made("sequence", Name("s", "a"))),
        ("CREATE TYPE a AS (b int)", Made("type", Name("", "a"))),
        ("CREATE TYPE s.a AS ENUM ('b')", Made("type", Name("s", "a"))),
        ("CREATE TYPE a AS RANGE (subtype = date)", Made("type", Name("", "a"))),
        ("CREATE DOMAIN a AS int", Made("type", Name("", "a"))),
        ("CREATE FUNCTION a() RETURNS int RETURN 1", Made("function", Name("", "a"))),
        ("CREATE PROCEDURE a() LANGUAGE sql AS ''", Made("function", Name("", "a"))),
        ("CREATE SCHEMA a", Made("schema", Name("", "a"))),
        ("CREATE EXTENSION a", Made("extension", Name("", "a"))),
        ("CREATE ROLE a", None),
        ("SELECT 1", None),
    ],
)
def test_what_a_statement_makes(sql: str, made: Made | None) -> None:
    assert command(sql).made == made


@pytest.mark.parametrize(
    ("sql", "locked"),
    [
        ("CREATE TABLE a (b int REFERENCES s.c, FOREIGN KEY (b) REFERENCES d)", ["s.c", "d"]),
        ("CREATE INDEX ON s.a (b)", ["s.a"]),
        ("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c, ADD d int REFERENCES e", ["a", "c", "e"]),
        ("CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()", ["a"]),
        ("ALTER SEQUENCE s RESTART", ["s"]),
        ("CREATE POLICY p ON a", ["a"]),
        ("ALTER TABLE a RENAME TO b", ["a"]),
        ("CREATE TABLE a (LIKE b) INHERITS (c)", ["c"]),
        ("CREATE TABLE a PARTITION OF b DEFAULT", ["b"]),
        ("CREATE VIEW a AS SELECT * FROM b", []),
    ],
)
def test_what_a_statement_locks(sql: str, locked: list[str]) -> None:
    assert [".".join(filter(None, name)) for name in command(sql).locked] == locked


@pytest.mark.parametrize(
    ("sql", "dropped"),
    [
        ("DROP TABLE a, s.b", [Name("", "a"), Name("s", "b")]),
        ("DROP TYPE s.a", [Name("s", "a")]),
        ("DROP FUNCTION s.f(int)", [Name("s", "f")]),
        ("DROP TRIGGER t ON s.a", [Name("s", "t")]),
        ("DROP POLICY p ON a", [Name("", "p")]),
        ("DROP SCHEMA s", [Name("s", "")]),
    ],
)
def test_what_a_statement_drops(sql: str, dropped: list[Name]) -> None:
    assert list(command(sql).dropped) == dropped


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1 FROM 앱.표 t WHERE t.a = 'b.c'", [("앱", "표", "앱"), ("t", "a", "t")]),
        ("COMMENT ON TABLE \"My App\".a IS ''", [("My App", "a", '"My App"')]),
        ("SELECT nextval('s.a'), 'S.B'::regclass", [("s", "a", "s"), ("s", "b", "S")]),
        ("SELECT nextval('it''s')", []),
        ("GRANT USAGE ON SCHEMA s TO r", [("s", "", "s")]),
        ("SELECT a.b.c", [("a", "b", "a")]),
        ("SELECT 'a.b' -- c.d", []),
    ],
)
def test_where_schemas_are_named(sql: str, found: list[tuple[str, str, str]]) -> None:
    data = sql.encode()
    assert [
        (mention.schema, mention.name, data[mention.start : mention.end].decode())
        for mention in mentions(command(sql))
    ] == found


def test_a_mention_says_where_it_is() -> None:
    assert list(mentions(command("DROP TABLE s.a"))) == [Mention(11, 12, "s", "a")]


def test_places_in_a_changed_text() -> None:
    text = "표 FROM s.a, s.b"
    data = text.encode()
    at = [data.index(b"s."), data.rindex(b"s.")]
    new, moves = replaced(text, {(0, 0): "EXPLAIN ", **{(i, i + 1): "scratch" for i in at}})
    assert new == "EXPLAIN 표 FROM scratch.a, scratch.b"
    assert moves.back(new.index("표")) == 0
    assert moves.back(new.index(".a")) == text.index(".a")
    assert moves.back(new.index(".b")) == text.index(".b")
    assert moves.back(new.index("scratch.b") + 3) == text.index("s.b")
    assert moves.back(len(new)) == len(text)
    assert moves.back(3) == 0


@pytest.mark.parametrize(
    ("sql", "alone"),
    [
        ("DO $$BEGIN PERFORM setval('a', 1); END$$", True),
        ("DO $$BEGIN CREATE TYPE a AS ENUM ('setval'); END$$", False),
        ("SET lock_timeout = 0", True),
        ("RESET ALL", True),
        ("SET search_path = a", False),
        ("CALL f()", True),
        ("TRUNCATE a", True),
        ("CREATE TABLE a (b int)", False),
    ],
)
def test_what_a_rehearsal_leaves_alone(sql: str, alone: bool) -> None:
    assert command(sql).left_alone is alone
