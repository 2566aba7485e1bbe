"""The exit codes that scripts rely on: which one a run's first broken link stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from setup_wizard.diagnosis.finding import Finding
from setup_wizard.flow import first_broken

EXIT_OK: Final = 0
EXIT_FOUND: Final = 1
EXIT_NO_SERVER: Final = 3
EXIT_NO_RIGHT: Final = 4
EXIT_SCRIPT_FAILED: Final = 5
EXIT_NEEDS_ADMIN: Final = 6
EXIT_CANCELLED: Final = 130

_EXIT_CODES: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        (
            "postgresql_missing",
            "service_missing",
            "service_stopped",
            "service_disabled",
            "service_failed",
            "service_starting",
            "service_stopping",
            "service_paused",
            "service_logon_failed",
            "service_no_answer",
            "initialisation_failed",
            "install_not_finished",
            "port_in_use",
            "port_reserved",
            "stale_pid",
            "data_folder_missing",
            "data_folder_unreadable",
            "data_folder_in_use",
            "configuration_broken",
            "version_mismatch",
            "host_unknown",
            "connection_refused",
            "connection_failed",
            "no_answer",
            "not_postgresql",
            "server_starting",
            "server_stopping",
            "too_many_connections",
            "tls_missing",
            "certificate_not_trusted",
        ),
        EXIT_NO_SERVER,
    ),
    **dict.fromkeys(
        (
            "password_missing",
            "login_rejected",
            "login_not_allowed",
            "connect_not_allowed",
            "cannot_create",
            "read_only",
            "schema_missing",
        ),
        EXIT_NO_RIGHT,
    ),
    **dict.fromkeys(
        ("script_failed", "lock_timeout", "connection_lost", "disk_full"), EXIT_SCRIPT_FAILED
    ),
    "cancelled": EXIT_CANCELLED,
}
"""What a failing finding's code means for a script; any other code is EXIT_FOUND."""


def exit_code(findings: tuple[Finding, ...]) -> int:
    """Return the exit code that the first broken link stands for."""
    broken = first_broken(findings)
    if broken is None:
        return EXIT_OK
    if broken.evidence.get("needs_admin"):
        return EXIT_NEEDS_ADMIN
    if broken.check == "server":  # also a connection that was lost before any script
        return EXIT_NO_SERVER
    return _EXIT_CODES.get(broken.code, EXIT_FOUND)
