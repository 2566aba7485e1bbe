"""Fixes of psql's whereabouts."""

from __future__ import annotations

from setup_wizard.diagnosis.case import Case
from setup_wizard.errors import KnownError
from setup_wizard.fixes.journal import Change
from setup_wizard.i18n import _


def locate_psql(case: Case) -> Change:
    """Search for psql again; raises KnownError psql_missing where the search finds none."""
    case.chosen_psql = case.psql
    if case.chosen_psql is None:
        raise KnownError(
            "psql_missing",
            _("psql was not found in the usual places"),
            _("Choose the file psql yourself. It lies in the folder bin of PostgreSQL."),
        )
    return Change("psql", None, str(case.chosen_psql.path))


def add_psql_to_path(case: Case) -> Change:
    """Add psql's folder to the user's own PATH, for terminals that are opened from now on."""
    repairs, psql = case.machine.repairs, case.psql
    assert repairs, "offered on Windows only"
    assert psql, "offered where there is one"
    change = repairs.path_with(psql.path.parent)
    repairs.write_path(change)
    return Change(r"HKCU\Environment\Path", change.before, change.after, {"kind": "user_path"})
