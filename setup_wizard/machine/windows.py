"""Windows: what the service manager's numbers and the registry's values mean for us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.errors import Evidence, KnownError
from setup_wizard.i18n import Message, _
from setup_wizard.machine import (
    DEFAULT_SERVICE,
    Listener,
    Psql,
    Service,
    ServiceState,
    StartType,
    psql,
)
from setup_wizard.machine.data_folder import configured_port, major_version
from setup_wizard.machine.listening import listeners

# winerror.h
ERROR_SUCCESS: Final = 0
ERROR_ACCESS_DENIED: Final = 5
ERROR_SERVICE_REQUEST_TIMEOUT: Final = 1053
ERROR_SERVICE_ALREADY_RUNNING: Final = 1056
ERROR_SERVICE_DISABLED: Final = 1058
ERROR_SERVICE_DOES_NOT_EXIST: Final = 1060
ERROR_SERVICE_LOGON_FAILED: Final = 1069
ERROR_CANCELLED: Final = 1223

_PROGRAMS: Final = {"pg_ctl", "pg_ctl.exe", "postgres", "postgres.exe"}
_USUAL_PORT: Final = 5432


@dataclass(frozen=True)
class ServiceEntry:
    """A service as the manager has it; ``command``: its command line, split as Windows does."""

    name: str
    state: ServiceState
    start_type: StartType
    command: tuple[str, ...]


@dataclass(frozen=True)
class Installation:
    """What an installer wrote into the registry; empty and None where it did not."""

    base: Path
    service: str
    version: str
    port: int | None


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

    def start_elevated(self, name: str, deadline: Deadline) -> int:
        """The same as an administrator, whom Windows asks for; returns the Win32 code."""

    def installations(self) -> tuple[Installation, ...]:
        """PostgreSQL's installations, from the registry's 64- and 32-bit views."""


class WindowsMachine:
    """A Windows computer."""

    refuses_at_once = False  # its TCP tries again for two seconds, at each address of localhost

    def __init__(self, win32: Win32) -> None:
        self._win32 = win32

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
        try:
            code = self._win32.start(service.name)
            if code == ERROR_ACCESS_DENIED:
                code = self._win32.start_elevated(service.name, deadline)
            if code not in {ERROR_SUCCESS, ERROR_SERVICE_ALREADY_RUNNING}:
                raise _refused(service.name, code)
            self._wait_until_running(service.name, deadline)
        except TimedOut:
            state = self._win32.state(service.name)
            raise _did_not_start(
                service.name, {"state": state, "seconds": deadline.seconds}
            ) from None

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
            start_command=f'sc start "{entry.name}"',
            needs_admin=not self._win32.may_start(entry.name),
            bin_dir=Path(entry.command[0]).parent,
            data_dir=data_dir,
            port=port,
            version=version,
        )

    def _wait_until_running(self, name: str, deadline: Deadline) -> None:
        while (state := self._win32.state(name)) in {ServiceState.STARTING, ServiceState.STOPPING}:
            deadline.sleep(Deadline.STEP)
        if state is not ServiceState.RUNNING:
            raise _did_not_start(name, {"state": state})

    def _psql_candidates(self) -> Iterator[tuple[Path, str]]:
        yield from psql.on_path()
        for service in self.services():
            if service.bin_dir:
                yield service.bin_dir / "psql.exe", "service"
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


def _refused(name: str, code: int) -> KnownError:
    evidence: Evidence = {"service": name, "win32": code}
    if code == ERROR_CANCELLED:
        return KnownError(
            "elevation_declined",
            _("You chose No, so nothing was changed"),
            _(
                "Windows lets only an administrator start {service}. Press the button again, or "
                "ask an administrator to run: {command}",
                service=name,
                command=f'sc start "{name}"',
            ),
            evidence={**evidence, "needs_admin": True},
        )
    if code == ERROR_ACCESS_DENIED:
        return KnownError(
            "service_failed",
            _("Starting {service} needs an administrator", service=name),
            _("Ask an administrator to run: {command}", command=f'sc start "{name}"'),
            evidence={**evidence, "needs_admin": True},
        )
    if code == ERROR_SERVICE_DISABLED:
        return KnownError(
            "service_disabled",
            _("The PostgreSQL service is switched off for good"),
            _(
                "Somebody set {service} to 'disabled', so nothing can start it. Set its start type "
                "to 'automatic' or 'manual' in the list of services, then check again.",
                service=name,
            ),
            evidence=evidence,
        )
    if code == ERROR_SERVICE_DOES_NOT_EXIST:
        return KnownError(
            "service_missing",
            _("There is no {service} on this computer", service=name),
            _("It was there a moment ago: perhaps PostgreSQL was just removed. Check again."),
            evidence=evidence,
        )
    return KnownError(
        "service_failed", _did_not_start_title(name), _reason(code), evidence=evidence
    )


def _reason(code: int) -> Message:
    if code == ERROR_SERVICE_LOGON_FAILED:
        return _(
            "Windows could not log on the account that the service runs as. Open the list of "
            "services and set it to 'Network Service', then try again."
        )
    if code == ERROR_SERVICE_REQUEST_TIMEOUT:
        return _(
            "It did not answer Windows in time. Try again; if it stays so, a full disk or an "
            "antivirus program is the usual reason."
        )
    return _("Windows answered with code {code}.", code=code)


def _did_not_start_title(name: str) -> Message:
    return _("{service} did not start", service=name)


def _did_not_start(name: str, evidence: Evidence) -> KnownError:
    return KnownError(
        "service_failed",
        _did_not_start_title(name),
        _(
            "Windows was asked to start it, but it does not run. The newest file in the folder log "
            "of its data folder says why."
        ),
        evidence={"service": name, **evidence},
    )
