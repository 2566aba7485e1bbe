"""Checks of this computer: is psql found, does the PostgreSQL service run?"""

from __future__ import annotations

from collections.abc import Iterator

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.i18n import _
from setup_wizard.machine import Service, ServiceState, StartType, is_local


def check_psql(case: Case) -> Iterator[Finding]:
    """Where is psql? The wizard works without it; people like to know."""
    psql = case.psql
    if psql is None:
        yield Finding(
            check="psql",
            status=Status.WARN,
            code="psql_missing",
            title=_("psql was not found on this computer"),
            detail=_(
                "The wizard does not need it. If you want to use psql yourself, "
                "show the wizard where it is, or install PostgreSQL."
            ),
            fixes=(offer_locate_psql(),),
        )
        return
    yield Finding(
        check="psql",
        status=Status.OK,
        code="ready",
        title=f"psql {psql.version}",
        summary=str(psql.path),
        evidence={"path": str(psql.path), "version": psql.version, "source": psql.source},
    )


def check_service(case: Case) -> Iterator[Finding]:
    """Does the service run that should serve the target?

    The quickest witness is asked first. On Windows a closed port answers only after about two
    seconds for each address of localhost, so there the service manager comes before any socket.
    """
    target = case.target
    if not is_local(target.host):
        yield Finding(
            check="service",
            status=Status.OK,
            code="ready",
            title=_("The PostgreSQL service"),
            summary=_("runs on another computer: {host}", host=target.host),
        )
    elif case.machine.refuses_at_once and case.server_answers:
        yield _served(case)
    elif case.service_is_running or case.somebody_listens:
        yield _running(case)
    elif case.service is None:
        yield _no_service(case)
    else:
        yield _stopped(case.service)


def _running(case: Case) -> Finding:
    service = case.service
    if service and service.state is ServiceState.RUNNING:
        return Finding(
            check="service",
            status=Status.OK,
            code="ready",
            title=_("The PostgreSQL service"),
            summary=_("{service} is running", service=service.name),
            evidence=_evidence(service),
        )
    return _served(case)


def _served(case: Case) -> Finding:
    port = case.target.port
    return Finding(
        check="service",
        status=Status.OK,
        code="ready",
        title=_("The PostgreSQL service"),
        summary=_("port {port} is served", port=port),
        evidence={"port": port},
    )


def _no_service(case: Case) -> Finding:
    port = case.target.port
    if case.services:
        other = case.services[0]
        code, title = "connection_refused", _("Nothing listens on port {port}", port=port)
        detail = _(
            "PostgreSQL is on this computer, but its service {service} uses port {other}. "
            "If that is the server you want, write {other} as the port in .env.",
            service=other.name,
            other=other.port,
        )
    elif case.psql:
        code, title = "connection_refused", _("Nothing listens on port {port}", port=port)
        detail = _(
            "There is no PostgreSQL service on this computer that the wizard could start. If your "
            "server runs in Docker or WSL, start it there; else install the PostgreSQL server. "
            "Then check again.",
        )
    else:
        code, title = "postgresql_missing", _("PostgreSQL is not on this computer yet")
        detail = _(
            "Nothing listens on port {port}, and there is neither a PostgreSQL service nor psql "
            "here. Install PostgreSQL, then check again.",
            port=port,
        )
    return Finding(
        check="service",
        status=Status.FAIL,
        code=code,
        title=title,
        detail=detail,
        evidence={"port": port, "services": [service.name for service in case.services]},
    )


def _stopped(service: Service) -> Finding:
    if service.start_type is StartType.DISABLED:
        return Finding(
            check="service",
            status=Status.FAIL,
            code="service_disabled",
            title=_("The PostgreSQL service is switched off for good"),
            detail=_(
                "Somebody set {service} to 'disabled', so nothing can start it. Set its start type "
                "to 'automatic' or 'manual' in the list of services, then check again.",
                service=service.name,
            ),
            evidence=_evidence(service),
        )
    if service.needs_admin:
        detail = _(
            "PostgreSQL is installed on this computer, but {service} is not running, so nothing "
            "can connect to it. Start it; the system asks for permission once.",
            service=service.name,
        )
    else:
        detail = _(
            "PostgreSQL is installed on this computer, but {service} is not running, so nothing "
            "can connect to it. Start it, and everything else goes on by itself.",
            service=service.name,
        )
    return Finding(
        check="service",
        status=Status.FAIL,
        code="service_stopped",
        title=_("The PostgreSQL server is switched off"),
        detail=detail,
        evidence=_evidence(service),
        fixes=(offer_start_service(service),),
    )


def _evidence(service: Service) -> dict[str, str]:
    return {
        "service": service.name,
        "state": service.state.value,
        "start_type": service.start_type.value,
    }


def offer_start_service(service: Service) -> FixOffer:
    """Offer to start a service."""
    return FixOffer(
        "start_service",
        _("Start {service}", service=service.name),
        _("Runs: {command}", command=service.start_command),
        needs_admin=service.needs_admin,
    )


def offer_locate_psql() -> FixOffer:
    """Offer to search for psql, and to ask for it where the search ends without one."""
    return FixOffer(
        "locate_psql",
        _("Locate psql"),
        _("Looks in the usual places, and lets you choose it where it is not found."),
    )
