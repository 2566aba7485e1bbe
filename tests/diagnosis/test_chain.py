"""The causal chain: one broken link, and what waits for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.chain import CHECKS, Check, run_checks
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.engine import Engine, Job
from setup_wizard.machine import Listener, Machine, ServiceState, StartType
from setup_wizard.target import Settings, read_settings
from tests.fakes import FakeMachine, windows_service

URL = "postgresql+psycopg://postgres:pw@{host}:{port}/real_estate"


def settings_for(host: str = "127.0.0.1", port: int = 5432) -> Settings:
    return read_settings(None, {"DATABASE_URL": URL.format(host=host, port=port)})


def check(machine: Machine, settings: Settings) -> dict[str, Finding]:
    job = Job(project=None, saved=settings, scripts=())
    findings = Engine(machine, environ={}).check(job, Deadline(5))
    return {finding.check: finding for finding in findings}


def test_stopped_service_is_the_one_cause_and_offers_to_start_it() -> None:
    found = check(FakeMachine([windows_service()]), settings_for())
    broken = found["service"]
    assert (broken.status, broken.code) == (Status.FAIL, "service_stopped")
    [offer] = broken.fixes
    assert (offer.id, offer.needs_admin) == ("start_service", True)
    assert str(offer.label) == "Start postgresql-x64-17"
    assert str(offer.effect) == "Runs: net start postgresql-x64-17"


def test_what_depends_on_the_broken_link_waits_and_says_why() -> None:
    found = check(FakeMachine([windows_service()]), settings_for())
    for name in ("server", "login", "database", "rights", "tables"):
        assert found[name].status is Status.SKIP
        assert found[name].code == "not_checked"
        assert found[name].evidence == {"because": "service"}
        assert "The PostgreSQL service" in str(found[name].detail)


def test_psql_never_stands_in_the_way() -> None:
    found = check(FakeMachine([windows_service()], psqls=()), settings_for())
    assert (found["psql"].status, found["psql"].code) == (Status.WARN, "psql_missing")
    assert [offer.id for offer in found["psql"].fixes] == ["locate_psql"]
    assert found["service"].code == "service_stopped"


def test_disabled_service_cannot_be_started_by_a_click() -> None:
    found = check(FakeMachine([windows_service(start_type=StartType.DISABLED)]), settings_for())
    assert found["service"].code == "service_disabled"
    assert found["service"].fixes == ()


def test_another_server_on_the_port_makes_the_service_unimportant() -> None:
    machine = FakeMachine([windows_service()], listening=(Listener("127.0.0.1", 5432),))
    assert check(machine, settings_for())["service"].status is Status.OK


def test_service_on_another_port_is_named_with_its_port() -> None:
    found = check(FakeMachine([windows_service(port=5433)]), settings_for())
    assert found["service"].code == "connection_refused"
    assert "5433" in str(found["service"].detail)
    assert found["service"].fixes == ()


def test_nothing_installed_at_all() -> None:
    found = check(FakeMachine(psqls=()), settings_for())
    assert found["service"].code == "postgresql_missing"


def test_services_of_this_computer_do_not_matter_for_another_one() -> None:
    found = check(FakeMachine([windows_service()]), settings_for(host="db.invalid"))
    assert found["service"].status is Status.OK
    assert found["server"].code == "host_unknown"


def test_running_service_with_nobody_at_the_port_is_left_to_the_socket() -> None:
    machine = FakeMachine([windows_service(ServiceState.RUNNING, port=None)])
    found = check(machine, settings_for(port=1))
    assert found["service"].status is Status.OK
    assert found["server"].code == "connection_refused"


def answering(status: Status) -> Callable[[object], list[Finding]]:
    return lambda _case: [Finding("x", status, "x", "x")]


def run(*checks: Check) -> tuple[Finding, ...]:
    case = Case(
        project=None,
        settings=settings_for(),
        saved=settings_for(),
        scripts=(),
        machine=FakeMachine(),
        deadline=Deadline(1),
    )
    return run_checks(case, lambda _finding: None, checks)


def test_a_crashing_check_is_a_finding_without_its_text() -> None:
    def explode(_case: object) -> list[Finding]:
        raise ZeroDivisionError("canary")

    [finding] = run(Check("x", "x", explode))  # type: ignore[arg-type]
    assert finding.code == "crash"
    assert finding.evidence["exception"] == "ZeroDivisionError"
    assert "canary" not in repr(finding)


def test_cancelling_ends_the_chain() -> None:
    def cancel(_case: object) -> list[Finding]:
        raise Cancelled

    with pytest.raises(Cancelled):
        run(Check("x", "x", cancel))  # type: ignore[arg-type]


def test_a_warning_lets_the_chain_go_on() -> None:
    checks = [
        Check("a", "a", answering(Status.WARN)),  # type: ignore[arg-type]
        Check("b", "b", answering(Status.OK)),  # type: ignore[arg-type]
    ]
    assert [finding.status for finding in run(*checks)] == [Status.WARN, Status.OK]


def test_findings_are_passed_on_as_they_are_made(tmp_path: Path) -> None:
    seen: list[Finding] = []
    engine = Engine(FakeMachine(), environ={})
    job = Job(project=None, saved=read_settings(None, {}), scripts=())
    assert engine.check(job, Deadline(5), seen.append) == tuple(seen)
    assert [finding.check for finding in seen] == [check.id for check in CHECKS]
