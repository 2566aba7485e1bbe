"""Fixes of psql's whereabouts."""

from __future__ import annotations

from setup_wizard.diagnosis.case import Case
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _


def locate_psql(case: Case) -> None:
    """Search for psql again; raises KnownError psql_missing where the search finds none."""
    case.chosen_psql = case.psql
    if case.chosen_psql is None:
        raise KnownError(
            "psql_missing",
            _("psql was not found in the usual places"),
            _("Choose the file psql yourself. It lies in the folder bin of PostgreSQL."),
        )
