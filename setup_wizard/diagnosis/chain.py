"""The causal chain: the checks in order; the first broken link is the finding, the rest waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from setup_wizard.deadline import Cancelled, TimedOut
from setup_wizard.diagnosis import installation, langgraph, login, objects, settings
from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.errors import KnownError
from setup_wizard.i18n import Text, _

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Check:
    """One question. ``waits``: it makes sense only while nothing before it is broken."""

    id: str
    title: Text
    ask: Callable[[Case], Iterator[Finding]]
    waits: bool = True


CHECKS: Final = (
    Check("env", _("The settings file .env"), settings.check_env),
    Check("url", _("The database address"), settings.check_url),
    Check("service", _("The PostgreSQL service"), installation.check_service),
    Check("server", _("The server answers"), login.check_server),
    Check("login", _("Login"), login.check_login),
    Check("database", _("The database"), login.check_database),
    Check("rights", _("The right to create tables"), objects.check_rights),
    Check("tables", _("The tables"), objects.check_tables),
    Check("langgraph", _("The app's own tables"), langgraph.check_langgraph),
    Check("psql", _("The program psql"), installation.check_psql, waits=False),
)
CONNECTION_CHECKS: Final = tuple(c for c in CHECKS if c.id not in ("tables", "langgraph"))
"""Everything that must be right before a plan is worth making."""


def run_checks(
    case: Case, on_finding: Callable[[Finding], None], checks: tuple[Check, ...] = CHECKS
) -> tuple[Finding, ...]:
    """Ask each check in order and pass on each finding as it is made.

    Raises Cancelled when the user cancelled; whatever else a check raises becomes its finding.
    """
    case.look_ahead()
    findings: list[Finding] = []
    broken: Check | None = None
    for check in checks:
        if broken and check.waits:
            answers = iter((_skipped(check, broken),))
        else:
            answers = _guarded(check, case)
        for finding in answers:
            findings.append(finding)
            on_finding(finding)
            if finding.status is Status.FAIL:
                broken = broken or check
    return tuple(findings)


def _skipped(check: Check, broken: Check) -> Finding:
    return Finding(
        check=check.id,
        status=Status.SKIP,
        code="not_checked",
        title=check.title,
        summary=_("waits for: {title}", title=broken.title),
        detail=_("Not checked yet, because this comes first: {title}", title=broken.title),
        evidence={"because": broken.id},
    )


def _guarded(check: Check, case: Case) -> Iterator[Finding]:
    try:
        yield from check.ask(case)
    except Cancelled:
        raise
    except KnownError as error:
        yield Finding.from_error(check.id, error)
    except TimedOut:
        yield Finding(
            check=check.id,
            status=Status.FAIL,
            code="no_answer",
            title=_("There was no answer in time"),
            detail=_(
                "This took longer than {seconds} seconds, so the wizard stopped waiting. "
                "Check it again, or allow more time with --timeout.",
                seconds=round(case.deadline.seconds),
            ),
            evidence={"seconds": case.deadline.seconds},
        )
    except Exception as error:
        log.exception("check %s crashed", check.id)
        yield crash(check.id, error)


def crash(check: str, error: BaseException) -> Finding:
    """Report a bug of ours: its kind and place, never its text, which may quote anything."""
    return Finding(
        check=check,
        status=Status.FAIL,
        code="crash",
        title=_("The wizard itself made a mistake here"),
        detail=_(
            "This is not your fault. Please send the diagnosis to the people who make the wizard."
        ),
        evidence={"exception": type(error).__name__, "where": _place(error)},
    )


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    place = ""
    while trace:
        place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
