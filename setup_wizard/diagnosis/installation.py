"""Checks of this computer: is psql found, does the PostgreSQL service run?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.diagnosis.missing import no_service
from setup_wizard.i18n import _
from setup_wizard.machine import Repairs, Service, ServiceState, StartType, is_local
from setup_wizard.machine.psql import first_on_path, same_file


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
    first = first_on_path()
    evidence = {"path": str(psql.path), "version": psql.version, "source": psql.source}
    ready = Finding(
        check="psql",
        status=Status.OK,
        code="ready",
        title=f"psql {psql.version}",
        summary=str(psql.path),
        evidence=evidence,
    )
    if first and not same_file(first, psql.path):
        yield replace(
            ready,
            detail=_(
                "A terminal starts another one: {other}. The wizard takes the one that belongs to "
                "the server.",
                other=first,
            ),
            evidence={**evidence, "on_path": str(first)},
        )
    elif first or case.machine.repairs is None:
        yield ready
    else:
        yield _not_on_path(ready, psql.path.parent, case.machine.repairs)


def _not_on_path(ready: Finding, folder: Path, repairs: Repairs) -> Finding:
    if repairs.registry_path_has(folder):
        return replace(
            ready,
            detail=_(
                "Its folder is on your PATH by now. Terminals that were open before do not know "
                "that yet: open a new one, and restart VS Code."
            ),
            evidence={**ready.evidence, "on_path": "registry"},
        )
    return replace(
        ready,
        status=Status.WARN,
        code="psql_not_on_path",
        title=_("psql is there, but a terminal does not find it"),
        detail=_(
            "The wizard does not need that. If you want to type psql in a terminal, its folder "
            "{folder} has to be on your PATH.",
            folder=folder,
        ),
        evidence={**ready.evidence, "on_path": None},
        fixes=(
            FixOffer(
                "add_psql_to_path",
                _("Add psql to PATH"),
                _(
                    "Adds {folder} to your own PATH, for you only. Afterwards open a new terminal, "
                    "and restart VS Code.",
                    folder=folder,
                ),
            ),
        ),
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
    elif case.machine.refuses_at_once and case.somebody_answers:
        yield _served(case)
    elif case.service_is_running or case.somebody_listens:
        yield _running(case)
    elif case.service is None:
        yield from no_service(case)
    else:
        yield _not_running(case.service, case.machine.repairs)


def _running(case: Case) -> Finding:
    service, repairs = case.service, case.machine.repairs
    if not service or service.state is not ServiceState.RUNNING:
        return _served(case)
    if repairs and service.start_type is not StartType.AUTOMATIC:
        return Finding(
            check="service",
            status=Status.WARN,
            code="service_manual",
            title=_("{service} runs, but does not start with Windows", service=service.name),
            detail=_("After the next restart of the computer somebody has to start it again."),
            evidence=_evidence(service),
            fixes=(offer_set_automatic(service, repairs), offer_open_services()),
        )
    return Finding(
        check="service",
        status=Status.OK,
        code="ready",
        title=_("The PostgreSQL service"),
        summary=_("{service} is running", service=service.name),
        evidence=_evidence(service),
    )


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


def _not_running(service: Service, repairs: Repairs | None) -> Finding:
    by_hand = (offer_open_services(),) if repairs else ()
    starts = (offer_start_service(service),)
    fixes: tuple[FixOffer, ...] = (*starts, *by_hand)
    if service.state is ServiceState.STARTING:
        code, title = "service_starting", _("{service} is starting", service=service.name)
        detail = _(
            "That takes seconds, after a crash minutes. Wait a moment, or let the wizard wait, "
            "then check again."
        )
    elif service.state is ServiceState.STOPPING:
        code, title = "service_stopping", _("{service} is stopping", service=service.name)
        detail = _(
            "It has been told to stop and closes its files first. The wizard can wait for that "
            "and start it again."
        )
    elif service.state is ServiceState.PAUSED:
        code, title = "service_paused", _("{service} is paused", service=service.name)
        detail = _(
            "It was paused in the list of services, so nothing can connect to it. Choose "
            "'Resume' there, then check again."
        )
        fixes = by_hand
    elif service.start_type is StartType.DISABLED:
        code, title = "service_disabled", _("The PostgreSQL service is disabled")
        detail = _(
            "The start type of {service} is 'disabled', so nothing can start it. Set it to "
            "'automatic' or 'manual' in the list of services, then check again.",
            service=service.name,
        )
        fixes = (offer_set_automatic(service, repairs), *by_hand) if repairs else ()
    elif service.needs_admin:
        code, title = "service_stopped", _("The PostgreSQL server is switched off")
        detail = _(
            "PostgreSQL is installed on this computer, but {service} is not running, so nothing "
            "can connect to it. Start it; the system asks for permission once.",
            service=service.name,
        )
    else:
        code, title = "service_stopped", _("The PostgreSQL server is switched off")
        detail = _(
            "PostgreSQL is installed on this computer, but {service} is not running, so nothing "
            "can connect to it. Start it, and the rest follows.",
            service=service.name,
        )
    return Finding(
        check="service",
        status=Status.FAIL,
        code=code,
        title=title,
        detail=detail,
        evidence=_evidence(service),
        fixes=fixes,
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


def offer_set_automatic(service: Service, repairs: Repairs) -> FixOffer:
    """Offer to let a service start with Windows; one that does not run is started as well."""
    command = repairs.start_type_command(service, StartType.AUTOMATIC)
    if service.state is not ServiceState.RUNNING:
        command = f"{command} && {service.start_command}"
    return FixOffer(
        "set_service_automatic",
        _("Start {service} with Windows", service=service.name),
        _("Runs: {command}", command=command),
        needs_admin=True,
    )


def offer_open_services() -> FixOffer:
    """Offer the system's own list of services."""
    return FixOffer(
        "open_services",
        _("Open the list of services"),
        _("Runs: {command}", command="services.msc"),
    )


def offer_locate_psql() -> FixOffer:
    """Offer to search for psql, and to ask for it where the search ends without one."""
    return FixOffer(
        "locate_psql",
        _("Locate psql"),
        _("Looks in the usual places, and lets you choose it where it is not found."),
    )
