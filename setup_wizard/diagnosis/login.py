"""Checks of the one attempt to connect: does the server answer, let us in, have the database?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from setup_wizard.diagnosis.case import LOGIN_CODES, Case
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.diagnosis.which_server import described, two_servers
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.machine import ServiceState, is_local
from setup_wizard.target import FIELDS

_HANGUL: Final = re.compile("[가-힣ㄱ-ㆎ]")
_SIMILAR: Final = 0.75
"""Of difflib's ratio: real_estate and realestates are, app and shop are not."""


def check_server(case: Case) -> Iterator[Finding]:
    """Does a PostgreSQL server answer at the target's address?"""
    target = case.target
    if case.refusal:
        yield from two_servers(case)
    if case.refusal and not case.server_answers:
        yield _with_listeners(case, _unreached(case, case.refusal))
        return
    yield Finding(
        check="server",
        status=Status.OK,
        code="ready",
        title=_("The server answers"),
        summary=f"{target.host}:{target.port}",
    )


def _unreached(case: Case, refusal: KnownError) -> Finding:
    """A server that stops answers like one that starts; only its service's state differs."""
    finding = Finding.from_error("server", refusal)
    stopping = case.service is not None and case.service.state is ServiceState.STOPPING
    if refusal.code != "server_starting" or not stopping or not is_local(case.target.host):
        return finding
    from setup_wizard.database.refusals import words

    title, detail = words("server_stopping", case.target, case.deadline.seconds)
    evidence = {**finding.evidence, "state": ServiceState.STOPPING.value}
    return replace(finding, code="server_stopping", title=title, detail=detail, evidence=evidence)


def check_login(case: Case) -> Iterator[Finding]:
    """Does the server let this user in with this password?"""
    refusal = case.refusal
    if refusal and refusal.code in LOGIN_CODES:
        yield _refused(case, refusal)
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
    """Is the database there and open to us, and does it store every character?"""
    database = case.target.database
    if refusal := case.refusal:
        if refusal.code == "database_missing":
            yield _missing(case, refusal)
        else:
            yield Finding.from_error("database", refusal)
        return
    version = case.connection.server_version
    yield Finding(
        check="database",
        status=Status.OK,
        code="ready",
        title=_("The database {database}", database=database),
        summary=f"PostgreSQL {version}",
        evidence={"server_version": version},
    )
    encoding = case.connection.server_encoding
    if encoding != "UTF8":
        yield Finding(
            check="database",
            status=Status.WARN,
            code="encoding_not_utf8",
            title=_("The database {database} does not store every character", database=database),
            detail=_(
                "Its encoding is {encoding} instead of UTF8, so Korean text or emoji may be "
                "refused or broken. An encoding cannot be changed later: while the database is "
                "still empty, drop it and let the wizard create it anew; else ask your team.",
                encoding=encoding,
            ),
            evidence={"encoding": encoding},
        )


def _with_listeners(case: Case, finding: Finding) -> Finding:
    """Add who listens on the port, where that is a port of this computer."""
    if not is_local(case.target.host):
        return finding
    evidence = {**finding.evidence, "listeners": described(case.listeners)}
    programs = {row.program for row in case.listeners if row.program}
    if finding.code != "not_postgresql" or not programs:
        return replace(finding, evidence=evidence)
    return replace(
        finding,
        evidence=evidence,
        detail=_(
            "{program} uses this port. Correct the port, or stop that program and start the "
            "PostgreSQL server.",
            program=", ".join(sorted(programs)),
        ),
    )


def _refused(case: Case, refusal: KnownError) -> Finding:
    """Say of a login that was refused what is known beyond the server's code."""
    finding = Finding.from_error("login", refusal)
    password = case.target.password.reveal() if case.target.password else ""
    if refusal.code == "login_not_allowed" and _needs_encryption(case):
        return replace(
            finding,
            title=_("The server lets {user} in only with encryption", user=case.target.user),
            detail=_(
                "The database address says sslmode=disable, and without that the server answers "
                "otherwise. Take sslmode=disable out of DATABASE_URL."
            ),
            evidence={**finding.evidence, "encryption": "demanded"},
        )
    if refusal.code != "login_rejected":
        return finding
    if _has_placeholder(case):
        return replace(
            finding,
            detail=_(
                "The password is still the example's. Type the real one, the one that was chosen "
                "when PostgreSQL was installed, and save it to .env."
            ),
            evidence={**finding.evidence, "hint": "placeholder"},
        )
    if _HANGUL.search(password):
        return replace(
            finding,
            detail=_(
                "The password has Korean letters in it: the keyboard was probably in Korean mode. "
                "Switch with the Korean/English key and type it again. A user {user} that does "
                "not exist is refused in the same way.",
                user=case.target.user,
            ),
            evidence={**finding.evidence, "hint": "hangul"},
        )
    return finding


def _has_placeholder(case: Case) -> bool:
    return any(
        problem.code == "placeholder_value" and problem.evidence.get("field") == "password"
        for problem in case.settings.problems
    )


def _needs_encryption(case: Case) -> bool:
    """Ask a second time, encrypted: only an address that forbids encryption can need it."""
    from setup_wizard.database.connection import connect

    if case.target.options.get("sslmode") != "disable":
        return False
    encrypted = replace(case.target, options={**case.target.options, "sslmode": "require"})
    try:
        connect(encrypted, case.deadline).close()
    except KnownError as error:
        if error.code == "cancelled":
            raise
        return error.code in LOGIN_CODES - {"login_not_allowed"}
    return True


def _missing(case: Case, refusal: KnownError) -> Finding:
    """Offer to create the database, and name those that the user may have meant."""
    finding = Finding.from_error("database", refusal, _offer_create(case.target.database))
    similar = _similar(case.target.database, _databases(case))
    if not similar:
        return finding
    return replace(
        finding,
        detail=_(
            "The login is right, but the server has no database of exactly this name. It has "
            "{names}. Is that the one you mean? Then correct the name, here and in .env; else "
            "create {database}.",
            names=", ".join(similar),
            database=case.target.database,
        ),
        evidence={**finding.evidence, "similar": similar},
    )


def _databases(case: Case) -> list[str]:
    from setup_wizard.database import admin

    try:
        with admin.connect_for_maintenance(case.target, case.deadline) as connection:
            return admin.databases(connection)
    except KnownError as error:
        if error.code == "cancelled":
            raise
        return []  # the names would only have been a help


def _similar(wanted: str, names: Iterable[str]) -> list[str]:
    from difflib import SequenceMatcher  # 5 ms, only where a name is missing

    matcher = SequenceMatcher(b=_letters(wanted))
    ratios: dict[str, float] = {}
    for name in names:
        matcher.set_seq1(_letters(name))
        ratios[name] = matcher.ratio()
    return sorted((n for n in ratios if ratios[n] >= _SIMILAR), key=lambda n: -ratios[n])


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


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
