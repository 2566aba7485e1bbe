"""The one thing that cannot exist here: another computer, with services of our choosing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.machine import (
    DEFAULT_SERVICE,
    Listener,
    Psql,
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
class FakeMachine:
    """A computer with these services, programs and listeners; starting a service runs it."""

    installed: list[Service] = field(default_factory=list)
    psqls: tuple[Psql, ...] = (Psql(Path("/opt/pg/bin/psql"), "17.6", "PATH"),)
    listening: tuple[Listener, ...] = ()
    refusal: KnownError | None = None
    refuses_at_once: bool = False
    started: list[str] = field(default_factory=list)

    def services(self) -> tuple[Service, ...]:
        return tuple(self.installed)

    def start_service(self, service: Service, deadline: Deadline) -> None:
        if self.refusal:
            raise self.refusal
        self.started.append(service.name)
        self.installed = [
            replace(known, state=ServiceState.RUNNING) if known.name == service.name else known
            for known in self.installed
        ]

    def find_psql(self) -> Iterator[Psql]:
        yield from self.psqls

    def try_psql(self, path: Path) -> Psql:
        return Psql(path, "17.6", "chosen")

    def listeners(self, port: int) -> tuple[Listener, ...]:
        return tuple(row for row in self.listening if row.port == port)
