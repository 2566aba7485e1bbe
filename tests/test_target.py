from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from setup_wizard.envfile import EnvFile, new_env, read_env
from setup_wizard.secret import Secret
from setup_wizard.target import (
    FIELDS,
    Field,
    Origin,
    Settings,
    Target,
    read_settings,
    updates_for,
    with_typed,
)

USER = getpass.getuser()
URL = "postgresql+psycopg://postgres:root1234@localhost:5432/real_estate"
WHOLE = Target("localhost", 5432, "real_estate", "postgres", Secret("root1234"))


def env_of(tmp_path: Path, *lines: str) -> EnvFile:
    path = tmp_path / ".env"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return read_env(path, {})


def settings_of(tmp_path: Path, *lines: str, **environ: str) -> Settings:
    return read_settings(env_of(tmp_path, *lines), environ)


def codes(settings: Settings) -> list[str]:
    return [problem.code for problem in settings.problems]


def shown(settings: Settings) -> str:
    """Everything that may be printed of settings."""
    told = [f"{p.code} {p} {json.dumps(p.evidence)} {p!r}" for p in settings.problems]
    plain = [v for v in settings.values.values() if isinstance(v, str)]
    return "\n".join([repr(settings), *told, *plain])


# --- where the values come from


def test_the_url_of_the_guide(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "# 설정", "", f"DATABASE_URL={URL}")
    assert settings.target == WHOLE
    assert settings.problems == ()
    origin = Origin("file", "DATABASE_URL", tmp_path / ".env", 3)
    assert settings.origins == dict.fromkeys(FIELDS, origin)
    assert settings.values == {
        "host": "localhost",
        "port": "5432",
        "database": "real_estate",
        "user": "postgres",
        "password": Secret("root1234"),
    }


@pytest.mark.parametrize(
    "lines",
    [
        ["POSTGRES_USER=u", "POSTGRES_PASSWORD=p", "POSTGRES_DB=d", "POSTGRES_SERVER=h"],
        ["PGUSER=u", "PGPASSWORD=p", "PGDATABASE=d", "PGHOST=h"],
        ["DB_USERNAME=u", "DB_PASS=p", "DB_DATABASE=d", "DB_HOST=h"],
        ["DB_USER=u", "DB_PASSWORD=p", "DB_NAME=d", "DB_HOST=h", "DB_CONNECTION=pgsql"],
    ],
)
def test_the_split_sets(tmp_path: Path, lines: list[str]) -> None:
    settings = settings_of(tmp_path, *lines)
    assert settings.target == Target("h", 5432, "d", "u", Secret("p"))
    assert settings.problems == ()
    assert settings.origins["user"] == Origin("file", lines[0][:-2], tmp_path / ".env", 1)
    assert settings.origins["port"] == Origin("default")


def test_the_url_counts_before_the_sets(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "POSTGRES_DB=other", f"DATABASE_URL={URL}").target == WHOLE


@pytest.mark.parametrize("env", [None, "DEBUG=1"])
def test_where_the_file_says_nothing_the_environment_serves(
    tmp_path: Path, env: str | None
) -> None:
    file = env_of(tmp_path, env) if env else None
    settings = read_settings(file, {"DATABASE_URL": URL})
    assert settings.target == WHOLE
    assert settings.origins["host"] == Origin("environment", "DATABASE_URL")


def test_what_the_url_leaves_out_is_what_libpq_would_take(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "DATABASE_URL=postgresql://", PGPORT="5433", PGPASSWORD="p")
    assert settings.target == Target("localhost", 5433, USER, USER, Secret("p"))
    assert settings.origins["port"] == Origin("environment", "PGPORT")
    assert settings.origins["password"] == Origin("environment", "PGPASSWORD")
    assert settings.origins["user"] == settings.origins["database"] == Origin("default")


def test_the_database_defaults_to_the_user(tmp_path: Path) -> None:
    target = settings_of(tmp_path, "DATABASE_URL=postgres://u@h").target
    assert target == Target("h", 5432, "u", "u", None)


def test_options_are_those_that_libpq_knows(tmp_path: Path) -> None:
    line = f"DATABASE_URL={URL}?sslmode=disable&host=/var/run/postgresql&schema=public"
    settings = settings_of(tmp_path, line)
    assert settings.target
    assert settings.target.host == "/var/run/postgresql"
    assert settings.target.options == settings.options == {"sslmode": "disable"}
    (problem,) = settings.problems
    assert (problem.code, problem.evidence["option"]) == ("url_invalid", "schema")


