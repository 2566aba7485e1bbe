from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.errors import KnownError
from setup_wizard.machine import (
    DEFAULT_SERVICE,
    GaveUp,
    InstallerTraces,
    PathChange,
    Repairs,
    ServiceState,
    StartType,
    user_path,
)
from setup_wizard.machine.psql import program
from setup_wizard.machine.win32_code import Win32Code
from setup_wizard.machine.windows import Installation, ServiceEntry, WindowsMachine
from setup_wizard.practice import postgres_binaries

START_TYPES = {"auto": StartType.AUTOMATIC, "demand": StartType.MANUAL}
EDB = "C:/Program Files/PostgreSQL/17"


def entry(name: str = DEFAULT_SERVICE, base: str = EDB, data: str = f"{EDB}/data") -> ServiceEntry:
    return ServiceEntry(
        name,
        ServiceState.STOPPED,
        StartType.AUTOMATIC,
        (f"{base}/bin/pg_ctl.exe", "runservice", "-N", name, "-D", data, "-w"),
        "NT AUTHORITY\\NetworkService",
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
    obedient: bool = True
    rights: bool | None = None
    path: str | None = None
    everybodys_path: str | None = r"C:\Windows"
    no_scripts: bool = False
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

    def set_start_type(self, name: str, start_type: StartType) -> int:
        return self._set(name, start_type) if self.admin else Win32Code.ACCESS_DENIED

    def run_elevated(self, command: str, deadline: Deadline) -> int:
        self.asked.append(command)
        program, verb, name, *rest = shlex.split(command)
        assert program == "sc.exe"
        if not self.consents:
            return Win32Code.CANCELLED
        if verb == "start":
            return self._start(name, admin=True)
        assert (verb, rest[0]) == ("config", "start=")
        return self._set(name, START_TYPES[rest[1]])

    def start_type(self, name: str) -> StartType | None:
        index = self._index(name)
        return None if index is None else self.entries[index].start_type

    def network_service_may_use(self, folder: Path) -> bool | None:
        return self.rights

    def user_path(self) -> str | None:
        return self.path

    def machine_path(self) -> str | None:
        return self.everybodys_path

    def set_user_path(self, path: str | None) -> None:
        self.path = path
        self.asked.append("set_user_path")

    def open_services(self) -> int:
        self.asked.append("services.msc")
        return self.code

    def scripts_off(self) -> bool:
        return self.no_scripts

    def installations(self) -> tuple[Installation, ...]:
        return self.registry

    def _set(self, name: str, start_type: StartType) -> int:
        index = self._index(name)
        if index is None:
            return Win32Code.SERVICE_DOES_NOT_EXIST
        if not self.code and self.obedient:
            self.entries[index] = replace(self.entries[index], start_type=start_type)
        return self.code

    def _start(self, name: str, *, admin: bool) -> int:
        index = self._index(name)
        if index is None:
            return Win32Code.SERVICE_DOES_NOT_EXIST
        if not admin:
            return Win32Code.ACCESS_DENIED
        service = self.entries[index]
        if service.start_type is StartType.DISABLED:
            return Win32Code.SERVICE_DISABLED
        if service.state is not ServiceState.STOPPED:
            return Win32Code.SERVICE_ALREADY_RUNNING
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
    assert service.start_command == 'sc.exe start "our-database"'


def test_likeliest_service_first() -> None:
    disabled, *others = (
        entry(name, data="C:/nowhere")
        for name in ("postgresql-x64-18", "postgresql-x64-13", "postgresql-x64-16", DEFAULT_SERVICE)
    )
    manager = ServiceManager(
        [replace(disabled, start_type=StartType.DISABLED), *others],
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
    assert manager.asked == ["start", f'sc.exe start "{DEFAULT_SERVICE}"']
    assert manager.entries[0].state is ServiceState.RUNNING


def test_declined_elevation_changes_nothing() -> None:
    manager = ServiceManager([entry()], consents=False)
    error = refusal(manager)
    assert error.code == "elevation_declined"
    assert error.evidence == {"service": DEFAULT_SERVICE, "win32": 1223, "needs_admin": True}
    assert f'sc.exe start "{DEFAULT_SERVICE}"' in str(error)
    assert manager.entries[0].state is ServiceState.STOPPED


def test_elevation_without_an_administrators_rights() -> None:
    error = refusal(ServiceManager([entry()], code=Win32Code.ACCESS_DENIED))
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


@pytest.mark.parametrize(
    ("code", "finding"),
    [(1053, "service_no_answer"), (1069, "service_logon_failed"), (1068, "service_failed")],
)
def test_other_codes(code: int, finding: str) -> None:
    error = refusal(ServiceManager([entry()], admin=True, code=code))
    assert error.code == finding
    assert error.evidence == {"service": DEFAULT_SERVICE, "win32": code}


@pytest.mark.parametrize("state", [ServiceState.RUNNING, ServiceState.STARTING])
def test_service_that_somebody_else_started(state: ServiceState) -> None:
    manager = ServiceManager([replace(entry(), state=state)], admin=True)
    manager._coming = [state, ServiceState.RUNNING]
    start(manager)


def test_service_that_falls_back_to_stopped() -> None:
    becomes = (ServiceState.STARTING, ServiceState.STARTING, ServiceState.STOPPED)
    error = refusal(ServiceManager([entry()], becomes=becomes))
    assert isinstance(error, GaveUp)
    assert error.evidence == {"service": DEFAULT_SERVICE, "state": "stopped"}


def test_service_that_never_gets_ready() -> None:
    error = refusal(ServiceManager([entry()], becomes=()), seconds=0.2)
    assert error.code == "service_failed"
    assert error.evidence == {"service": DEFAULT_SERVICE, "state": "starting", "seconds": 0.2}


def test_service_that_is_still_stopping_is_waited_for() -> None:
    manager = ServiceManager([replace(entry(), state=ServiceState.STOPPING)], admin=True)
    manager._coming = [ServiceState.STOPPING, ServiceState.STOPPED]
    start(manager)
    assert manager.entries[0].state is ServiceState.RUNNING


def test_no_administrator_at_all_gets_the_commands_for_it() -> None:
    error = refusal(ServiceManager([entry()], code=Win32Code.ELEVATION_REQUIRED))
    assert error.evidence["needs_admin"] is True
    assert f'sc.exe start "{DEFAULT_SERVICE}"' in str(error)
    assert f'sc.exe config "{DEFAULT_SERVICE}" start= auto' in str(error)


def test_state_is_asked_afresh() -> None:
    manager = ServiceManager([entry()])
    machine = WindowsMachine(manager)
    (service,) = machine.services()
    manager.entries[0] = replace(manager.entries[0], state=ServiceState.PAUSED)
    assert machine.service_state(service) is ServiceState.PAUSED
    manager.entries.clear()
    assert machine.service_state(service) is None


@pytest.mark.parametrize(
    ("account", "known"),
    [
        ("NT AUTHORITY\\NetworkService", False),
        ("NT AUTHORITY\\NETWORK SERVICE", False),
        ("LocalSystem", None),
        (".\\postgres", None),
    ],
)
def test_rights_are_known_for_the_installers_account_only(account: str, known: bool | None) -> None:
    manager = ServiceManager([replace(entry(), account=account)], rights=False)
    machine = WindowsMachine(manager)
    (service,) = machine.services()
    assert machine.may_use_data_folder(service) is known


def repairs(manager: ServiceManager) -> Repairs:
    found = WindowsMachine(manager).repairs
    assert found
    return found


def test_start_type_is_changed_by_the_command_that_is_shown() -> None:
    manager = ServiceManager([replace(entry(), start_type=StartType.DISABLED)])
    service, mend = WindowsMachine(manager).services()[0], repairs(manager)
    mend.set_start_type(service, StartType.AUTOMATIC, Deadline(5))
    assert manager.entries[0].start_type is StartType.AUTOMATIC
    assert manager.asked == [mend.start_type_command(service, StartType.AUTOMATIC)]
    assert manager.asked == [f'sc.exe config "{DEFAULT_SERVICE}" start= auto']


def test_administrator_changes_the_start_type_without_a_question() -> None:
    manager = ServiceManager([replace(entry(), start_type=StartType.MANUAL)], admin=True)
    service = WindowsMachine(manager).services()[0]
    repairs(manager).set_start_type(service, StartType.AUTOMATIC, Deadline(5))
    assert manager.entries[0].start_type is StartType.AUTOMATIC
    assert manager.asked == []


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ({"consents": False}, "elevation_declined"),
        ({"code": 5}, "service_failed"),
        ({"code": 1060}, "service_missing"),
        ({"obedient": False}, "service_failed"),
    ],
)
def test_start_type_is_read_back(trouble: dict[str, Any], code: str) -> None:
    manager = ServiceManager([replace(entry(), start_type=StartType.MANUAL)], **trouble)
    service = WindowsMachine(manager).services()[0]
    with pytest.raises(KnownError) as caught:
        repairs(manager).set_start_type(service, StartType.AUTOMATIC, Deadline(5))
    assert caught.value.code == code
    assert manager.entries[0].start_type is StartType.MANUAL


