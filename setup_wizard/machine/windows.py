"""Windows: what the service manager's numbers and the registry's values mean for us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.errors import Evidence
from setup_wizard.i18n import _
from setup_wizard.machine import (
    DEFAULT_SERVICE,
    GaveUp,
    Listener,
    Psql,
    Repairs,
    Service,
    ServiceState,
    StartType,
    psql,
)
from setup_wizard.machine.data_folder import configured_port, major_version
from setup_wizard.machine.listening import listeners
from setup_wizard.machine.win32_code import Win32Code, refused
from setup_wizard.machine.windows_repairs import DOWNLOADS, INSTALL, WindowsRepairs

_NETWORK_SERVICE: Final = "networkservice"
_PROGRAMS: Final = {"pg_ctl", "pg_ctl.exe", "postgres", "postgres.exe"}
_USUAL_PORT: Final = 5432


@dataclass(frozen=True)
class ServiceEntry:
    r"""A service as the manager has it; ``command``: its command line, split as Windows does.

    ``account`` is the one that it runs as, such as ``NT AUTHORITY\NetworkService``.
    """

    name: str
    state: ServiceState
    start_type: StartType
    command: tuple[str, ...]
    account: str = ""


@dataclass(frozen=True)
class Installation:
    """What an installer wrote into the registry; empty and None where it did not."""

    base: Path
    service: str
    version: str
    port: int | None
    data: Path | None = None


class Win32(Protocol):
    """The calls into Windows, with their codes; nothing here decides anything."""

    def services(self) -> tuple[ServiceEntry, ...]:
        """All services of the computer that we may read."""

    def state(self, name: str) -> ServiceState | None:
        """A service's state, None where there is no such service."""

    def may_start(self, name: str) -> bool:
        """Whether the service's access list lets us start it as we are."""

    def start(self, name: str) -> int:
        """Ask the manager to start it; returns the Win32 code, 0 when it is starting."""

    def set_start_type(self, name: str, start_type: StartType) -> int:
        """Change when a service starts, as we are; returns the Win32 code."""

    def run_elevated(self, command: str, deadline: Deadline) -> int:
        """Run a program of Windows' own folder as an administrator, whom Windows asks for.

        ``command`` is its name and its arguments; returns its exit code, or why it did not run.
        """

    def start_type(self, name: str) -> StartType | None:
        """When a service starts, None where there is no such service."""

    def network_service_may_use(self, folder: Path) -> bool | None:
        """Whether the account Network Service may read and write in a folder, by its SID."""

    def user_path(self) -> str | None:
        """The user's own part of PATH as it is written, None where there is none."""

    def machine_path(self) -> str | None:
        """Everybody's part of PATH as it is written."""

    def set_user_path(self, path: str | None) -> None:
        """Write the user's part of PATH, its type kept, and tell all windows; None removes it."""

    def open_services(self) -> int:
        """Open the list of services; returns the Win32 code."""

    def scripts_off(self) -> bool:
        """Whether the Windows Script Host is switched off."""

    def installations(self) -> tuple[Installation, ...]:
        """PostgreSQL's installations, from the registry's 64- and 32-bit views."""


