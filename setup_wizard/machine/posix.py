"""Linux and macOS: Debian's clusters, systemd's units, Homebrew's services."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.errors import Evidence, KnownError
from setup_wizard.i18n import _
from setup_wizard.machine import (
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
from setup_wizard.machine.processes import run

_SECONDS: Final = 10.0  # for one question to the system's tools; Homebrew takes 2
_SYSTEMD: Final = Path("/run/systemd/system")  # there where systemd runs: sd_booted(3)
_USUAL_PORT: Final = 5432

_SYSTEMD_STATES: Final = {
    "active": ServiceState.RUNNING,
    "reloading": ServiceState.RUNNING,
    "activating": ServiceState.STARTING,
    "deactivating": ServiceState.STOPPING,
}
_DEBIAN_START_TYPES: Final = {
    "auto": StartType.AUTOMATIC,
    "manual": StartType.MANUAL,
    "disabled": StartType.DISABLED,
}
_SYSTEMD_START_TYPES: Final = {
    "enabled": StartType.AUTOMATIC,
    "enabled-runtime": StartType.AUTOMATIC,
    "masked": StartType.DISABLED,
    "masked-runtime": StartType.DISABLED,
}  # 'disabled' and the others: not at boot, but whenever somebody asks
_NO_PERMISSION: Final = 4  # systemctl's exit code, as the Linux Standard Base has it

_PACKAGES: Final = {
    "apt-get": "sudo apt install postgresql",
    "dnf": "sudo dnf install postgresql-server && sudo postgresql-setup --initdb",
    "zypper": "sudo zypper install postgresql-server",
    "pacman": "sudo pacman -S postgresql",
    "brew": "brew install postgresql@17",
}
_DOWNLOADS: Final = "https://www.postgresql.org/download/"

_FOLDERS: Final = (
    "/usr/lib/postgresql/*/bin",  # Debian
    "/usr/pgsql-*/bin",  # the PostgreSQL project's packages for Red Hat
    "/opt/homebrew/opt/postgresql@*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/opt/libpq/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",  # EDB's installer
)


class PosixMachine:
    """A Linux or macOS computer."""

    refuses_at_once = True
    repairs: Repairs | None = None

    def services(self) -> tuple[Service, ...]:
        """See Machine."""
        if shutil.which("pg_lsclusters"):
            found = _debian_clusters()
        elif _SYSTEMD.is_dir():
            found = _systemd_units()
        else:
            found = _homebrew_services()
        return tuple(sorted(found, key=_likelihood))

    def start_service(self, service: Service, deadline: Deadline) -> None:
        """See Machine. Runs exactly the service's ``start_command``."""
        command = shlex.split(service.start_command)
        # systemctl lets polkit ask for the password where there is a desktop to ask on
        if service.needs_admin and command[0] != "systemctl":
            raise _needs_admin(service)
        try:
            code = run(command, deadline).code
            while (state := self.service_state(service)) is ServiceState.STARTING:
                deadline.sleep(Deadline.STEP)
        except TimedOut:
            raise _gave_up(service, {"seconds": deadline.seconds}) from None
        if code == _NO_PERMISSION:
            raise _needs_admin(service)
        if state is not ServiceState.RUNNING:
            raise _gave_up(service, {"exit_code": code})

    def service_state(self, service: Service) -> ServiceState | None:
        """See Machine."""
        return next((now.state for now in self.services() if now.name == service.name), None)

    def may_use_data_folder(self, service: Service) -> bool | None:
        """See Machine. PostgreSQL wants it for itself: rights of 0700 or 0750."""
        try:
            status = service.data_dir.stat() if service.data_dir else None
        except OSError:
            return None
        return None if status is None else not status.st_mode & 0o027 and status.st_uid != 0

    def find_psql(self) -> Iterator[Psql]:
        """See Machine."""
        return psql.working(self._psql_candidates())

    def try_psql(self, path: Path) -> Psql:
        """See Machine."""
        return psql.chosen(path)

    def listeners(self, port: int) -> tuple[Listener, ...]:
        """See Machine."""
        return listeners(port)

    def install_command(self) -> str:
        """See Machine."""
        found = (command for tool, command in _PACKAGES.items() if shutil.which(tool))
        return next(found, _DOWNLOADS)

    def _psql_candidates(self) -> Iterator[tuple[Path, str]]:
        yield from psql.on_path()
        for service in self.services():
            if service.bin_dir:
                yield service.bin_dir / "psql", "service"
        if pg_config := shutil.which("pg_config"):
            yield Path(_ask(pg_config, "--bindir").strip()) / "psql", "folder"
        for pattern in _FOLDERS:
            for folder in psql.newest_first(Path("/").glob(pattern.removeprefix("/"))):
                yield folder / "psql", "folder"


