"""Login, database and rights on a real server: what is said beyond the server's code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.diagnosis.conftest import Check
from tests.servers import Server


@pytest.fixture
def server(server18: Server) -> Server:
    """One version is enough for what the checks say."""
    return server18


@pytest.fixture
def visitor(server: Server, database: Target) -> Iterator[Target]:
    """A user who owns nothing."""
    server.run("CREATE ROLE \"Some Body\" LOGIN PASSWORD 'visitor'")
    yield replace(database, user="Some Body", password=Secret("visitor"))
    server.run(
        'DROP OWNED BY "Some Body"',
        database=database.database,
    )
    server.run('DROP ROLE "Some Body"')


def of(code: str, findings: list[Finding]) -> Finding:
    [found] = [finding for finding in findings if finding.code == code]
    return found


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


# Login


def test_wrong_password_is_honest_about_the_user(database: Target, check: Check) -> None:
    found = of("login_rejected", check(replace(database, password=Secret("wrong"))))
    assert "the server does not tell which" in str(found.detail)


def test_placeholder_that_is_still_there_is_the_reason(database: Target, check: Check) -> None:
    found = of("login_rejected", check(replace(database, password=Secret("your_password"))))
    assert "still the example's" in str(found.detail)
    assert found.evidence["hint"] == "placeholder"


@pytest.mark.parametrize("password", ["비밀번호1", "ㅔㅁㄴㄴ"])
def test_password_typed_in_hangul_mode(database: Target, check: Check, password: str) -> None:
    findings = check(replace(database, password=Secret(f"x{password}")))
    found = of("login_rejected", findings)
    assert "keyboard" in str(found.detail)
    assert password not in repr(findings)


def test_empty_password(database: Target, check: Check) -> None:
    assert "password_missing" in codes(check(replace(database, password=None)))


# The database


@pytest.mark.parametrize("wanted", ["Real-Estate", "realestate", "real_estat", "REAL_ESTATE"])
def test_database_of_nearly_the_same_name(server: Server, check: Check, wanted: str) -> None:
    server.run("CREATE DATABASE real_estate")
    try:
        found = of("database_missing", check(server.database(wanted)))
    finally:
        server.run("DROP DATABASE real_estate")
    assert found.evidence["similar"] == ["real_estate"]
    assert "real_estate" in str(found.detail)
    assert [offer.id for offer in found.fixes] == ["create_database"]


def test_database_of_no_similar_name(server: Server, check: Check) -> None:
    found = of("database_missing", check(server.database("shop")))
    assert "similar" not in found.evidence


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "EUC_KR"])
def test_database_in_another_encoding(server: Server, check: Check, encoding: str) -> None:
    server.run(f"CREATE DATABASE other TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    try:
        found = of("encoding_not_utf8", check(server.database("other")))
    finally:
        server.run("DROP DATABASE other WITH (FORCE)")
    assert (found.status, found.evidence) == (Status.WARN, {"encoding": encoding})


# Rights


def test_right_to_create_is_missing(server: Server, visitor: Target, check: Check) -> None:
    found = of("cannot_create", check(visitor))
    sql = 'GRANT USAGE, CREATE ON SCHEMA public TO "Some Body"'
    assert found.evidence["sql"] == sql
    assert sql in str(found.detail)
    assert found.evidence["owner"] == "postgres"
    server.run(sql, database=visitor.database)
    assert "cannot_create" not in codes(check(visitor))


def test_right_to_use_the_schema_is_missing(server: Server, visitor: Target, check: Check) -> None:
    server.run("REVOKE ALL ON SCHEMA public FROM PUBLIC", database=visitor.database)
    found = of("cannot_create", check(visitor))
    server.run(str(found.evidence["sql"]), database=visitor.database)
    assert "cannot_create" not in codes(check(visitor))


def test_no_schema_to_create_in(server: Server, database: Target, check: Check) -> None:
    server.run(f"ALTER DATABASE {database.database} SET search_path = nowhere, else_where")
    found = of("schema_missing", check(database))
    assert found.status is Status.FAIL
    assert "nowhere, else_where" in str(found.detail)


def test_read_only(server: Server, database: Target, check: Check) -> None:
    server.run(f"ALTER DATABASE {database.database} SET default_transaction_read_only = on")
    assert of("read_only", check(database)).evidence == {"standby": False}


# What is there


def test_tables_in_another_schema(server: Server, database: Target, check: Check) -> None:
    server.run('CREATE SCHEMA "App"', 'CREATE TABLE "App".sessions ()', database=database.database)
    findings = check(database)
    found = of("table_elsewhere", findings)
    assert (found.status, found.evidence) == (Status.WARN, {"places": ['"App".sessions']})
    assert "table_missing" in codes(findings)


@pytest.mark.parametrize(
    ("name", "shared"),
    [("estate_prod", True), ("production", True), ("products", False), ("reproduce", False)],
)
def test_database_that_looks_shared(
    server: Server, check: Check, name: str, *, shared: bool
) -> None:
    server.run(f"CREATE DATABASE {name}")
    try:
        findings = check(server.database(name))
    finally:
        server.run(f"DROP DATABASE {name} WITH (FORCE)")
    assert ("shared_database" in codes(findings)) is shared
