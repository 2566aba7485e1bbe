"""Checks of the one attempt to connect: does the server answer, let us in, have the database?"""

from __future__ import annotations

from collections.abc import Iterator

from setup_wizard.diagnosis.case import LOGIN_CODES, Case
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.i18n import _
from setup_wizard.target import FIELDS


def check_server(case: Case) -> Iterator[Finding]:
    """Does a PostgreSQL server answer at the target's address?"""
    target = case.target
    if case.refusal and not case.server_answers:
        yield Finding.from_error("server", case.refusal)
        return
    yield Finding(
        check="server",
        status=Status.OK,
        code="ready",
        title=_("The server answers"),
        summary=f"{target.host}:{target.port}",
    )


def check_login(case: Case) -> Iterator[Finding]:
    """Does the server let this user in with this password?"""
    refusal = case.refusal
    if refusal and refusal.code in LOGIN_CODES:
        yield Finding.from_error("login", refusal)
        return
    typed = [field for field in FIELDS if case.settings.origins[field].kind == "typed"]
    if typed and case.project:
        yield Finding(
            check="login",
            status=Status.WARN,
            code="values_not_saved",
            title=_("What you typed works, but .env still says something else"),
            detail=_(
                "The project's own program reads .env and would not get in. "
                "Save what you typed, so that both say the same."
            ),
            evidence={"fields": list(typed)},
            fixes=(_offer_save_env(case.project.env or case.project.root / ".env"),),
        )
        return
    yield Finding(
        check="login",
        status=Status.OK,
        code="ready",
        title=_("Login"),
        summary=_("as {user}", user=case.target.user),
    )


def check_database(case: Case) -> Iterator[Finding]:
    """Is the database there and open to us?"""
    database = case.target.database
    if refusal := case.refusal:
        fixes = (_offer_create(database),) if refusal.code == "database_missing" else ()
        yield Finding.from_error("database", refusal, *fixes)
        return
    yield Finding(
        check="database",
        status=Status.OK,
        code="ready",
        title=_("The database {database}", database=database),
        summary=f"PostgreSQL {case.connection.server_version}",
        evidence={"server_version": case.connection.server_version},
    )


def _offer_create(database: str) -> FixOffer:
    return FixOffer(
        "create_database",
        _("Create {database}", database=database),
        _("Creates an empty database named {database}, in UTF-8.", database=database),
    )


def _offer_save_env(path: object) -> FixOffer:
    return FixOffer(
        "save_env",
        _("Save to .env"),
        _(
            "Changes only these values in {path}; a dated copy of the file is kept beside it.",
            path=path,
        ),
    )
