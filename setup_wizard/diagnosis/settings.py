"""Checks of what the project says: its .env and the database address in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _

_ENV_CODES: Final = ("env_missing", "env_encoding", "env_syntax")


def check_env(case: Case) -> Iterator[Finding]:
    """Is there a .env, and can the project's own program read it as we do?"""
    problems = [p for p in case.settings.problems if p.code in _ENV_CODES]
    yield from _problems("env", case, problems)
    env = case.project.env if case.project else None
    if env is None and not problems:
        yield Finding(
            check="env",
            status=Status.OK,
            code="ready",
            title=_("Settings come from the environment"),
            summary=_("no .env is needed"),
        )
    elif not problems:
        yield Finding(
            check="env",
            status=Status.OK,
            code="ready",
            title=_("The settings file .env"),
            summary=str(env),
            evidence={"path": str(env)},
        )


def check_url(case: Case) -> Iterator[Finding]:
    """Do the five values arrive as libpq and SQLAlchemy both read them?"""
    problems = [p for p in case.settings.problems if p.code not in _ENV_CODES]
    yield from _problems("url", case, problems)
    if case.settings.target is None:
        if not problems:
            raise case.settings.problems[0]
        return
    target = case.settings.target
    if not problems:
        yield Finding(
            check="url",
            status=Status.OK,
            code="ready",
            title=_("The database address"),
            summary=f"{target.host}:{target.port} · {target.database}",
            evidence={
                "host": target.host,
                "port": target.port,
                "database": target.database,
                "user": target.user,
            },
        )


def _status(case: Case) -> Status:
    """A problem fails when nothing can be connected to because of it, else it is worth a word."""
    return Status.FAIL if case.settings.target is None else Status.WARN


def _problems(check: str, case: Case, problems: list[KnownError]) -> Iterator[Finding]:
    for problem in problems:
        fixes = (_encode_password(case),) if problem.code == "password_needs_encoding" else ()
        yield Finding.from_error(check, problem, *fixes, status=_status(case))


def _encode_password(case: Case) -> FixOffer:
    origin = case.settings.origins["password"]
    return FixOffer(
        "encode_password",
        _("Write the password correctly"),
        _(
            "Rewrites only the password in line {line} of {path}; "
            "a dated copy of the file is kept beside it.",
            line=origin.line,
            path=origin.path,
        ),
    )