# --- what is wrong


def test_no_file_and_no_environment() -> None:
    settings = read_settings(None, {})
    assert (settings.target, codes(settings)) == (None, ["env_missing"])
    assert settings.values == {"host": "localhost", "port": "5432"}


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([], ".env is empty"),
        (["# only this"], ".env is empty"),
        (["DEBUG=1"], ".env has no DATABASE_URL"),
        (["A=1", "DATABASE_URL="], "DATABASE_URL in line 2 has no value"),
        (["POSTGRES_PASSWORD=secret"], ".env has no DATABASE_URL"),
    ],
)
def test_no_url(tmp_path: Path, lines: list[str], title: str) -> None:
    settings = settings_of(tmp_path, *lines)
    assert (settings.target, codes(settings)) == (None, ["url_missing"])
    assert str(settings.problems[0].title) == title


@pytest.mark.parametrize("line", [f"DATABASE_URL: {URL}", f"DATABASE_URL:{URL}", "DATABASE_URL='x"])
def test_a_line_that_hides_the_url_is_the_cause(tmp_path: Path, line: str) -> None:
    settings = settings_of(tmp_path, "A B C", line)
    assert codes(settings) == ["env_syntax", "url_missing"]
    assert settings.problems[0].evidence["line"] == 2
    assert "root1234" not in shown(settings)


@pytest.mark.parametrize(
    ("address", "code", "title"),
    [
        ("mysql+pymysql://u:secret@h/d", "url_not_postgresql", "mysql+pymysql"),
        ("sqlite:///secret.db", "url_not_postgresql", "sqlite"),
        ("PostgreSQL://u:secret@h/d", "url_invalid", "not a database address"),
        ("postgresq://u:secret@h/d", "url_invalid", "not a database address"),
        ("u:secret@h/d", "url_invalid", "not a database address"),
        ("postgresql：//u:secret@h/d", "url_invalid", "not a database address"),
        ("postgresql://u:secret@h:abc/d", "url_invalid", "The port is not a number"),
        ("postgresql://u:secret@h:99999/d", "url_invalid", "The port is not a number"),
        ("postgresql://u:secret@h:0/d", "url_invalid", "The port is not a number"),
        ("postgresql://u:secret@h:/d", "url_invalid", "cannot be read"),
        ("postgresql://u:secret@h1:1,h2:2/d", "url_invalid", "Several servers"),
        ("postgresql://u:secret@h1,h2/d", "url_invalid", "Several servers"),
        ("postgresql://u:secret@%2Fvar%2Frun/d", "url_invalid", "cannot be read"),
        ("postgresql://u:secret%B1%E8@h/d", "url_invalid", "cannot be read"),
        ("postgresql://u:secret@[::zz]/d", "url_invalid", "The host is not"),
        ("postgresql://h:abc/d", "url_invalid", "The port is not a number"),
        ("postgresql://u:sec/ret", "url_invalid", "The port is not a number"),
        ("postgresql://u:987654321", "url_invalid", "The port is not a number"),
    ],
)
def test_an_address_that_cannot_be_used(
    tmp_path: Path, address: str, code: str, title: str
) -> None:
    settings = settings_of(tmp_path, f"DATABASE_URL={address}")
    assert (settings.target, codes(settings)) == (None, [code])
    assert title in str(settings.problems[0].title)
    for leak in ("secret", "ret", "987654321"):
        assert leak not in shown(settings).replace("Secret", "")


def test_another_kind_of_database_beside_a_split_set(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "DB_ENGINE=django.db.backends.mysql", "DB_NAME=d", "DB_USER=u")
    assert (settings.target, codes(settings)) == (None, ["url_not_postgresql"])
    assert settings.problems[0].evidence["scheme"] == "mysql"


