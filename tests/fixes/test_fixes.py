"""Fixes of services, databases and psql, and that every offered fix exists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.engine import Engine, Job
from setup_wizard.errors import KnownError
from setup_wizard.machine import Psql, ServiceState
from setup_wizard.target import Target, read_settings
from tests.fakes import FakeMachine, windows_service
from tests.projects import url_of
from tests.servers import Server


def job_for(target: Target) -> Job:
    return Job(None, read_settings(None, {"DATABASE_URL": url_of(target)}), ())


def test_start_service_returns_when_the_server_answers(database: Target) -> None:
    machine = FakeMachine([windows_service(port=database.port)], refuses_at_once=True)
    Engine(machine, environ={}).fix("start_service", job_for(database), Deadline(20))
    assert machine.started == ["postgresql-x64-17"]
    assert machine.installed[0].state is ServiceState.RUNNING


def test_start_service_that_the_system_refuses_says_why(database: Target) -> None:
    refusal = KnownError("service_disabled", "x", "y", evidence={"win32": 1058})
    machine = FakeMachine([windows_service(port=database.port)], refusal=refusal)
    with pytest.raises(KnownError) as raised:
        Engine(machine, environ={}).fix("start_service", job_for(database), Deadline(5))
    assert raised.value.code == "service_disabled"


def test_start_service_without_one_says_so(database: Target) -> None:
    with pytest.raises(KnownError) as raised:
        Engine(FakeMachine(), environ={}).fix("start_service", job_for(database), Deadline(5))
    assert raised.value.code == "service_missing"


def test_create_database_makes_an_empty_one_in_utf8(server: Server, database: Target) -> None:
    name = 'Ünique "real" 부동산'
    wanted = replace(database, database=name)
    engine = Engine(FakeMachine(), environ={})
    try:
        engine.fix("create_database", job_for(wanted), Deadline(20))
        listing = engine.tables(job_for(wanted), Deadline(20))
        assert listing.rows == ()
        engine.fix("create_database", job_for(wanted), Deadline(20))  # already there: fine
    finally:
        quoted = name.replace('"', '""')
        server.run(f'DROP DATABASE IF EXISTS "{quoted}" WITH (FORCE)')


def test_locate_psql_takes_the_best_that_runs(database: Target) -> None:
    job = Engine(FakeMachine(), environ={}).fix("locate_psql", job_for(database), Deadline(5))
    assert job.psql == Psql(Path("/opt/pg/bin/psql"), "17.6", "PATH")


def test_locate_psql_says_when_there_is_none(database: Target) -> None:
    with pytest.raises(KnownError) as raised:
        Engine(FakeMachine(psqls=()), environ={}).fix("locate_psql", job_for(database), Deadline(5))
    assert raised.value.code == "psql_missing"