BIN = PureWindowsPath(r"C:\Program Files\PostgreSQL\17\bin")


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Program Files\PostgreSQL\17\bin",
        r"C:\tools;c:/program files/postgresql/17/BIN/;",
        r'"C:\Program Files\PostgreSQL\17\bin"',
        r"%PROGRAMS%\PostgreSQL\17\bin;;",
    ],
)
def test_folder_on_a_path_is_known_however_it_is_spelled(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROGRAMS", r"C:\Program Files")
    assert user_path.has(path, BIN)
    assert not user_path.has(path, BIN.parent)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "bin"),
        ("", "bin"),
        (r"%USERPROFILE%\bin;;C:\도구", r"%USERPROFILE%\bin;;C:\도구;bin"),
        (r"C:\tools;", r"C:\tools;bin"),
    ],
)
def test_folder_is_appended_and_everything_else_stays(before: str | None, after: str) -> None:
    manager = ServiceManager([], path=before)
    mend = repairs(manager)
    change = mend.path_with(Path("bin"))
    assert (change.before, change.after) == (before, after)
    assert manager.path == before  # saying what would be done does not do it
    mend.write_path(change)
    assert manager.path == after
    assert mend.registry_path_has(Path("bin"))
    again = mend.path_with(Path("bin"))
    assert again.after == again.before == after  # never twice
    mend.write_path(again)
    mend.write_path(PathChange(after, before))
    assert manager.path == before
    assert manager.asked == ["set_user_path", "set_user_path"]


