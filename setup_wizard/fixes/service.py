"""Fixes of this computer's PostgreSQL service."""

from __future__ import annotations

from typing import Final

from setup_wizard.deadline import TimedOut
from setup_wizard.diagnosis.case import Case
from setup_wizard.errors import KnownError
from setup_wizard.fixes.journal import Change
from setup_wizard.i18n import _
from setup_wizard.machine import (
    DEFAULT_SERVICE,
    GaveUp,
    Repairs,
    Service,
    ServiceState,
    StartType,
)

_ASLEEP: Final = frozenset({"connection_refused", "server_starting"})
_LASTS: Final = 10.0
"""Seconds. pg_ctl says RUNNING before its server has got through, and takes it back silently."""
_GLANCE: Final = 0.1


def start_service(case: Case) -> Change:
    """Start the target's service and wait until the server answers, whatever it answers.

    Raises the reason as a KnownError when the server gives up.
    """
    # psutil comes with it: only for those who start something
    from setup_wizard.machine.startup import ServerLog

    service = _service(case)
    log = ServerLog(service)
    # Whoever has the port already is not the server that we start: its answer would deceive us.
    foreign = service.state is ServiceState.STOPPED and case.machine.listeners(case.target.port)
    try:
        case.machine.start_service(service, case.deadline)
        _watch(case, service, believe_answers=not foreign)
    except GaveUp as error:
        gave_up = error
    else:
        return Change(service.start_command, service.state, ServiceState.RUNNING)
    raise _reason(case, service, gave_up, log.news())


def set_service_automatic(case: Case) -> Change:
    """Let the service start with Windows, and start it now where it does not run."""
    service, repairs = _service(case), _repairs(case)
    repairs.set_start_type(service, StartType.AUTOMATIC, case.deadline)
    undo = {"kind": "start_type", "service": service.name, "before": service.start_type.value}
    command = repairs.start_type_command(service, StartType.AUTOMATIC)
    if case.machine.service_state(service) is not ServiceState.RUNNING:
        start_service(case)
        command = f"{command} && {service.start_command}"
    return Change(command, service.start_type, StartType.AUTOMATIC, undo)


def open_services(case: Case) -> Change:
    """Open the system's list of services, for a person to look."""
    _repairs(case).open_services()
    return Change("services.msc")


def _service(case: Case) -> Service:
    if case.service is None:
        raise KnownError(
            "service_missing",
            _("There is no {service} on this computer", service=DEFAULT_SERVICE),
            _("Install PostgreSQL, or start your server where it runs, then check again."),
        )
    return case.service


def _repairs(case: Case) -> Repairs:
    assert case.machine.repairs, "offered on Windows only"
    return case.machine.repairs


def _watch(case: Case, service: Service, *, believe_answers: bool) -> None:
    """Wait until the server answers, or has run for so long that it will not give up any more.

    Where nobody answers even then, the check that follows says what is in the way.
    """
    lasts = case.deadline.shorter(_LASTS)
    while waiting_for := _asleep(case) if believe_answers else "connection_refused":
        if case.machine.service_state(service) is not ServiceState.RUNNING:
            raise GaveUp("service_failed", "", evidence={"state": "stopped"})
        if waiting_for == "connection_refused" and not lasts.remaining:
            return
        try:
            case.deadline.sleep(_GLANCE)
        except TimedOut:
            return


def _asleep(case: Case) -> str | None:
    """Return why the server does not answer yet, None as soon as it says anything."""
    from setup_wizard.database.connection import connect

    if not case.machine.refuses_at_once and not case.machine.listeners(case.target.port):
        return "connection_refused"  # a socket would take seconds to say so
    try:
        connect(case.target, case.deadline).close()
    except KnownError as error:
        if error.code == "cancelled":
            raise
        return error.code if error.code in _ASLEEP else None
    return None


def _reason(case: Case, service: Service, gave_up: GaveUp, log: bytes) -> KnownError:
    from setup_wizard.diagnosis.startup import why_it_gave_up
    from setup_wizard.machine.startup import startup_facts

    facts = startup_facts(case.machine, service, case.deadline, log)
    return why_it_gave_up(facts, gave_up.evidence)
