from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from setup_wizard.database.connection import Connection, connect
from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.resources import bundled
from setup_wizard.scripts import Action, Plan, Script
from setup_wizard.scripts.applying import apply
from setup_wizard.scripts.planning import make_plan
from setup_wizard.scripts.reading import read_script
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.scripts.conftest import MakeScript
from tests.servers import Server, conninfo

SESSIONS = bundled("migrations/create_sessions_table.sql")

Rows = list[tuple[object, ...]]


@pytest.fixture
def sessions() -> Script:
    return read_script(SESSIONS)


def rows(plan: Plan) -> list[tuple[str, str, str, str]]:
    return [(i.kind, i.object, i.action.value, str(i.about)) for i in plan.items]


def actions(plan: Plan) -> dict[str, str]:
    return {item.object: item.action.value for item in plan.items}


def differences(plan: Plan) -> list[str]:
    return [str(text) for item in plan.items for text in item.differences]


def state(connection: Connection) -> dict[str, Rows]:
    """Everything in the catalogs that making objects touches."""
    return {
        catalog: connection.query(f"SELECT t::text FROM {catalog} t ORDER BY 1")
        for catalog in (
            "pg_namespace",
            "pg_class",
            "pg_attribute",
            "pg_type",
            "pg_proc",
            "pg_constraint",
            "pg_index",
            "pg_trigger",
            "pg_attrdef",
            "pg_depend",
            "pg_description",
            "pg_extension",
            "pg_sequence",
        )
    }


@contextmanager
def other_session(target: Target, *statements: str) -> Iterator[psycopg.Connection]:
    """Somebody else, in an open transaction."""
    with psycopg.connect(**conninfo(target), application_name="pgAdmin 4") as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield connection