@pytest.mark.parametrize(
    ("password", "characters"),
    [
        ("c@nary", ["@"]),
        ("c/nary", ["/"]),
        ("c@n?ary", ["?", "@"]),
        ("cana#r/y", ["#", "/"]),
        ("can%ary", ["%"]),
        ("can ary", [" "]),
        ("ca:n@ary", [":", "@"]),
    ],
)
def test_a_password_that_breaks_the_url(
    tmp_path: Path, password: str, characters: list[str]
) -> None:
    env = env_of(tmp_path, f"DATABASE_URL='postgresql+psycopg://u:{password}@h/d'")
    settings = read_settings(env, {})
    assert (settings.target, codes(settings)) == (None, ["password_needs_encoding"])
    assert settings.problems[0].evidence["characters"] == characters
    assert settings.problems[0].evidence["fields"] == ["password"]
    assert settings.values["host"] == "h"
    assert settings.values["password"] == Secret(password)
    assert "ary" not in shown(settings)

    ((key, new),) = updates_for(env, settings)
    repaired = read_settings(env.with_value(key, new), {})
    assert repaired.target == Target("h", 5432, "d", "u", Secret(password))
    assert repaired.problems == ()


def test_a_password_that_the_comment_sign_cut(tmp_path: Path) -> None:
    env = env_of(tmp_path, "DATABASE_URL=postgresql://u:p #w@h/d")
    settings = read_settings(env, {})
    assert (settings.target, codes(settings)) == (None, ["password_needs_encoding"])
    ((key, new),) = updates_for(env, settings)
    assert new == Secret("postgresql://u:p%20%23w@h/d")
    assert read_settings(env.with_value(key, new), {}).target == Target(
        "h", 5432, "d", "u", Secret("p #w")
    )


def test_a_comment_after_the_url_is_just_a_comment(tmp_path: Path) -> None:
    assert settings_of(tmp_path, f"DATABASE_URL={URL} # ask kim@corp.kr").target == WHOLE


def test_a_split_password_that_ends_before_a_hash(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "DB_USER=u", "DB_PASSWORD=p #w")
    assert settings.target
    assert codes(settings) == ["env_syntax"]
    assert settings_of(tmp_path, "DB_USER=u", "DB_PASSWORD=p # my word").problems == ()


@pytest.mark.parametrize(
    "password",
    [
        "your_password",
        "changeme",
        "<password>",
        "xxxx",
        "[your-password]",
        "****",
        "여기에_비밀번호"[4:],
    ],
)
def test_a_placeholder(tmp_path: Path, password: str) -> None:
    settings = settings_of(tmp_path, "DB_USER=u", f"DB_PASSWORD={password}")
    assert settings.target
    assert codes(settings) == ["placeholder_value"]
    assert settings.problems[0].evidence["field"] == "password"
    typed = with_typed(settings, {"password": Secret("real")})
    assert typed.problems == ()


def test_a_full_width_or_invisible_character(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "DB_HOST=local\u200bhost", "DB_USER=u", "DB_PASSWORD=ｐ비밀")
    assert settings.target
    assert [p.evidence["characters"] for p in settings.problems] == [["U+200B"], ["U+FF50"]]
    assert "비밀" not in shown(settings)


def test_a_variable_that_nobody_has_set(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "DATABASE_URL=postgresql://u:p${ss}w@h/d")
    assert codes(settings) == ["env_syntax"]
    assert "ss}" not in shown(settings)


def test_the_environment_says_something_else(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"DATABASE_URL={URL}", DATABASE_URL="postgresql://other/d")
    assert settings.target == WHOLE
    assert codes(settings) == ["env_overridden"]
    assert settings.problems[0].evidence["keys"] == ["DATABASE_URL"]
    assert "other" not in shown(settings).replace("another", "")
    assert settings_of(tmp_path, f"DATABASE_URL={URL}", DATABASE_URL=URL).problems == ()


def test_only_what_matters_of_the_file_is_told(tmp_path: Path) -> None:
    lines = ["DEBUG=1", "DEBUG=2", f"DATABASE_URL={URL}", f"DATABASE_URL={URL}", "nonsense line"]
    settings = settings_of(tmp_path, *lines)
    assert settings.target == WHOLE
    assert sorted(str(p.evidence["line"]) for p in settings.problems) == ["4", "5"]