def _debian_clusters() -> Iterator[Service]:
    # The columns of its manual page, which are the same in every language: version, cluster, port,
    # state with flags, owner, data folder, log. (--json needs a Perl module that may be missing.)
    for line in _ask("pg_lsclusters", "--no-header", "--start-conf").splitlines():
        columns = line.split()
        if len(columns) < 6:
            continue
        version, cluster, port, status, owner, data = columns[:6]
        state, *flags = status.split(",")
        binaries = Path("/usr/lib/postgresql", version, "bin")
        unit = f"postgresql@{version}-{cluster}"
        by_systemd = _SYSTEMD.is_dir()
        yield Service(
            name=unit,
            state=ServiceState.RUNNING if state == "online" else ServiceState.STOPPED,
            start_type=_DEBIAN_START_TYPES.get(flags[-1] if flags else "", StartType.MANUAL),
            start_command=shlex.join(
                ["systemctl", "start", unit]
                if by_systemd
                else ["pg_ctlcluster", version, cluster, "start"]
            ),
            needs_admin=not (_is_root() or (_owns(owner) and not by_systemd)),
            bin_dir=binaries if binaries.is_dir() else None,
            data_dir=Path(data),
            port=int(port) if port.isdigit() else None,
            version=version,
            log=Path(columns[6]) if len(columns) > 6 else None,
        )


def _systemd_units() -> Iterator[Service]:
    listed = _ask("systemctl", "list-unit-files", "--no-legend", "--plain", "postgresql*.service")
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    units = [name for name in names if "@." not in name]  # a template is not a service
    if not units:
        return
    shown = _ask(
        *("systemctl", "show", "--property=Id,ActiveState,UnitFileState,ExecStart,Environment"),
        *units,
    )
    for block in shown.strip().split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        name = values["Id"].removesuffix(".service")
        data = re.search(r"\bPGDATA=(\S+)", values.get("Environment", ""))
        program = re.search(r"\bpath=(\S+)", values.get("ExecStart", ""))
        data_dir = Path(data[1]) if data else None
        yield Service(
            name=name,
            state=_SYSTEMD_STATES.get(values.get("ActiveState", ""), ServiceState.STOPPED),
            start_type=_SYSTEMD_START_TYPES.get(values.get("UnitFileState", ""), StartType.MANUAL),
            start_command=shlex.join(["systemctl", "start", name]),
            needs_admin=not _is_root(),
            bin_dir=Path(program[1]).parent if program else None,
            data_dir=data_dir,
            port=configured_port(data_dir) if data_dir else None,
            version=major_version(data_dir) if data_dir else "",
            log=data_dir / "log" if data_dir else None,
        )


def _homebrew_services() -> Iterator[Service]:
    brew = shutil.which("brew")
    if not brew:
        return
    import json

    prefix = Path(brew).parent.parent
    for row in json.loads(_ask(brew, "services", "list", "--json") or "[]"):
        name = row["name"]
        if not name.startswith("postgresql"):
            continue
        data_dir = prefix / "var" / name
        yield Service(
            name=name,
            state=ServiceState.RUNNING if row["status"] == "started" else ServiceState.STOPPED,
            start_type=StartType.AUTOMATIC if row["file"] else StartType.MANUAL,
            start_command=shlex.join([brew, "services", "start", name]),
            needs_admin=False,
            bin_dir=prefix / "opt" / name / "bin",
            data_dir=data_dir,
            port=configured_port(data_dir),
            version=major_version(data_dir),
            log=prefix / "var" / "log" / f"{name}.log",
        )


def _likelihood(service: Service) -> tuple[bool, bool, float]:
    return (
        service.start_type is StartType.DISABLED,
        service.port != _USUAL_PORT,
        -psql.as_number(service.version),
    )


def _ask(*command: str) -> str:
    """Return what a tool of the system prints, empty where it cannot say."""
    try:
        return run(command, Deadline(_SECONDS), env={"LC_ALL": "C"}).output
    except (OSError, TimedOut):
        return ""


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _owns(owner: str) -> bool:
    import getpass

    return getpass.getuser() == owner


def _needs_admin(service: Service) -> KnownError:
    return KnownError(
        "service_failed",
        _("Starting {service} needs an administrator", service=service.name),
        _(
            "Run this command in a terminal, then check again: {command}",
            command=f"sudo {service.start_command}",
        ),
        evidence={"service": service.name, "needs_admin": True},
    )


def _gave_up(service: Service, evidence: Evidence) -> GaveUp:
    return GaveUp(
        "service_failed",
        _("{service} did not start", service=service.name),
        _(
            "The system was asked to start it, but it does not run. Its log says why: "
            "look there, or try in a terminal: {command}",
            command=service.start_command,
        ),
        evidence={"service": service.name, **evidence},
    )
