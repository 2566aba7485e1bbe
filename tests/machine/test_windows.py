from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.errors import KnownError
from setup_wizard.machine import DEFAULT_SERVICE, ServiceState, StartType, windows
from setup_wizard.machine.psql import program
from setup_wizard.machine.windows import Installation, ServiceEntry, WindowsMachine
from setup_wizard.practice import postgres_binaries

EDB = "C:/Program Files/PostgreSQL/17"


def entry(name: str = DEFAULT_SERVICE, base: str = EDB, data: str = f"{EDB}/data") -> ServiceEntry:
    return ServiceEntry(
        name,
        ServiceState.STOPPED,
        StartType.AUTOMATIC,
        (f"{base}/bin/pg_ctl.exe", "runservice", "-N", name, "-D", data, "-w"),
    )


@dataclass
class ServiceManager:
    """A service manager in memory, with the codes of the real one.

    ``becomes``: the states that a service shows, one for each question, after it was started.
    """

    entries: list[ServiceEntry]
    admin: bool = False
    consents: bool = True
    code: int = 0
    becomes: tuple[ServiceState, ...] = (ServiceState.STARTING, ServiceState.RUNNING)
    registry: tuple[Installation, ...] = ()
    asked: list[str] = field(default_factory=list)
    _coming: list[ServiceState] = field(default_factory=list)

    def services(self) -> tuple[ServiceEntry, ...]:
        return tuple(self.entries)

    def state(self, name: str) -> ServiceState | None:
        index = self._index(name)
        if index is None:
            return None
        if self._coming:
            self.entries[index] = replace(self.entries[index], state=self._coming.pop(0))
        return self.entries[index].state

    def may_start(self, name: str) -> bool:
        return self.admin

    def start(self, name: str) -> int:
        self.asked.append("start")
        return self._start(name, admin=self.admin)

    def start_elevated(self, name: str, deadline: Deadline) -> int:
        self.asked.append("start_elevated")
        return self._start(name, admin=True) if self.consents else windows.ERROR_CANCELLED

    def installations(self) -> tuple[Installation, ...]:
        return self.registry

    def _start(self, name: str, *, admin: bool) -> int:
        index = self._index(name)
        if index is None:
            return windows.ERROR_SERVICE_DOES_NOT_EXIST
        if not admin:
            return windows.ERROR_ACCESS_DENIED
        service = self.entries[index]
        if service.start_type is StartType.DISABLED:
            return windows.ERROR_SERVICE_DISABLED
        if service.state is not ServiceState.STOPPED:
            return windows.ERROR_SERVICE_ALREADY_RUNNING
        if not self.code:
            self.entries[index] = replace(service, state=ServiceState.STARTING)
            self._coming = list(self.becomes)
        return self.code

    def _index(self, name: str) -> int | None:
        names = [entry.name for entry in self.entries]
        return names.index(name) if name in names else None


def start(manager: ServiceManager, seconds: float = 30) -> None:
    machine = WindowsMachine(manager)
    machine.start_service(machine.services()[0], Deadline(seconds))


def refusal(manager: ServiceManager, seconds: float = 30) -> KnownError:
    with pytest.raises(KnownError) as caught:
        start(manager, seconds)
    return caught.value


def test_services_are_known_by_their_program_not_by_their_name() -> None:
    manager = ServiceManager(
        [
            ServiceEntry("Spooler", ServiceState.RUNNING, StartType.AUTOMATIC, ("spoolsv.exe",)),
            ServiceEntry("broken", ServiceState.STOPPED, StartType.MANUAL, ()),
            ServiceEntry(
                "postgresql-agent",
                ServiceState.RUNNING,
                StartType.AUTOMATIC,
                ("C:/PostgreSQL/pgAgent.exe", "RUN"),
            ),
            replace(entry("our-database"), command=("D:\\db\\bin\\PG_CTL.EXE", "-DD:\\data")),
        ]
    )
    (service,) = WindowsMachine(manager).services()
    assert service.name == "our-database"
    assert service.data_dir == Path("D:\\data")
    assert service.start_command == 'sc start "our-database"'


def test_likeliest_service_first() -> None:
    disabled = replace(entry("postgresql-x64-18"), start_type=StartType.DISABLED)
    manager = ServiceManager(
        [disabled, entry("postgresql-x64-13"), entry("postgresql-x64-16"), entry()],
        registry=(
            Installation(Path("C:/13"), "postgresql-x64-13", "13.2", 5433),
            Installation(Path("C:/16"), "postgresql-x64-16", "16.4", 5432),
            Installation(Path("C:/17"), DEFAULT_SERVICE, "17.6", 5434),
        ),
    )
    services = WindowsMachine(manager).services()
    assert [(service.name, service.port, service.version) for service in services] == [
        (DEFAULT_SERVICE, 5434, "17.6"),
        ("postgresql-x64-16", 5432, "16.4"),
        ("postgresql-x64-13", 5433, "13.2"),
        ("postgresql-x64-18", None, ""),
    ]


def test_configuration_counts_more_than_the_registry(tmp_path: Path) -> None:
    (tmp_path / "postgresql.conf").write_text("port = 5433\n")
    (tmp_path / "PG_VERSION").write_text("17\n")
    manager = ServiceManager([entry(data=str(tmp_path))])
    (service,) = WindowsMachine(manager).services()
    assert (service.port, service.version) == (5433, "17")
    manager.registry = (Installation(Path(EDB), DEFAULT_SERVICE, "17.6", 5432),)
    (service,) = WindowsMachine(manager).services()
    assert (service.port, service.version) == (5433, "17.6")


