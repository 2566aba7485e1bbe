"""No service serves the target: is PostgreSQL not installed, or did its installer not get through?

Whether an installation is missing is asked of the registry and the service manager; an installer's
log is only named, never read.
"""

from __future__ import annotations

from collections.abc import Iterator

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.errors import Text
from setup_wizard.i18n import _
from setup_wizard.machine import InstallerTraces, Service


def no_service(case: Case) -> Iterator[Finding]:
    """Say what there is instead of a service on the target's port."""
    repairs = case.machine.repairs
    traces = repairs.installer_traces() if repairs and not case.services else InstallerTraces()
    if case.services:
        yield _other_port(case, case.services[0])
    elif traces.storage:
        yield _without_storage(case, traces)
        yield from _hindrances(traces)
    elif case.psql:
        yield _only_programs(case)
    else:
        yield _nothing(case)
        yield from _hindrances(traces)


def _other_port(case: Case, other: Service) -> Finding:
    return _refused(
        case,
        _(
            "PostgreSQL is on this computer, but its service {service} uses port {other}. "
            "If that is the server you want, write {other} as the port in .env.",
            service=other.name,
            other=other.port,
        ),
    )


def _only_programs(case: Case) -> Finding:
    return _refused(
        case,
        _(
            "There is no PostgreSQL service on this computer that the wizard could start. If your "
            "server runs in Docker or WSL, start it there; else install the PostgreSQL server. "
            "Then check again.",
        ),
    )


def _refused(case: Case, detail: Text) -> Finding:
    port = case.target.port
    return Finding(
        check="service",
        status=Status.FAIL,
        code="connection_refused",
        title=_("Nothing listens on port {port}", port=port),
        detail=detail,
        evidence={"port": port, "services": [service.name for service in case.services]},
    )


def _nothing(case: Case) -> Finding:
    port = case.target.port
    return Finding(
        check="service",
        status=Status.FAIL,
        code="postgresql_missing",
        title=_("PostgreSQL is not on this computer yet"),
        detail=_(
            "Nothing listens on port {port}, and there is neither a PostgreSQL service nor psql "
            "here. Install PostgreSQL ({how}), then check again.",
            port=port,
            how=case.machine.install_command(),
        ),
        evidence={"port": port, "services": []},
        fixes=_offer_install(case),
    )


def _without_storage(case: Case, traces: InstallerTraces) -> Finding:
    return Finding(
        check="service",
        status=Status.FAIL,
        code="initialisation_failed",
        title=_("PostgreSQL was installed, but its data storage was not made"),
        detail=_(
            "There is an installation, but no service, and no data in {folder}. The usual reason "
            "is the name of the region in Windows: install again and choose the locale 'C' or "
            "'English' there. The installer's log: {log}",
            folder=traces.storage,
            log=traces.log or "-",
        ),
        evidence={
            "data_dir": str(traces.storage),
            "pg_version": None,
            "installer_log": str(traces.log) if traces.log else None,
        },
        fixes=_offer_install(case),
    )


def _hindrances(traces: InstallerTraces) -> Iterator[Finding]:
    if traces.temp:
        yield Finding(
            check="service",
            status=Status.WARN,
            code="temp_not_ascii",
            title=_("The installer may stumble over the name of your user folder"),
            detail=_(
                "Temporary files go to {temp}, and older installers of PostgreSQL cannot cope with "
                "such letters. If yours stops: make a folder C:\\Temp, open a terminal, run "
                "{commands}, and start the installer from there.",
                temp=traces.temp,
                commands=r"set TEMP=C:\Temp & set TMP=C:\Temp",
            ),
            evidence={"temp": str(traces.temp)},
        )
    if traces.scripts_off:
        yield Finding(
            check="service",
            status=Status.WARN,
            code="scripts_off",
            title=_("A safety setting of Windows blocks older installers"),
            detail=_(
                "The Windows Script Host is switched off, which installers of PostgreSQL needed "
                "for a long time. Use the newest installer, or ask IT to switch it on meanwhile."
            ),
            evidence={"script_host_enabled": 0},
        )


def _offer_install(case: Case) -> tuple[FixOffer, ...]:
    if not (case.machine.repairs and case.machine.repairs.can_install):
        return ()
    return (
        FixOffer(
            "install_postgresql",
            _("Install PostgreSQL"),
            _(
                "Runs in a window of its own, where you choose a password: {command}",
                command=case.machine.install_command(),
            ),
            needs_admin=True,
        ),
    )
