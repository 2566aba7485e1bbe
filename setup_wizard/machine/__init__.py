"""The operating system, behind one protocol: services, programs, listeners, child processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError

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
    ``log``: where it writes its log, a file or a folder of files.
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
    log: Path | None = None


class GaveUp(KnownError):
    """A service was asked to start, and does not run (any more); why is still to be found out."""


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


@dataclass(frozen=True)
class PathChange:
    """The user's PATH before and after a change; None where there is (or was) no such value."""

    before: str | None
    after: str | None


@dataclass(frozen=True)
class InstallerTraces:
    """What an installer leaves behind that did not get through; None and False where nothing is.

    ``storage``: the data folder of an installation that has neither a service nor data in it.
    ``log``: the installer's newest log. ``temp``: the folder for temporary files, where its name
    has letters that older installers stumble over. ``scripts_off``: Windows runs no scripts, which
    older installers consist of.
    """

    storage: Path | None = None
    log: Path | None = None
    temp: Path | None = None
    scripts_off: bool = False


class Repairs(Protocol):
    """What a click can mend on Windows. On other systems the commands are named instead."""

    def start_type_command(self, service: Service, start_type: StartType) -> str:
        """Name the command of :meth:`set_start_type`, to show before it is run."""

    def set_start_type(self, service: Service, start_type: StartType, deadline: Deadline) -> None:
        """Change when a service starts, elevating only this step. Raises KnownError."""

    def registry_path_has(self, folder: Path) -> bool:
        """Whether programs that are started from now on have a folder on their PATH."""

    def path_with(self, folder: Path) -> PathChange:
        """Name what :meth:`write_path` would do. Raises KnownError path_too_long."""

    def write_path(self, change: PathChange) -> None:
        """Write the user's PATH and tell the desktop.

        Raises KnownError path_changed when it is not any more what the change began with.
        """

    @property
    def can_install(self) -> bool:
        """Whether the program is there that Machine.install_command names."""

    def install_postgresql(self, deadline: Deadline) -> None:
        """Install it in a window of its own; the time limit rests meanwhile, Cancel does not.

        Raises KnownError install_not_finished.
        """

    def open_services(self) -> None:
        """Open the system's list of services. Raises KnownError."""

    def installer_traces(self) -> InstallerTraces:
        """Look for an installation that did not get through."""


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

        Raises GaveUp when it does not get there, else KnownError with the system's code as
        evidence: service_failed, service_disabled, service_missing, service_logon_failed,
        service_no_answer, elevation_declined. ``needs_admin`` True is in the evidence where only
        an administrator's rights were missing.
        """

    def service_state(self, service: Service) -> ServiceState | None:
        """Ask for a service's present state; None where it is gone."""

    def may_use_data_folder(self, service: Service) -> bool | None:
        """Whether a service may read and write its data folder; None where nobody tells us."""

    def find_psql(self) -> Iterator[Psql]:
        """Every working psql, best first: PATH, services' folders, registry, usual folders.

        On Windows the folder of a running service comes before PATH.

        Each is run when it is asked for, so that whoever wants the best waits for one only.
        """

    def try_psql(self, path: Path) -> Psql:
        """Run the psql that the user chose; raises KnownError psql_missing when it is none."""

    def listeners(self, port: int) -> tuple[Listener, ...]:
        """Who listens on a TCP port of this computer, found without connecting."""

    def install_command(self) -> str:
        """Name what installs PostgreSQL here: a command, or a page to download it from."""

    @property
    def repairs(self) -> Repairs | None:
        """What can be mended with a click; None where only commands can be named."""


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
