"""The operating system, behind one protocol: services, programs, listeners, child processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from setup_wizard.deadline import Deadline

DEFAULT_SERVICE: Final = "postgresql-x64-17"
"""The service name of the installer that our users have; named where no service is known yet."""


class ServiceState(StrEnum):
    """A service's state, from the service manager's numbers, never from its words."""

    RUNNING = "running"
    STOPPED = "stopped"
    STARTING = "starting"
    STOPPING = "stopping"
    PAUSED = "paused"


class StartType(StrEnum):
    """When the service manager starts a service."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Service:
    """A PostgreSQL server that the operating system (or the practice mode) can start.

    ``port`` is what its configuration says, None where unknown. ``needs_admin``: starting it asks
    for an administrator. ``start_command``: what starting it does, to show before it is done.
    """

    name: str
    state: ServiceState
    start_type: StartType
    start_command: str
    needs_admin: bool
    bin_dir: Path | None = None
    data_dir: Path | None = None
    port: int | None = None
    version: str = ""


@dataclass(frozen=True)
class Psql:
    """A psql that was found and ran; ``source``: PATH, service, registry, folder, chosen."""

    path: Path
    version: str
    source: str


@dataclass(frozen=True)
class Listener:
    """A program that listens on a TCP port; ``pid`` and ``program`` only where the system tells."""

    address: str
    port: int
    pid: int | None = None
    program: str | None = None


class Machine(Protocol):
    """What the program asks of the operating system.

    Any of it may be slow, so none of it is for the GUI thread.
    """

    @property
    def refuses_at_once(self) -> bool:
        """Whether connecting to a closed port of this computer is refused without delay."""

    def services(self) -> tuple[Service, ...]:
        """All PostgreSQL services of this computer, the most likely first; empty where none."""

    def start_service(self, service: Service, deadline: Deadline) -> None:
        """Start it, elevating only this step, and return when the manager says RUNNING.

        Raises KnownError with the system's code as evidence: service_failed, service_disabled,
        service_missing, elevation_declined. ``needs_admin`` True is in the evidence where only an
        administrator's rights were missing.
        """

    def find_psql(self) -> Iterator[Psql]:
        """Every working psql, best first: PATH, services' folders, registry, usual folders.

        Each is run when it is asked for, so that whoever wants the best waits for one only.
        """

    def try_psql(self, path: Path) -> Psql:
        """Run the psql that the user chose; raises KnownError psql_missing when it is none."""

    def listeners(self, port: int) -> tuple[Listener, ...]:
        """Who listens on a TCP port of this computer, found without connecting."""


def this_machine() -> Machine:
    """Return the computer that the program runs on."""
    machine: Machine
    if sys.platform == "win32":
        from setup_wizard.machine.win32 import Native
        from setup_wizard.machine.windows import WindowsMachine

        machine = WindowsMachine(Native())
    else:
        from setup_wizard.machine.posix import PosixMachine

        machine = PosixMachine()
    return machine


def is_local(host: str) -> bool:
    """Whether a host of a URL means this computer; asks no name server.

    So do an empty one and a socket folder (libpq's own reading), ``localhost``, the computer's own
    name, and each of its addresses.
    """
    import socket

    if not host or host.startswith(("/", "@")):
        return True
    name = host.lower().removesuffix(".")
    own = socket.gethostname().lower()
    if name in {"localhost", own, own.partition(".")[0]} or name.endswith(".localhost"):
        return True
    return _is_own_address(name)


def _is_own_address(address: str) -> bool:
    import socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, address)
        except OSError:
            continue
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address, 0))  # the system lets us have our own addresses only
        except OSError:
            continue
        return True
    return False
