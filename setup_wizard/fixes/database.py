"""Fixes on the server."""

from __future__ import annotations

from setup_wizard.diagnosis.case import Case
from setup_wizard.fixes.journal import Change


def create_database(case: Case) -> Change:
    """Create the target's database, with the target's own login."""
    from setup_wizard.database import admin

    with admin.connect_for_maintenance(case.target, case.deadline) as connection:
        admin.create_database(connection, case.target.database)
    return Change(f'CREATE DATABASE "{case.target.database}"')
