"""The one thing that cannot exist here: another computer, with services of our choosing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.machine import (
    DEFAULT_SERVICE,
    InstallerTraces,
    Listener,
    PathChange,
    Psql,
    Repairs,
    Service,
    ServiceState,
    StartType,
)


def windows_service(
    state: ServiceState = ServiceState.STOPPED,
    *,
    port: int | None = 5432,
    start_type: StartType = StartType.MANUAL,
) -> Service:
    """The service that EDB's installer makes, as a newcomer finds it."""
    return Service(
        name=DEFAULT_SERVICE,
        state=state,
        start_type=start_type,
        start_command=f"net start {DEFAULT_SERVICE}",
        needs_admin=True,
        port=port,
        version="17.6",
    )


@dataclass
class FakeRepairs:
    """What a click mends on Windows, done in memory; ``done`` has what was asked for."""

    machine: FakeMachine
    path: str | None = None
    can_install: bool = True
    traces: InstallerTraces = field(default_factory=InstallerTraces)
    done: list[str] = field(default_factory=list)

    def start_type_command(self, service: Service, start_type: StartType) -> str:
        return f'sc.exe config "{service.name}" start= {start_type}'

    def set_start_type(self, service: Service, start_type: StartType, deadline: Deadline) -> None:
        self.done.append(self.start_type_command(service, start_type))
        self.machine.change(service.name, start_type=start_type)

    def registry_path_has(self, folder: Path) -> bool:
        return str(folder) in (self.path or "").split(";")

    def path_with(self, folder: Path) -> PathChange:
        return PathChange(self.path, f"{self.path};{folder}" if self.path else str(folder))

    def write_path(self, change: PathChange) -> None:
        assert self.path == change.before
        self.path = change.after

    def install_postgresql(self, deadline: Deadline) -> None:
        self.done.append(self.machine.install_command())

    def open_services(self) -> None:
        self.done.append("services.msc")

    def installer_traces(self) -> InstallerTraces:
        return self.traces


@dataclass
class FakeMachine:
    """A computer with these services, programs and listeners; starting a service runs it."""

    installed: list[Service] = field(default_factory=list)
    psqls: tuple[Psql, ...] = (Psql(Path("/opt/pg/bin/psql"), "17.6", "PATH"),)
    listening: tuple[Listener, ...] = ()
    refusal: KnownError | None = None
    refuses_at_once: bool = False
    started: list[str] = field(default_factory=list)
    repairs: Repairs | None = None

    def services(self) -> tuple[Service, ...]:
        return tuple(self.installed)

    def start_service(self, service: Service, deadline: Deadline) -> None:
        if self.refusal:
            raise self.refusal
        self.started.append(service.name)
        self.change(service.name, state=ServiceState.RUNNING)

    def change(self, name: str, **values: Any) -> None:
        self.installed = [
            replace(known, **values) if known.name == name else known for known in self.installed
        ]

    def service_state(self, service: Service) -> ServiceState | None:
        return next((now.state for now in self.installed if now.name == service.name), None)

    def may_use_data_folder(self, service: Service) -> bool | None:
        return None

    def install_command(self) -> str:
        return "winget install PostgreSQL.PostgreSQL.17 --interactive"

    def find_psql(self) -> Iterator[Psql]:
        yield from self.psqls

    def try_psql(self, path: Path) -> Psql:
        return Psql(path, "17.6", "chosen")

    def listeners(self, port: int) -> tuple[Listener, ...]:
        return tuple(row for row in self.listening if row.port == port)