def test_the_sessions_script(connection: Connection, sessions: Script) -> None:
    assert rows(make_plan(connection, [sessions])) == [
        ("table", "sessions", "create", "7 columns"),
        ("index", "idx_expires_at", "create", "on expires_at"),
        ("index", "idx_session_id", "create", "on session_id"),
    ]
    apply(connection, make_plan(connection, [sessions]))
    plan = make_plan(connection, [sessions])
    assert [action for _kind, _name, action, _about in rows(plan)] == ["same"] * 3
    assert plan.nothing_to_do


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("ALTER TABLE sessions DROP metadata", "column metadata is missing"),
        ("ALTER TABLE sessions ADD more int", "column more is not in the script"),
        (
            "ALTER TABLE sessions ALTER session_id TYPE varchar(50)",
            (
                "column session_id has the type character varying(50) instead of "
                "character varying(100)"
            ),
        ),
        (
            "ALTER TABLE sessions ALTER expires_at TYPE timestamp",
            (
                "column expires_at has the type timestamp without time zone instead of "
                "timestamp with time zone"
            ),
        ),
        ("ALTER TABLE sessions ALTER expires_at DROP NOT NULL", "column expires_at may be NULL"),
        ("ALTER TABLE sessions ALTER user_id SET NOT NULL", "column user_id may not be NULL"),
        (
            "ALTER TABLE sessions ALTER created_at DROP DEFAULT",
            "column created_at has no default instead of CURRENT_TIMESTAMP",
        ),
        (
            "ALTER TABLE sessions ALTER user_id SET DEFAULT 7",
            "column user_id has the default 7 instead of none",
        ),
        (
            "ALTER TABLE sessions ALTER request_count SET DEFAULT 1",
            "column request_count has the default 1 instead of 0",
        ),
        (
            (
                "ALTER TABLE sessions ALTER request_count DROP DEFAULT, "
                "ALTER request_count ADD GENERATED ALWAYS AS IDENTITY"
            ),
            "column request_count gets its values in another way",
        ),
        (
            (
                "ALTER TABLE sessions DROP metadata, "
                "ADD metadata text GENERATED ALWAYS AS ('a') STORED"
            ),
            "column metadata gets its values in another way",
        ),
        (
            'ALTER TABLE sessions ALTER metadata TYPE text COLLATE "C"',
            "column metadata is sorted in another way",
        ),
        (
            "ALTER TABLE sessions DROP CONSTRAINT sessions_pkey, ALTER session_id SET NOT NULL",
            "the constraint PRIMARY KEY (session_id) is missing",
        ),
        (
            "ALTER TABLE sessions ADD UNIQUE (user_id)",
            "the constraint UNIQUE (user_id) is not in the script",
        ),
        (
            "CREATE UNIQUE INDEX only_one ON sessions (user_id)",
            "the unique index only_one on user_id is not in the script",
        ),
        (
            "ALTER TABLE sessions ADD CHECK (user_id > 0)",
            "the constraint CHECK (user_id > 0) is not in the script",
        ),
        (
            (
                "CREATE TABLE users (id int PRIMARY KEY); "
                "ALTER TABLE sessions ADD FOREIGN KEY (user_id) REFERENCES users"
            ),
            "the constraint FOREIGN KEY (user_id) REFERENCES users(id) is not in the script",
        ),
        ("ALTER TABLE sessions SET UNLOGGED", "it is unlogged: a crash of the server empties it"),
        ("DROP TABLE sessions; CREATE VIEW sessions AS SELECT 1", "sessions is a view there"),
        ("DROP TABLE sessions; CREATE SEQUENCE sessions", "sessions is a sequence there"),
        ("DROP TABLE sessions; CREATE TYPE sessions AS (a int)", "sessions is a type there"),
        (
            "DROP TABLE sessions; CREATE TABLE t (a int); CREATE INDEX sessions ON t (a)",
            "sessions is an index there",
        ),
        (
            (
                "DROP INDEX idx_expires_at; CREATE TABLE t (a int);"
                "CREATE INDEX idx_expires_at ON t (a)"
            ),
            "it is on the table t instead of sessions",
        ),
        (
            "DROP INDEX idx_expires_at; CREATE INDEX idx_expires_at ON sessions (created_at)",
            "it is on created_at instead of expires_at",
        ),
        (
            "DROP INDEX idx_expires_at; CREATE INDEX idx_expires_at ON sessions (expires_at DESC)",
            "it is on expires_at DESC instead of expires_at",
        ),
        (
            (
                "DROP INDEX idx_expires_at; "
                "CREATE INDEX idx_expires_at ON sessions (expires_at) INCLUDE (user_id)"
            ),
            "it is on expires_at, user_id instead of expires_at",
        ),
        (
            (
                "DROP INDEX idx_expires_at;"
                "CREATE UNIQUE INDEX idx_expires_at ON sessions (expires_at)"
            ),
            "it is unique",
        ),
        (
            (
                "DROP INDEX idx_expires_at; "
                "CREATE INDEX idx_expires_at ON sessions USING hash (expires_at)"
            ),
            "its method is hash instead of btree",
        ),
        (
            (
                "DROP INDEX idx_expires_at; "
                "CREATE INDEX idx_expires_at ON sessions (expires_at) WHERE user_id > 0"
            ),
            "its condition is user_id > 0 instead of –",
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_expires_at'::regclass",
            "it was never finished: drop it, then try again",
        ),
        (
            "DROP INDEX idx_expires_at; CREATE TABLE idx_expires_at (a int)",
            "idx_expires_at is a table there",
        ),
    ],
)
def test_each_difference_is_named(
    connection: Connection, sessions: Script, change: str, difference: str
) -> None:
    apply(connection, make_plan(connection, [sessions]))
    connection.execute(change)
    plan = make_plan(connection, [sessions])
    assert difference in differences(plan)
    with pytest.raises(KnownError) as caught:
        apply(connection, plan)
    assert caught.value.code == "table_differs"


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX one_more ON sessions (user_id)",
        "ALTER TABLE sessions RENAME CONSTRAINT sessions_pkey TO another_name",
        "ALTER TABLE sessions DROP metadata, ADD metadata text",
        "COMMENT ON TABLE sessions IS '세션'; ALTER TABLE sessions SET (fillfactor = 80)",
        "INSERT INTO sessions (session_id, expires_at) VALUES ('a', now())",
        "CREATE VIEW v AS SELECT * FROM sessions",
    ],
)
def test_what_is_no_difference(connection: Connection, sessions: Script, change: str) -> None:
    apply(connection, make_plan(connection, [sessions]))
    connection.execute(change)
    assert make_plan(connection, [sessions]).nothing_to_do


