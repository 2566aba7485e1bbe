"""Fixtures for all tests: real servers, a fresh database, the real psql."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from setup_wizard.i18n import set_language
from setup_wizard.target import Target
from tests import servers
from tests.servers import Psql, Server

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _nobodys_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the tests out of the user's own settings, and those out of the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in [*os.environ]:
        if name.startswith(("XDG_", "PG", "POSTGRES_", "DB_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    set_language("en")


@pytest.fixture(scope="session")
def _servers() -> Iterator[servers.Starter]:
    """Start a server when it is asked for the first time, and stop all at the end of the run."""
    with ExitStack() as stack:
        yield cache(lambda version: stack.enter_context(servers.running(version)))


@pytest.fixture(scope="session")
def server16(_servers: servers.Starter) -> Server:
    """A running PostgreSQL 16 with scram passwords."""
    return _servers(16)


@pytest.fixture(scope="session")
def server18(_servers: servers.Starter) -> Server:
    """A running PostgreSQL 18 with scram passwords."""
    return _servers(18)


@pytest.fixture(params=[16, 18])
def server(request: pytest.FixtureRequest, _servers: servers.Starter) -> Server:
    """Each of the two servers in turn."""
    return _servers(request.param)


@pytest.fixture
def database(server: Server) -> Iterator[Target]:
    """A fresh empty database on ``server``, its owner a superuser; dropped afterwards."""
    name = f"test_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    yield server.database(name)
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def psql(server: Server) -> Psql:
    r"""Run ``server``'s own psql: ``psql(database, "-c", r"\dt")`` returns what it prints."""

    def run(target: Target, *args: str) -> str:
        return servers.psql(server.version, target, *args)

    return run