def test_path_of_everybody_counts() -> None:
    assert repairs(ServiceManager([], everybodys_path="C:\\x;/pg/bin")).registry_path_has(
        Path("/pg/bin")
    )


@pytest.mark.parametrize("folder", ["/pg/bin", "/p;g/bin"])
def test_path_that_would_be_cut_is_left_alone(folder: str) -> None:
    manager = ServiceManager([], path="C:\\" + "x" * (user_path.LONGEST - 8))
    with pytest.raises(KnownError) as caught:
        repairs(manager).path_with(Path(folder))
    assert caught.value.code == "path_too_long"


def test_path_that_somebody_else_changed_is_left_alone() -> None:
    manager = ServiceManager([], path="a")
    mend = repairs(manager)
    change = mend.path_with(Path("bin"))
    manager.path = "b"
    with pytest.raises(KnownError) as caught:
        mend.write_path(change)
    assert (caught.value.code, manager.path) == ("path_changed", "b")


def test_list_of_services() -> None:
    manager = ServiceManager([])
    repairs(manager).open_services()
    manager.code = 2
    with pytest.raises(KnownError) as caught:
        repairs(manager).open_services()
    assert caught.value.evidence == {"win32": 2}


def test_installation_that_did_not_get_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temp = tmp_path / "김개발"
    full, empty = tmp_path / "full", tmp_path / "empty"
    for folder in (temp, full, empty):
        folder.mkdir()
    (full / "PG_VERSION").write_text("16\n")
    (temp / "install-postgresql.log").touch()
    monkeypatch.setenv("TEMP", str(temp))
    manager = ServiceManager(
        [entry()],
        registry=(
            Installation(Path("C:/17"), DEFAULT_SERVICE, "17.6", 5432, tmp_path / "nowhere"),
            Installation(Path("C:/16"), "postgresql-x64-16", "16.4", 5432, full),
            Installation(Path("C:/18"), "postgresql-x64-18", "18.1", 5432, empty),
        ),
        no_scripts=True,
    )
    assert repairs(manager).installer_traces() == InstallerTraces(
        storage=empty, log=temp / "install-postgresql.log", temp=temp, scripts_off=True
    )
    monkeypatch.setenv("TEMP", "nowhere")
    manager.registry = manager.registry[:2]
    manager.no_scripts = False
    assert repairs(manager).installer_traces() == InstallerTraces()


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


def test_psql_of_the_running_service_comes_before_the_one_on_path(
    psql_at: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = psql_at("other")
    other = made.replace(made.with_name(program("psql")))
    own = psql_at("service/bin")
    monkeypatch.setenv("PATH", f"{other.parent}{os.pathsep}/bin{os.pathsep}/usr/bin")
    manager = ServiceManager([entry(base=str(tmp_path / "service"))])
    first = next(WindowsMachine(manager).find_psql())
    assert (first.path, first.source) == (other, "PATH")
    manager.entries[0] = replace(manager.entries[0], state=ServiceState.RUNNING)
    first = next(WindowsMachine(manager).find_psql())
    assert (first.path, first.source) == (own, "service")


def test_installing_runs_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = WindowsMachine(ServiceManager([]))
    assert machine.repairs
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not machine.repairs.can_install
    assert machine.install_command().startswith("https://")
    with pytest.raises(KnownError) as caught:
        machine.repairs.install_postgresql(Deadline(5))
    assert caught.value.code == "install_not_finished"