# Scripts that say the same a second time, and what the first plan says about each.
AGAIN = {
    "serial and identity": (
        (
            "CREATE TABLE a (id serial PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY,"
            " t text GENERATED ALWAYS AS ('x') STORED, UNIQUE (n, t))"
        ),
        {"a": "create"},
    ),
    "foreign keys": (
        (
            "CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a);"
            "CREATE TABLE b (a int CONSTRAINT my_key REFERENCES a ON DELETE CASCADE,"
            " CHECK (a > 0))"
        ),
        {"a": "create", "b": "create"},
    ),
    "qualified names": (
        (
            "CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE app.a (id serial PRIMARY KEY);"
            "CREATE TABLE public.b (a int REFERENCES app.a, n int DEFAULT nextval('app.a_id_seq'));"
            "CREATE INDEX i ON app.a (id); COMMENT ON TABLE app.a IS 'x';"
            "GRANT USAGE ON SCHEMA app TO PUBLIC; INSERT INTO app.a DEFAULT VALUES;"
        ),
        {
            "app": "create",
            "app.a": "create",
            "b": "create",
            "app.i": "create",
            "COMMENT ON TABLE app.a": "run",
            "GRANT USAGE": "run",
            "INSERT INTO app.a": "run",
        },
    ),
    "a search path": (
        (
            "CREATE SCHEMA app; SET search_path TO app, public; CREATE TABLE a (id int);"
            "CREATE TABLE public.a (n int); CREATE INDEX i ON a (id)"
        ),
        {
            "app": "create",
            "SET search_path": "run",
            "app.a": "create",
            "a": "create",
            "app.i": "create",
        },
    ),
    "Korean names": (
        (
            'CREATE TABLE "내 표" (이름 text PRIMARY KEY DEFAULT \'없음\', "큰 Name" int);'
            'CREATE INDEX 찾기 ON "내 표" ("큰 Name") WHERE 이름 <> \'가\''
        ),
        {"내 표": "create", "찾기": "create"},
    ),
    "views and sequences": (
        (
            "CREATE TABLE a (id int); CREATE VIEW v AS SELECT id AS n FROM public.a;"
            "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM a;"
            "CREATE SEQUENCE s START 5 INCREMENT 2; CREATE TABLE c AS SELECT * FROM a WITH DATA"
        ),
        {"a": "create", "v": "create", "m": "create", "s": "create", "c": "create"},
    ),
    "types, functions, triggers": (
        (
            "CREATE TYPE mood AS ENUM ('좋음', 'bad'); CREATE DOMAIN age AS int CHECK (VALUE > 0);"
            "CREATE TYPE pair AS (a int, b mood);"
            "CREATE TABLE a (m mood DEFAULT 'bad', n age, p pair);"
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;"
            "CREATE FUNCTION g(x mood) RETURNS int RETURN 1;"
            "CREATE OR REPLACE FUNCTION g(x int) RETURNS int LANGUAGE sql"
            " AS 'SELECT n FROM public.a';"
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()"
        ),
        {
            "mood": "create",
            "age": "create",
            "pair": "create",
            "a": "create",
            "f": "create",
            "g": "create",
            "t": "create",
        },
    ),
    "partitions": (
        (
            "CREATE TABLE p (at date NOT NULL) PARTITION BY RANGE (at);"
            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
            "CREATE UNIQUE INDEX u ON p (at)"
        ),
        {"p": "create", "p1": "create", "u": "create"},
    ),
    "as pg_dump writes it": (
        (
            "SET statement_timeout = 0; SET lock_timeout = 0; SET client_min_messages = warning;"
            "SELECT pg_catalog.set_config('search_path', '', false);"
            "CREATE TABLE public.a (id integer NOT NULL, name text);"
            "ALTER TABLE public.a OWNER TO postgres;"
            "CREATE SEQUENCE public.a_id_seq AS integer;"
            "ALTER SEQUENCE public.a_id_seq OWNED BY public.a.id;"
            "ALTER TABLE ONLY public.a ALTER COLUMN id"
            " SET DEFAULT nextval('public.a_id_seq'::regclass);"
            "ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);"
            "CREATE INDEX a_name ON public.a USING btree (name);"
            "SELECT pg_catalog.setval('public.a_id_seq', 42, true);"
        ),
        {
            "a": "create",
            "ALTER TABLE public.a": "run",
            "a_id_seq": "create",
            "a_name": "create",
            "ALTER TABLE ONLY public.a": "run",
            "ALTER SEQUENCE public.a_id_seq": "run",
        },
    ),
    "unnamed indexes": (
        "CREATE TABLE a (b int, c int); CREATE INDEX ON a (b); CREATE UNIQUE INDEX ON a (c)",
        {"a": "create", "a_b_idx": "create", "a_c_idx": "create"},
    ),
}


