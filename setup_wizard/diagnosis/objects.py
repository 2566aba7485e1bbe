"""Checks inside the database: may we create tables, and are they there and right?"""

from __future__ import annotations

from collections.abc import Iterator

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.i18n import _
from setup_wizard.scripts import Action, Plan


def check_rights(case: Case) -> Iterator[Finding]:
    """May this user create tables where the scripts would put them?"""
    from setup_wizard.database.admin import rights

    held = rights(case.connection)
    if held.read_only:
        yield Finding(
            check="rights",
            status=Status.FAIL,
            code="read_only",
            title=_("This database can only be read at the moment"),
            detail=_(
                "The server is a copy of another one, or was set to read-only, so no table can be "
                "created. Ask whoever runs the server for the address to write to."
            ),
        )
    elif not held.create_in_schema:
        yield Finding(
            check="rights",
            status=Status.FAIL,
            code="cannot_create",
            title=_("{user} may not create tables here", user=case.target.user),
            detail=_(
                "Since PostgreSQL 15 only a database's owner may create tables in it at first. "
                "Ask the owner to run: {sql}",
                sql=f'GRANT CREATE ON SCHEMA {held.schema or "public"} TO "{case.target.user}"',
            ),
            evidence={"schema": held.schema, "user": case.target.user},
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


def check_tables(case: Case) -> Iterator[Finding]:
    """Is everything there that the scripts make, and exactly as they make it?"""
    from setup_wizard.scripts.planning import make_plan
    from setup_wizard.scripts.reading import read_script

    plan = make_plan(case.connection, [read_script(path) for path in case.scripts])
    missing = [item.object for item in plan.items if item.action is Action.CREATE]
    if plan.differs:
        yield differing(plan)
    elif missing:
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


def differing(plan: Plan) -> Finding:
    """Say which objects exist in another shape, in the words of the comparison."""
    from setup_wizard.scripts.applying import table_differs

    return Finding.from_error("tables", table_differs(plan))
