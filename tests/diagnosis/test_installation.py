"""What is said about this computer's service and psql, and which buttons are offered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.engine import Engine, Job
from setup_wizard.machine import InstallerTraces, Psql, ServiceState, StartType
from setup_wizard.machine.psql import program
from setup_wizard.target import read_settings
from tests.fakes import FakeMachine, FakeRepairs, windows_service

SETTINGS = read_settings(None, {"DATABASE_URL": "postgresql://postgres:pw@127.0.0.1:1/app"})


def windows(
    state: ServiceState | None = None, start_type: StartType = StartType.AUTOMATIC
) -> FakeMachine:
    """A Windows computer, with a service in this state or with none."""
    services = [windows_service(state, port=1, start_type=start_type)] if state else []
    machine = FakeMachine(services)
    machine.repairs = FakeRepairs(machine)
    return machine


def check(machine: FakeMachine) -> list[Finding]:
    job = Job(project=None, saved=SETTINGS, scripts=())
    return list(Engine(machine, environ={}).check(job, Deadline(5)))


def of_service(machine: FakeMachine) -> list[Finding]:
    return [finding for finding in check(machine) if finding.check == "service"]


def of_psql(machine: FakeMachine) -> Finding:
    return next(finding for finding in check(machine) if finding.check == "psql")


def offers(finding: Finding) -> list[str]:
    return [offer.id for offer in finding.fixes]


@pytest.mark.parametrize(
    ("state", "code", "fixes"),
    [
        (ServiceState.STOPPED, "service_stopped", ["start_service", "open_services"]),
        (ServiceState.STARTING, "service_starting", ["start_service", "open_services"]),
        (ServiceState.STOPPING, "service_stopping", ["start_service", "open_services"]),
        (ServiceState.PAUSED, "service_paused", ["open_services"]),
    ],
)
def test_each_state_is_a_finding_of_its_own(
    state: ServiceState, code: str, fixes: list[str]
) -> None:
    [finding] = of_service(windows(state))
    assert (finding.status, finding.code) == (Status.FAIL, code)
    assert finding.evidence["state"] == state.value
    assert offers(finding) == fixes


def test_disabled_service_is_switched_on_and_started_by_one_click() -> None:
    machine = windows(ServiceState.STOPPED, StartType.DISABLED)
    [finding] = of_service(machine)
    assert finding.code == "service_disabled"
    assert offers(finding) == ["set_service_automatic", "open_services"]
    effect = str(finding.fixes[0].effect)
    assert "sc.exe config" in effect
    assert machine.installed[0].start_command in effect


def test_manual_service_is_worth_a_word_once_it_runs() -> None:
    [finding] = of_service(windows(ServiceState.RUNNING, StartType.MANUAL))
    assert (finding.status, finding.code) == (Status.WARN, "service_manual")
    assert finding.evidence["start_type"] == "manual"
    assert offers(finding) == ["set_service_automatic", "open_services"]
    assert finding.fixes[0].needs_admin
    [finding] = of_service(windows(ServiceState.RUNNING))
    assert finding.status is Status.OK


def test_other_systems_have_no_such_buttons() -> None:
    machine = windows(ServiceState.RUNNING, StartType.MANUAL)
    machine.repairs = None
    [finding] = of_service(machine)
    assert finding.status is Status.OK


def test_nothing_installed_offers_the_installer() -> None:
    machine = replace(windows(), psqls=())
    [finding] = of_service(machine)
    assert finding.code == "postgresql_missing"
    assert offers(finding) == ["install_postgresql"]
    assert machine.install_command() in str(finding.fixes[0].effect)
    machine.repairs = FakeRepairs(machine, can_install=False)
    [finding] = of_service(machine)
    assert offers(finding) == []
    assert machine.install_command() in str(finding.detail)


def test_installation_without_data(tmp_path: Path) -> None:
    machine = windows()
    machine.repairs = FakeRepairs(
        machine, traces=InstallerTraces(storage=tmp_path, log=tmp_path / "install-postgresql.log")
    )
    [finding] = of_service(machine)
    assert (finding.status, finding.code) == (Status.FAIL, "initialisation_failed")
    assert finding.evidence["data_dir"] == str(tmp_path)
    assert str(tmp_path / "install-postgresql.log") in str(finding.detail)
    assert offers(finding) == ["install_postgresql"]


def test_what_may_stop_an_installer() -> None:
    machine = replace(windows(), psqls=())
    traces = InstallerTraces(temp=Path("C:/Users/김개발/Temp"), scripts_off=True)
    machine.repairs = FakeRepairs(machine, traces=traces)
    codes = [(finding.status, finding.code) for finding in of_service(machine)]
    assert codes == [
        (Status.FAIL, "postgresql_missing"),
        (Status.WARN, "temp_not_ascii"),
        (Status.WARN, "scripts_off"),
    ]


@pytest.fixture
def psql(tmp_path: Path) -> Psql:
    path = tmp_path / "bin" / program("psql")
    path.parent.mkdir()
    path.touch(0o755)
    return Psql(path, "17.6", "service")


def test_psql_on_path_is_fine(psql: Psql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(psql.path.parent))
    finding = of_psql(replace(windows(), psqls=(psql,)))
    assert (finding.status, str(finding.detail)) == (Status.OK, "")


def test_psql_beside_path_is_offered_to_it(psql: Psql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(psql.path))
    machine = replace(windows(), psqls=(psql,))
    machine.repairs = FakeRepairs(machine)
    finding = of_psql(machine)
    assert (finding.status, finding.code) == (Status.WARN, "psql_not_on_path")
    assert offers(finding) == ["add_psql_to_path"]
    assert str(psql.path.parent) in str(finding.fixes[0].effect)

    machine.repairs.path = str(psql.path.parent)
    finding = of_psql(machine)
    assert (finding.status, finding.code) == (Status.OK, "ready")
    assert "VS Code" in str(finding.detail)
    assert finding.evidence["on_path"] == "registry"

    machine.repairs = None
    assert of_psql(machine).status is Status.OK


def test_another_psql_on_path_is_named(
    psql: Psql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / program("psql")
    other.parent.mkdir()
    other.touch(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    finding = of_psql(replace(windows(), psqls=(psql,)))
    assert (finding.status, finding.summary) == (Status.OK, str(psql.path))
    assert finding.evidence["on_path"] == str(other)
    assert str(other) in str(finding.detail)