def test_while_there_is_a_cause_a_mere_mark_in_the_file_waits(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbfDATABASE_URL=mysql://h/d\n")
    assert codes(read_settings(read_env(path, {}), {})) == ["url_not_postgresql"]
    path.write_bytes("DATABASE_URL=mysql://h/d # 한글\n".encode("cp949"))
    assert codes(read_settings(read_env(path, {}), {})) == ["env_encoding", "url_not_postgresql"]


# --- typed values


def test_typed_values_are_put_over_the_others(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"DATABASE_URL={URL}?sslmode=disable")
    typed = with_typed(settings, {"password": "new", "port": " 5433 "})
    assert typed.target == Target(
        "localhost", 5433, "real_estate", "postgres", Secret("new"), {"sslmode": "disable"}
    )
    assert typed.origins["port"] == Origin("typed")
    assert typed.origins["host"] == settings.origins["host"]
    assert with_typed(settings, {}) is settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "abc"),
        ("port", "99999"),
        ("port", ""),
        ("port", "٥"),
        ("host", ""),
        ("host", "a b"),
        ("host", "h:5432"),
        ("host", "h1,h2"),
        ("database", ""),
        ("user", ""),
    ],
)
def test_a_typed_value_that_cannot_be(tmp_path: Path, name: Field, value: str) -> None:
    settings = with_typed(settings_of(tmp_path, f"DATABASE_URL={URL}"), {name: value})
    assert (settings.target, codes(settings)) == (None, ["url_invalid"])
    assert settings.problems[0].evidence["field"] == name
    assert settings.values[name] == value


def test_an_empty_typed_password_means_none(tmp_path: Path) -> None:
    settings = with_typed(settings_of(tmp_path, f"DATABASE_URL={URL}"), {"password": ""})
    assert settings.target == Target("localhost", 5432, "real_estate", "postgres", None)


def test_typing_everything_helps_where_nothing_could_be_read() -> None:
    settings = read_settings(None, {})
    assert with_typed(settings, {"password": "p"}).target is None
    typed = with_typed(settings, {"database": "d", "user": "u"})
    assert typed.target == Target("localhost", 5432, "d", "u", None)
    assert codes(typed) == ["env_missing"]


def test_a_typed_port_heals_a_wrong_one(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "DATABASE_URL=postgresql://u:p@h:abc/d")
    typed = with_typed(settings, {"port": "5432"})
    assert typed.target == Target("h", 5432, "d", "u", Secret("p"))
    assert typed.problems == ()


# --- what to write


def saved(env: EnvFile, settings: Settings) -> EnvFile:
    for key, value in updates_for(env, settings):
        env = env.with_value(key, value)
    return env


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (
            [f"DATABASE_URL={URL}?sslmode=disable # note"],
            [f"DATABASE_URL={URL}?sslmode=disable # note"
             .replace("root1234", "n%40w").replace("5432", "5433")],
        ),
        (
            ["POSTGRES_USER=u", "POSTGRES_PASSWORD='p'", "POSTGRES_DB=d"],
            ["POSTGRES_USER=u", "POSTGRES_PASSWORD='n@w'", "POSTGRES_DB=d", "POSTGRES_PORT=5433"],
        ),
        (
            ["DB_USERNAME=u", "DB_PASS=p", "DB_PORT=1"],
            ["DB_USERNAME=u", "DB_PASS=n@w", "DB_PORT=5433"],
        ),
    ],
)  # fmt: skip
def test_typed_values_are_written_where_the_file_has_them(
    tmp_path: Path, lines: list[str], wanted: list[str]
) -> None:
    env = env_of(tmp_path, *lines)
    settings = with_typed(read_settings(env, {}), {"password": "n@w", "port": "5433"})
    after = saved(env, settings)
    assert after.text.splitlines() == wanted
    assert read_settings(after, {}).target == settings.target
    assert updates_for(after, settings) == ()


@pytest.mark.parametrize("lines", [[], ["DEBUG=1"], ["DATABASE_URL=mysql://u:p@h/d"]])
def test_a_new_url_is_made_where_there_is_none(tmp_path: Path, lines: list[str]) -> None:
    env = env_of(tmp_path, *lines) if lines else new_env(tmp_path / ".env", {})
    typed: dict[Field, str] = {"database": "d b", "user": "u", "password": "p@${x}"}
    settings = with_typed(read_settings(env, {}), typed)
    after = saved(env, settings)
    assert "DATABASE_URL=postgresql+psycopg://u:p%40%24%7Bx%7D@localhost:5432/d%20b" in after.text
    assert read_settings(after, {}).target == settings.target


def test_nothing_typed_and_nothing_broken_is_nothing_to_write(tmp_path: Path) -> None:
    env = env_of(tmp_path, f"DATABASE_URL={URL}")
    assert updates_for(env, read_settings(env, {})) == ()
    empty = new_env(tmp_path / ".env", {})
    assert updates_for(empty, read_settings(empty, {})) == ()
