"""Checks inside the database: may we create tables, and are they there and right?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.i18n import _
from setup_wizard.machine import is_local
from setup_wizard.scripts import Action, Plan

if TYPE_CHECKING:
    from setup_wizard.database.admin import Rights


_PRODUCTION: Final = re.compile(r"(?<![a-z])(prod|prd|production)(?![a-z])|운영", re.IGNORECASE)
_MANY_TABLES: Final = 50


def check_rights(case: Case) -> Iterator[Finding]:
    """May this user create tables where the scripts would put them, and should they?"""
    from setup_wizard.database.admin import rights

    held = rights(case.connection)
    user = case.target.user
    if held.read_only:
        yield _read_only(held)
    elif held.grant is None:
        yield _no_schema(held)
    elif not held.create_in_schema:
        yield Finding(
            check="rights",
            status=Status.FAIL,
            code="cannot_create",
            title=_("{user} may not create tables here", user=user),
            detail=_(
                "Since PostgreSQL 15 only a database's owner may create tables in it at first. "
                "Ask the owner ({owner}) to run: {sql}",
                owner=held.owner,
                sql=held.grant,
            ),
            evidence={
                "schema": held.schema,
                "user": user,
                "owner": held.owner,
                "sql": held.grant,
            },
        )
    else:
        yield Finding(
            check="rights",
            status=Status.OK,
            code="ready",
            title=_("The right to create tables"),
            summary=_("in schema {schema}", schema=held.schema),
            evidence={"schema": held.schema},
        )
        yield from _shared(case, held)


def _read_only(held: Rights) -> Finding:
    if held.standby:
        detail = _(
            "The server is a copy that follows another one, so no table can be created here. Ask "
            "whoever runs it for the address of the server to write to."
        )
    else:
        detail = _(
            "It is set to read-only (default_transaction_read_only), so no table can be created. "
            "Ask whoever runs the server whether you may write, and to switch that off."
        )
    return Finding(
        check="rights",
        status=Status.FAIL,
        code="read_only",
        title=_("This database can only be read at the moment"),
        detail=detail,
        evidence={"standby": held.standby},
    )


def _no_schema(held: Rights) -> Finding:
    return Finding(
        check="rights",
        status=Status.FAIL,
        code="schema_missing",
        title=_("There is no schema to create tables in"),
        detail=_(
            "PostgreSQL looks in {path} (search_path), and none of these exists in this database. "
            "Create one of them with CREATE SCHEMA, or set search_path for this user to the "
            "schema that your team uses.",
            path=held.search_path,
        ),
        evidence={"search_path": held.search_path},
    )


def _shared(case: Case, held: Rights) -> Iterator[Finding]:
    """Warn of a database that is hardly a developer's own."""
    target = case.target
    production = bool(_PRODUCTION.search(f"{target.host} {target.database}"))
    local = is_local(target.host)
    if production or (not local and held.tables >= _MANY_TABLES):
        yield Finding(
            check="rights",
            status=Status.WARN,
            code="shared_database",
            title=_("Other people may be using the database {database}", database=target.database),
            detail=_(
                "Its name, its place ({host}) or its {tables} tables say that it is hardly one "
                "for trying things out. Go on only if you are sure that it is the right one.",
                host=target.host,
                tables=held.tables,
            ),
            evidence={"production_name": production, "local": local, "tables": held.tables},
        )


def check_tables(case: Case) -> Iterator[Finding]:
    """Is everything there that the scripts make, and exactly as they make it?"""
    from setup_wizard.scripts.planning import make_plan
    from setup_wizard.scripts.reading import read_script

    plan = make_plan(case.connection, [read_script(path) for path in case.scripts])
    missing = [item.object for item in plan.items if item.action is Action.CREATE]
    if plan.differs:
        yield differing(plan)
    elif missing:
        yield from _elsewhere(case, plan)
        yield Finding(
            check="tables",
            status=Status.FAIL,
            code="table_missing",
            title=_("Not everything has been created yet"),
            detail=_("Still to create: {objects}.", objects=", ".join(missing)),
            evidence={"missing": missing},
        )
    else:
        yield Finding(
            check="tables",
            status=Status.OK,
            code="ready",
            title=_("The tables"),
            summary=_("there, and exactly as the script makes them"),
            evidence={"objects": [item.object for item in plan.items]},
        )


def _elsewhere(case: Case, plan: Plan) -> Iterator[Finding]:
    from setup_wizard.database.admin import elsewhere

    names = [i.object for i in plan.items if i.kind == "table" and i.action is Action.CREATE]
    if places := elsewhere(case.connection, names):
        yield Finding(
            check="tables",
            status=Status.WARN,
            code="table_elsewhere",
            title=_("Tables of the same name are in another schema"),
            detail=_(
                "There is {places}, which PostgreSQL does not find without its schema: the "
                "search_path of this user does not lead there. If these are your tables, set the "
                "search_path; else new ones are created beside them.",
                places=", ".join(places),
            ),
            evidence={"places": places},
        )


def differing(plan: Plan) -> Finding:
    """Say which objects exist in another shape, in the words of the comparison."""
    from setup_wizard.scripts.applying import table_differs

    return Finding.from_error("tables", table_differs(plan))
