"""Fixes of this computer's PostgreSQL service."""

from __future__ import annotations

from typing import Final

from setup_wizard.deadline import TimedOut
from setup_wizard.diagnosis.case import Case
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.machine import DEFAULT_SERVICE

_AWAKE_AFTER: Final = frozenset({"connection_refused", "server_starting"})


def start_service(case: Case) -> None:
    """Start the target's service and wait until the server answers, whatever it answers."""
    from setup_wizard.database.connection import connect

    service = case.service
    if service is None:
        raise KnownError(
            "service_missing",
            _("There is no {service} on this computer", service=DEFAULT_SERVICE),
            _("Install PostgreSQL, or start your server where it runs, then check again."),
        )
    case.machine.start_service(service, case.deadline)
    while True:
        try:
            connect(case.target, case.deadline).close()
        except KnownError as error:
            if error.code not in _AWAKE_AFTER:
                return
            waited_for = error
        else:
            return
        try:
            case.deadline.sleep(0.1)
        except TimedOut:
            raise waited_for from None
