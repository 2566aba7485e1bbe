"""What a click can mend on Windows: start types, the user's PATH, an installation."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.machine import (
    InstallerTraces,
    PathChange,
    Service,
    StartType,
    user_path,
)
from setup_wizard.machine.processes import run_in_window
from setup_wizard.machine.win32_code import Win32Code, refused

if TYPE_CHECKING:
    from setup_wizard.machine.windows import Win32

INSTALL: Final = "winget install PostgreSQL.PostgreSQL.17 --interactive"
"""Interactive, because a silent installation sets a password that nobody is told."""

DOWNLOADS: Final = "https://www.enterprisedb.com/downloads/postgres-postgresql-downloads"

_START_TYPES: Final = {
    StartType.AUTOMATIC: "auto",
    StartType.MANUAL: "demand",
    StartType.DISABLED: "disabled",
}  # the words of sc.exe, the same in every language
_INSTALLER_LOGS: Final = ("install-postgresql*.log", "bitrock_installer*.log")


class WindowsRepairs:
    """See :class:`setup_wizard.machine.Repairs`."""

    def __init__(self, win32: Win32) -> None:
        self._win32 = win32

    def start_type_command(self, service: Service, start_type: StartType) -> str:
        """See Repairs."""
        return f'sc.exe config "{service.name}" start= {_START_TYPES[start_type]}'

    def set_start_type(self, service: Service, start_type: StartType, deadline: Deadline) -> None:
        """See Repairs."""
        command = self.start_type_command(service, start_type)
        code = self._win32.set_start_type(service.name, start_type)
        if code == Win32Code.ACCESS_DENIED:
            code = self._win32.run_elevated(command, deadline)
        if code:
            raise refused(service.name, code, command)
        if (now := self._win32.start_type(service.name)) is not start_type:
            raise KnownError(
                "service_failed",
                _("{service} kept its start type", service=service.name),
                _(
                    "Windows said yes but did not do it; a rule of your company may be the "
                    "reason. Ask IT to run: {command}",
                    command=command,
                ),
                evidence={"service": service.name, "start_type": now},
            )

    def registry_path_has(self, folder: Path) -> bool:
        """See Repairs."""
        values = (self._win32.machine_path(), self._win32.user_path())
        return any(value and user_path.has(value, folder) for value in values)

    def path_with(self, folder: Path) -> PathChange:
        """See Repairs."""
        before = self._win32.user_path()
        if before and user_path.has(before, folder):
            return PathChange(before, before)
        after = user_path.appended(before or "", folder)
        if len(after) > user_path.LONGEST or ";" in str(folder):
            raise KnownError(
                "path_too_long",
                _("There is no room for {folder} on your PATH", folder=folder),
                _(
                    "Windows keeps {longest} characters of it, and it would have {length}. Remove "
                    "folders that are not used any more (Settings, 'environment variables'), then "
                    "try again.",
                    longest=user_path.LONGEST,
                    length=len(after),
                ),
                evidence={"folder": str(folder), "length": len(after)},
            )
        return PathChange(before, after)

    def write_path(self, change: PathChange) -> None:
        """See Repairs."""
        if self._win32.user_path() != change.before:
            raise KnownError(
                "path_changed",
                _("Your PATH was changed meanwhile"),
                _("Another program has written to it, so nothing was changed here. Check again."),
            )
        if change.after != change.before:
            self._win32.set_user_path(change.after)

    @property
    def can_install(self) -> bool:
        """See Repairs."""
        return shutil.which("winget") is not None

    def install_postgresql(self, deadline: Deadline) -> None:
        """See Repairs."""
        code: int | None
        try:
            code = run_in_window(shlex.split(INSTALL), deadline)
        except OSError as error:
            code = getattr(error, "winerror", None)
        if code == 0:
            return
        raise KnownError(
            "install_not_finished",
            _("PostgreSQL was not installed"),
            _(
                "The installer ended before it was through. Start it again, or download it "
                "yourself: {page}",
                page=DOWNLOADS,
            ),
            evidence={"command": INSTALL, "exit_code": code},
        )

    def open_services(self) -> None:
        """See Repairs."""
        if code := self._win32.open_services():
            raise KnownError(
                "services_not_opened",
                _("The list of services did not open"),
                _("Press Windows+R, type services.msc and press Enter."),
                evidence={"win32": code},
            )

    def installer_traces(self) -> InstallerTraces:
        """See Repairs."""
        services = {entry.name for entry in self._win32.services()}
        storage = (
            entry.data
            for entry in self._win32.installations()
            if entry.data and entry.service not in services and _lacks_data(entry.data)
        )
        temp = os.environ.get("TEMP", "")
        return InstallerTraces(
            storage=next(storage, None),
            log=_newest_log(Path(temp)) if temp else None,
            temp=Path(temp) if not temp.isascii() else None,
            scripts_off=self._win32.scripts_off(),
        )


def _lacks_data(folder: Path) -> bool:
    try:
        (folder / "PG_VERSION").stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # not ours to look into
    return False


def _newest_log(folder: Path) -> Path | None:
    logs = [path for pattern in _INSTALLER_LOGS for path in folder.glob(pattern)]
    return max(logs, key=lambda path: path.stat().st_mtime, default=None)