@pytest.mark.parametrize("case", AGAIN)
def test_the_second_time_all_is_the_same(
    connection: Connection, script: MakeScript, case: str
) -> None:
    sql, expected = AGAIN[case]
    read = script(sql)
    plan = make_plan(connection, [read])
    assert expected.items() <= actions(plan).items()
    apply(connection, plan)
    again = make_plan(connection, [read])
    assert [i for i in again.items if i.kind != "statement" and i.action is not Action.SAME] == []
    apply(connection, again)  # what is left to run can be run again
    assert make_plan(connection, [read]).items == again.items


def test_a_plan_changes_nothing(connection: Connection, script: MakeScript) -> None:
    connection.execute(
        "CREATE TABLE users (id serial PRIMARY KEY, email text);"
        "CREATE UNIQUE INDEX users_email ON users (email);"
        "CREATE VIEW v AS SELECT 1 AS a; CREATE TYPE mood AS ENUM ('a');"
        "INSERT INTO users (email) VALUES ('a'), ('b')"
    )
    before = state(connection)
    read = script(
        "CREATE TABLE a (u int REFERENCES users, e text REFERENCES public.users (email));"
        "CREATE INDEX i ON users (id, email); ALTER TABLE users ADD name text;"
        "INSERT INTO users (email, name) VALUES ('c', 'd'); SELECT setval('users_id_seq', 99);"
        "DO $$BEGIN PERFORM setval('users_id_seq', 98); END$$; ALTER SEQUENCE users_id_seq RESTART;"
        "UPDATE users SET email = 'x'; TRUNCATE users; COPY users TO '/tmp/never';"
        "CREATE OR REPLACE VIEW v AS SELECT 2 AS a; DROP TYPE mood; DROP TABLE IF EXISTS users;"
    )
    plan = make_plan(connection, [read])
    assert actions(plan) == {
        "a": "create",
        "i": "create",
        "ALTER TABLE users": "run",
        "INSERT INTO users": "run",
        "SELECT setval": "run",
        "DO": "run",
        "ALTER SEQUENCE users_id_seq": "run",
        "UPDATE users": "run",
        "TRUNCATE users": "run",
        "COPY users": "run",
        "v": "run",
        "DROP TYPE mood": "run",
        "DROP TABLE IF EXISTS users": "run",
    }
    assert state(connection) == before
    assert connection.query("SELECT last_value FROM users_id_seq") == [(2,)]
    assert connection.query("SELECT count(*) FROM users") == [(2,)]


def test_nobody_waits_for_a_plan(
    connection: Connection, script: MakeScript, database: Target
) -> None:
    """An open transaction that has written holds locks; a rehearsal takes none beside them."""
    connection.execute(
        "CREATE TABLE users (id int PRIMARY KEY, email text); CREATE TABLE sessions (id int)"
    )
    read = script(
        "CREATE TABLE IF NOT EXISTS sessions (id int);"
        "CREATE INDEX IF NOT EXISTS i ON sessions (id);"
        "CREATE INDEX IF NOT EXISTS j ON public.users (email);"
        "CREATE TABLE IF NOT EXISTS orders (u int REFERENCES users);"
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS name text;"
        "CREATE TRIGGER t BEFORE UPDATE ON users"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger();"
        "INSERT INTO users (id, name) VALUES (1, 'a'); DROP INDEX IF EXISTS j; TRUNCATE sessions"
    )
    with other_session(database, "INSERT INTO users VALUES (1); INSERT INTO sessions VALUES (1)"):
        assert actions(make_plan(connection, [read]))["orders"] == "create"


def test_a_locked_table_names_who_holds_it(
    connection: Connection, sessions: Script, database: Target
) -> None:
    apply(connection, make_plan(connection, [sessions]))
    with other_session(database, "LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE") as other:
        pid = other.info.backend_pid
        with pytest.raises(KnownError) as caught:
            make_plan(connection, [sessions])
    assert caught.value.code == "lock_timeout"
    assert caught.value.evidence["pids"] == [str(pid)]
    assert f"pgAdmin 4 (pid {pid}" in str(caught.value)
    assert make_plan(connection, [sessions]).nothing_to_do