def test_command_without_a_data_folder() -> None:
    for rest in ((), ("runservice",), ("runservice", "-D")):
        manager = ServiceManager([replace(entry(), command=(f"{EDB}/bin/pg_ctl.exe", *rest))])
        (service,) = WindowsMachine(manager).services()
        assert (service.data_dir, service.port) == (None, None)


def test_administrator_starts_without_a_question() -> None:
    manager = ServiceManager([entry()], admin=True)
    start(manager)
    assert manager.asked == ["start"]
    assert manager.entries[0].state is ServiceState.RUNNING


def test_user_is_asked_once_and_only_for_the_start() -> None:
    manager = ServiceManager([entry()])
    assert WindowsMachine(manager).services()[0].needs_admin
    start(manager)
    assert manager.asked == ["start", "start_elevated"]
    assert manager.entries[0].state is ServiceState.RUNNING


def test_declined_elevation_changes_nothing() -> None:
    manager = ServiceManager([entry()], consents=False)
    error = refusal(manager)
    assert error.code == "elevation_declined"
    assert error.evidence == {"service": DEFAULT_SERVICE, "win32": 1223, "needs_admin": True}
    assert f'sc start "{DEFAULT_SERVICE}"' in str(error)
    assert manager.entries[0].state is ServiceState.STOPPED


def test_elevation_without_an_administrators_rights() -> None:
    error = refusal(ServiceManager([entry()], code=windows.ERROR_ACCESS_DENIED))
    assert error.code == "service_failed"
    assert error.evidence == {"service": DEFAULT_SERVICE, "win32": 5, "needs_admin": True}


def test_disabled_service() -> None:
    error = refusal(ServiceManager([replace(entry(), start_type=StartType.DISABLED)]))
    assert (error.code, error.evidence["win32"]) == ("service_disabled", 1058)


def test_service_that_was_removed_meanwhile() -> None:
    manager = ServiceManager([entry()], admin=True)
    machine = WindowsMachine(manager)
    (service,) = machine.services()
    manager.entries.clear()
    with pytest.raises(KnownError) as caught:
        machine.start_service(service, Deadline(30))
    assert (caught.value.code, caught.value.evidence["win32"]) == ("service_missing", 1060)


@pytest.mark.parametrize("code", [1053, 1069, 1068])
def test_other_codes(code: int) -> None:
    error = refusal(ServiceManager([entry()], admin=True, code=code))
    assert error.code == "service_failed"
    assert error.evidence == {"service": DEFAULT_SERVICE, "win32": code}


@pytest.mark.parametrize("state", [ServiceState.RUNNING, ServiceState.STARTING])
def test_service_that_somebody_else_started(state: ServiceState) -> None:
    manager = ServiceManager([replace(entry(), state=state)], admin=True)
    manager._coming = [state, ServiceState.RUNNING]
    start(manager)


def test_service_that_falls_back_to_stopped() -> None:
    becomes = (ServiceState.STARTING, ServiceState.STARTING, ServiceState.STOPPED)
    error = refusal(ServiceManager([entry()], becomes=becomes))
    assert error.code == "service_failed"
    assert error.evidence == {"service": DEFAULT_SERVICE, "state": "stopped"}


def test_service_that_never_gets_ready() -> None:
    error = refusal(ServiceManager([entry()], becomes=()), seconds=0.2)
    assert error.code == "service_failed"
    assert error.evidence == {"service": DEFAULT_SERVICE, "state": "starting", "seconds": 0.2}


def test_cancelled_wait() -> None:
    deadline = Deadline(30)
    deadline.cancel()
    machine = WindowsMachine(ServiceManager([entry()], becomes=()))
    with pytest.raises(Cancelled):
        machine.start_service(machine.services()[0], deadline)


@pytest.fixture
def psql_at(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that puts a working psql.exe into a folder."""
    binary = postgres_binaries(16) / program("psql")

    def put(folder: str) -> Path:
        path = tmp_path / folder / "psql.exe"
        path.parent.mkdir(parents=True)
        if binary.suffix == ".exe":
            shutil.copytree(binary.parent, path.parent, dirs_exist_ok=True)
        else:
            path.write_text(f'#!/bin/sh\nexec "{binary}" "$@"\n')
            path.chmod(0o755)
        return path

    return put


def test_psql_everywhere_in_the_documented_order(
    psql_at: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("ProgramW6432", raising=False)
    monkeypatch.delenv("ProgramFiles(x86)", raising=False)
    monkeypatch.setenv("ProgramFiles", str(tmp_path / "Program Files"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "user"))
    monkeypatch.setenv("ProgramData", str(tmp_path / "ProgramData"))
    monkeypatch.setenv("SystemDrive", str(tmp_path))
    folders = [psql_at(f"Program Files/PostgreSQL/{version}/bin") for version in ("9.6", "17")]
    expected = [
        (psql_at("service/bin"), "service"),
        (psql_at("registered/bin"), "registry"),
        (folders[1], "folder"),
        (folders[0], "folder"),
        (psql_at("user/scoop/apps/postgresql/current/bin"), "folder"),
        (psql_at("ProgramData/chocolatey/lib/postgresql17/tools/postgresql/bin"), "folder"),
        (psql_at("tools/postgresql/bin"), "folder"),
    ]
    manager = ServiceManager(
        [entry(base=str(tmp_path / "service"))],
        registry=(
            Installation(tmp_path / "registered", "postgresql-x64-16", "16.4", 5432),
            Installation(tmp_path / "service", DEFAULT_SERVICE, "17.6", 5432),
            Installation(tmp_path / "uninstalled", "postgresql-x64-12", "12.1", 5432),
        ),
    )
    machine = WindowsMachine(manager)
    assert [(found.path, found.source) for found in machine.find_psql()] == expected
    assert machine.try_psql(folders[0]).source == "chosen"
