"""Fixes on the server."""

from __future__ import annotations

from typing import Final

from setup_wizard.diagnosis.case import Case
from setup_wizard.errors import KnownError

_MAINTENANCE_DATABASES: Final = ("postgres", "template1")
"""Databases that every server has, to be in while another one is created."""


def create_database(case: Case) -> None:
    """Create the target's database, with the target's own login."""
    from setup_wizard.database import admin
    from setup_wizard.database.connection import connect

    refusal: KnownError | None = None
    for maintenance in _MAINTENANCE_DATABASES:
        try:
            connection = connect(case.target, case.deadline, database=maintenance)
        except KnownError as error:
            refusal = refusal or error
            continue
        with connection:
            admin.create_database(connection, case.target.database)
        return
    assert refusal
    raise refusal