def test_scripts_are_rehearsed_in_order(
    connection: Connection, script: MakeScript, sessions: Script, tmp_path: Path
) -> None:
    second = script("CREATE TABLE notes (session varchar(100) REFERENCES sessions)")
    assert actions(make_plan(connection, [sessions, second]))["notes"] == "create"
    with pytest.raises(KnownError) as caught:
        make_plan(connection, [second, sessions])
    assert caught.value.evidence["sqlstate"] == "42P01"


@pytest.mark.parametrize(
    ("sql", "sqlstate", "line", "column"),
    [
        ("CREATE TABLE a (b int);\nCREATE TABLE c (\n  이름 txt\n)", "42704", 3, 6),
        ("SELECT 1; SELECT 한글 FROM\n nowhere", "42P01", 2, 2),
        ("CREATE TABLE a (b int);\n\n  INSERT INTO public.a (c) VALUES (1)", "42703", 3, 25),
        ("CREATE TABLE nowhere.a (b int)", "3F000", 1, 14),
        ("CREATE TABLE a (b int); CREATE TABLE a (b int)", "42P07", 1, 25),
        ("CREATE TABLE a (b int DEFAULT 'x')", "22P02", 1, 31),
        ("CREATE EXTENSION there_is_none", "0A000", 1, 1),
        ("ALTER TABLE nowhere ADD a int", "42P01", 1, 1),
    ],
)
def test_where_a_rehearsal_stopped(
    connection: Connection,
    script: MakeScript,
    sql: str,
    sqlstate: str,
    line: int,
    column: int,
) -> None:
    before = state(connection)
    with pytest.raises(KnownError) as caught:
        make_plan(connection, [script(sql)])
    error = caught.value
    assert error.code == "script_failed"
    assert (error.evidence["sqlstate"], error.evidence["line"]) == (sqlstate, line)
    assert error.evidence["column"] == column
    assert error.server_text
    assert "스크립트 1.sql" in str(error.title)
    json.dumps(error.evidence)
    assert state(connection) == before


def test_an_upgrade_script_is_no_difference(connection: Connection, script: MakeScript) -> None:
    read = script(
        "CREATE TABLE IF NOT EXISTS a (id int);"
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS b text;"
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS c text NOT NULL DEFAULT '';"
    )
    connection.execute("CREATE TABLE a (id int, b text)")
    plan = make_plan(connection, [read])
    assert [item.action for item in plan.items] == [Action.SAME, Action.SAME, Action.RUN]
    assert [result.line for result in apply(connection, plan)] == [1]
    assert make_plan(connection, [read]).nothing_to_do
    connection.execute("ALTER TABLE a ADD d int")
    assert differences(make_plan(connection, [read])) == ["column d is not in the script"]


def test_altering_a_table_of_somebody_else(connection: Connection, script: MakeScript) -> None:
    connection.execute(
        "CREATE TABLE roles (id int PRIMARY KEY);"
        "CREATE TABLE users (id int, role int REFERENCES roles, CHECK (id > 0))"
    )
    read = script(
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS name text;"
        "ALTER TABLE users ADD UNIQUE (name);"
        "CREATE INDEX IF NOT EXISTS i ON users (name)"
    )
    assert [i.action for i in make_plan(connection, [read]).items] == ["run", "run", "create"]
    apply(connection, make_plan(connection, [read]))
    idempotent = script(
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS name text;"
        "CREATE INDEX IF NOT EXISTS i ON users (name)"
    )
    assert make_plan(connection, [idempotent]).nothing_to_do


def test_a_foreign_key_that_is_there_already(connection: Connection, script: MakeScript) -> None:
    connection.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int)")
    read = script("ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a")
    assert [i.action for i in make_plan(connection, [read]).items] == [Action.RUN]
    apply(connection, make_plan(connection, [read]))
    assert make_plan(connection, [read]).nothing_to_do


def test_dropping_and_making_anew(connection: Connection, script: MakeScript) -> None:
    read = script(
        "DROP TABLE IF EXISTS a CASCADE; DROP TYPE IF EXISTS m;"
        "CREATE TYPE m AS ENUM ('x'); CREATE TABLE a (b m); CREATE INDEX i ON a (b)"
    )
    for _ in range(3):
        plan = make_plan(connection, [read])
        assert rows(plan) == [
            ("statement", "DROP TABLE IF EXISTS a", "run", ""),
            ("statement", "DROP TYPE IF EXISTS m", "run", ""),
            ("type", "m", "create", ""),
            ("table", "a", "create", "1 column"),
            ("index", "i", "create", "on b"),
        ]
        assert len(apply(connection, plan)) == 5