class WindowsMachine:
    """A Windows computer."""

    refuses_at_once = False  # its TCP tries again for two seconds, at each address of localhost

    def __init__(self, win32: Win32) -> None:
        self._win32 = win32
        self.repairs: Repairs | None = WindowsRepairs(win32)

    def services(self) -> tuple[Service, ...]:
        """See Machine."""
        installations = {entry.service: entry for entry in self._win32.installations()}
        found = [
            self._service(entry, installations.get(entry.name))
            for entry in self._win32.services()
            if entry.command and _file_name(entry.command[0]) in _PROGRAMS
        ]
        return tuple(sorted(found, key=_likelihood))

    def start_service(self, service: Service, deadline: Deadline) -> None:
        """See Machine."""
        name = service.name
        try:
            self._wait_while(name, {ServiceState.STOPPING}, deadline)
            code = self._win32.start(name)
            if code == Win32Code.ACCESS_DENIED:
                code = self._win32.run_elevated(service.start_command, deadline)
            if code not in {Win32Code.SUCCESS, Win32Code.SERVICE_ALREADY_RUNNING}:
                raise refused(name, code, service.start_command)
            state = self._wait_while(name, {ServiceState.STARTING}, deadline)
        except TimedOut:
            state = self._win32.state(name)
            raise _gave_up(name, {"state": state, "seconds": deadline.seconds}) from None
        if state is not ServiceState.RUNNING:
            raise _gave_up(name, {"state": state})

    def service_state(self, service: Service) -> ServiceState | None:
        """See Machine."""
        return self._win32.state(service.name)

    def may_use_data_folder(self, service: Service) -> bool | None:
        """See Machine. Only for the account of EDB's installer."""
        entry = next((e for e in self._win32.services() if e.name == service.name), None)
        if entry is None or service.data_dir is None:
            return None
        if _account_name(entry.account) != _NETWORK_SERVICE:
            return None
        return self._win32.network_service_may_use(service.data_dir)

    def install_command(self) -> str:
        """See Machine."""
        return INSTALL if self.repairs and self.repairs.can_install else DOWNLOADS

    def find_psql(self) -> Iterator[Psql]:
        """See Machine."""
        return psql.working(self._psql_candidates())

    def try_psql(self, path: Path) -> Psql:
        """See Machine."""
        return psql.chosen(path)

    def listeners(self, port: int) -> tuple[Listener, ...]:
        """See Machine."""
        return listeners(port)

    def _service(self, entry: ServiceEntry, installation: Installation | None) -> Service:
        data_dir = _data_folder(entry.command)
        # The registry has the port of the day of the installation, so it comes second.
        port = configured_port(data_dir) if data_dir else None
        version = major_version(data_dir) if data_dir else ""
        if installation:
            port = port or installation.port
            version = installation.version or version
        return Service(
            name=entry.name,
            state=entry.state,
            start_type=entry.start_type,
            start_command=f'sc.exe start "{entry.name}"',
            needs_admin=not self._win32.may_start(entry.name),
            bin_dir=Path(entry.command[0]).parent,
            data_dir=data_dir,
            port=port,
            version=version,
            log=data_dir / "log" if data_dir else None,
        )

    def _wait_while(
        self, name: str, states: set[ServiceState], deadline: Deadline
    ) -> ServiceState | None:
        while (state := self._win32.state(name)) in states:
            deadline.sleep(Deadline.STEP)
        return state

    def _psql_candidates(self) -> Iterator[tuple[Path, str]]:
        services = [service for service in self.services() if service.bin_dir]
        # The one that belongs to the server comes before one that happens to be on PATH.
        services.sort(key=lambda service: service.state is not ServiceState.RUNNING)
        candidates = [
            (service.bin_dir / "psql.exe", "service") for service in services if service.bin_dir
        ]
        running = sum(service.state is ServiceState.RUNNING for service in services)
        yield from candidates[:running]
        yield from psql.on_path()
        yield from candidates[running:]
        for installation in self._win32.installations():
            yield installation.base / "bin" / "psql.exe", "registry"
        for folder in _usual_folders():
            yield folder / "psql.exe", "folder"


def _usual_folders() -> Iterator[Path]:
    """Name the folders of EDB's installer, Scoop and Chocolatey."""
    for variable, pattern in (
        ("ProgramW6432", "PostgreSQL/*/bin"),  # Program Files of 64 bits, also for a 32-bit us
        ("ProgramFiles", "PostgreSQL/*/bin"),
        ("ProgramFiles(x86)", "PostgreSQL/*/bin"),
        ("USERPROFILE", "scoop/apps/postgresql*/current/bin"),
        ("ProgramData", "scoop/apps/postgresql*/current/bin"),
        ("ProgramData", "chocolatey/bin"),
        ("ProgramData", "chocolatey/lib/postgresql*/tools/*/bin"),
        ("SystemDrive", "tools/postgresql*/bin"),
    ):
        if base := os.environ.get(variable):
            yield from psql.newest_first(Path(base + os.sep).glob(pattern))


def _file_name(program: str) -> str:
    return program.replace("\\", "/").rpartition("/")[2].lower()


def _data_folder(command: tuple[str, ...]) -> Path | None:
    """Return the value of ``-D``, which is the next argument or the rest of the same one."""
    for argument, following in pairwise((*command[1:], "")):
        if argument.startswith("-D") and (value := argument.removeprefix("-D") or following):
            return Path(value)
    return None


def _likelihood(service: Service) -> tuple[bool, bool, bool, float]:
    return (
        service.start_type is StartType.DISABLED,
        service.name != DEFAULT_SERVICE,
        service.port != _USUAL_PORT,
        -psql.as_number(service.version),
    )


def _account_name(account: str) -> str:
    r"""Return ``networkservice`` of ``NT AUTHORITY\NetworkService``, which is never translated."""
    return account.rpartition("\\")[2].replace(" ", "").lower()


def _gave_up(name: str, evidence: Evidence) -> GaveUp:
    return GaveUp(
        "service_failed",
        _("{service} did not start", service=name),
        _(
            "Windows was asked to start it, but it does not run. The newest file in the folder log "
            "of its data folder says why."
        ),
        evidence={"service": name, **evidence},
    )