def test_a_schema_is_dropped_and_made_anew(connection: Connection, script: MakeScript) -> None:
    read = script(
        "DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app; CREATE TABLE app.a (b int)"
    )
    for _ in range(2):
        plan = make_plan(connection, [read])
        assert [item.action.value for item in plan.items] == ["run", "create", "create"]
        apply(connection, plan)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE IF NOT EXISTS p2 PARTITION OF p FOR VALUES IN (2)",
        "CREATE TABLE IF NOT EXISTS child (more int) INHERITS (parent)",
    ],
)
def test_a_child_of_a_table_that_exists(
    connection: Connection, script: MakeScript, sql: str, database: Target
) -> None:
    connection.execute(
        "CREATE TABLE p (a int PRIMARY KEY) PARTITION BY LIST (a);"
        "CREATE TABLE p_rest PARTITION OF p DEFAULT; CREATE TABLE parent (a int)"
    )
    read = script(sql)
    with other_session(database, "INSERT INTO p VALUES (1); INSERT INTO parent VALUES (1)"):
        plan = make_plan(connection, [read])
    assert [item.action for item in plan.items] == [Action.CREATE]
    apply(connection, plan)
    assert make_plan(connection, [read]).nothing_to_do


def test_functions_of_one_name(connection: Connection, script: MakeScript) -> None:
    connection.execute("CREATE FUNCTION f(text) RETURNS int RETURN 1")
    read = script(
        "CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION f(int) RETURNS int RETURN 1;"
        "CREATE FUNCTION f(text) RETURNS int RETURN 1; CREATE FUNCTION f(mood) RETURNS int RETURN 1"
    )
    plan = make_plan(connection, [read])
    assert [item.action.value for item in plan.items] == ["create", "create", "same", "create"]
    apply(connection, plan)
    assert make_plan(connection, [read]).nothing_to_do


def test_a_do_block_that_makes_a_type(connection: Connection, script: MakeScript) -> None:
    read = script(
        "DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL;"
        " END $$; CREATE TABLE IF NOT EXISTS a (m mood)"
    )
    assert actions(make_plan(connection, [read])) == {"DO": "run", "a": "create"}
    apply(connection, make_plan(connection, [read]))
    assert actions(make_plan(connection, [read])) == {"DO": "run", "a": "same"}


def test_other_definitions(connection: Connection, script: MakeScript) -> None:
    connection.execute(
        "CREATE TYPE mood AS ENUM ('a'); CREATE SEQUENCE s; CREATE VIEW v AS SELECT 1 AS a;"
        "CREATE FUNCTION f() RETURNS int RETURN 1; CREATE VIEW w AS SELECT 1 AS a"
    )
    plan = make_plan(
        connection,
        [
            script(
                "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE SEQUENCE s INCREMENT 2;"
                "CREATE OR REPLACE VIEW v AS SELECT 2 AS a;"
                "CREATE OR REPLACE FUNCTION f() RETURNS int RETURN 2;"
                "CREATE VIEW w AS SELECT 2 AS a"
            )
        ],
    )
    assert actions(plan) == {
        "mood": "differs",
        "s": "differs",
        "v": "run",
        "f": "run",
        "w": "differs",
    }


def test_the_script_s_own_constraint_names_count(
    connection: Connection, script: MakeScript
) -> None:
    connection.execute("CREATE TABLE a (b int CONSTRAINT other CHECK (b > 0) UNIQUE)")
    read = script("CREATE TABLE a (b int CONSTRAINT mine CHECK (b > 0) UNIQUE)")
    assert differences(make_plan(connection, [read])) == [
        "the constraint CHECK (b > 0) is called other instead of mine"
    ]


def test_a_constraint_that_nobody_checked(connection: Connection, script: MakeScript) -> None:
    connection.execute(
        "CREATE TABLE a (b int); ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID"
    )
    read = script("CREATE TABLE a (b int, CONSTRAINT c CHECK (b > 0))")
    assert differences(make_plan(connection, [read])) == [
        "the constraint CHECK (b > 0) was never checked against the rows there"
    ]


def test_a_serial_whose_sequence_got_a_number(connection: Connection, script: MakeScript) -> None:
    connection.execute("CREATE SEQUENCE a_id_seq; CREATE TABLE a (id serial)")
    assert make_plan(connection, [script("CREATE TABLE a (id serial)")]).nothing_to_do


def test_an_extension_that_is_there(connection: Connection, script: MakeScript) -> None:
    read = script("CREATE EXTENSION IF NOT EXISTS plpgsql")
    assert rows(make_plan(connection, [read])) == [("extension", "plpgsql", "same", "")]


def test_a_user_s_own_lock_timeout_does_not_matter(
    connection: Connection, sessions: Script
) -> None:
    connection.execute("SET statement_timeout = '1h'; SET lock_timeout = '1h'")
    make_plan(connection, [sessions])
    assert connection.query("SHOW lock_timeout") == [("1h",)]


@pytest.fixture
def as_user(server: Server, database: Target) -> Iterator[Target]:
    """The database as a user without any right but to connect, dropped afterwards."""
    user = f"user_of_{database.database}"
    server.run(
        f"CREATE ROLE {user} LOGIN PASSWORD 'pass word'",
        f"REVOKE ALL ON DATABASE {database.database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database.database} TO {user}",
    )
    yield Target(database.host, database.port, database.database, user, Secret("pass word"))
    server.run(
        f"DROP OWNED BY {user}",
        database=database.database,
    )
    server.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def test_a_user_who_may_create_nothing(as_user: Target, sessions: Script) -> None:
    with connect(as_user, Deadline(20)) as connection, pytest.raises(KnownError) as caught:
        make_plan(connection, [sessions])
    assert caught.value.code == "cannot_create"


def test_a_user_who_may_not_create_in_public(
    as_user: Target, sessions: Script, server: Server
) -> None:
    server.run(f"GRANT CREATE, TEMP ON DATABASE {as_user.database} TO {as_user.user}")
    with connect(as_user, Deadline(20)) as connection:
        with pytest.raises(KnownError) as caught:
            make_plan(connection, [sessions])
        assert caught.value.code == "cannot_create"
        assert caught.value.evidence == {"schema": "public", "user": as_user.user}
        assert f"GRANT CREATE ON SCHEMA public TO {as_user.user}" in str(caught.value)
        server.run(
            SESSIONS.read_text(),
            f"GRANT SELECT ON sessions TO {as_user.user}",
            database=as_user.database,
        )
        assert make_plan(connection, [sessions]).nothing_to_do


@pytest.mark.parametrize("case", [case for case in AGAIN if case != "as pg_dump writes it"])
def test_rehearsing_in_temporary_tables(
    as_user: Target, script: MakeScript, server: Server, case: str
) -> None:
    """A user who may create in public but no schema: the usual one on a well-kept server."""
    server.run(f"GRANT TEMP ON DATABASE {as_user.database} TO {as_user.user}")
    server.run(f"GRANT CREATE ON SCHEMA public TO {as_user.user}", database=as_user.database)
    if "SCHEMA" in AGAIN[case][0]:
        server.run(f"GRANT CREATE ON DATABASE {as_user.database} TO {as_user.user}")
    read = script(AGAIN[case][0])
    with connect(as_user, Deadline(20)) as connection:
        before = state(connection)
        plan = make_plan(connection, [read])
        assert not plan.differs
        assert state(connection)["pg_class"] == before["pg_class"]
        apply(connection, plan)
        again = make_plan(connection, [read])
        assert not again.differs
        tables = [item for item in again.items if item.kind in ("table", "index")]
        assert {item.action for item in tables} == {Action.SAME}


def test_a_read_only_session(connection: Connection, sessions: Script) -> None:
    connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(KnownError) as caught:
        make_plan(connection, [sessions])
    assert caught.value.code == "read_only"


def test_no_schema_to_create_in(connection: Connection, sessions: Script) -> None:
    connection.execute("SET search_path = nowhere")
    with pytest.raises(KnownError) as caught:
        make_plan(connection, [sessions])
    assert caught.value.evidence["sqlstate"] == "3F000"


def test_a_plan_shows_no_values(connection: Connection, script: MakeScript) -> None:
    read = script("CREATE TABLE a (b text); INSERT INTO a VALUES ('canary-1'); SELECT 'canary-2'")
    assert "canary" not in repr(make_plan(connection, [read]).items)
