"""Fixes: each does one thing that it announced; afterwards the check that it repairs runs again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from setup_wizard.diagnosis.case import Case
from setup_wizard.fixes import database, env, psql, service

FIXES: Final[Mapping[str, Callable[[Case], None]]] = {
    "start_service": service.start_service,
    "create_database": database.create_database,
    "encode_password": env.encode_password,
    "save_env": env.save_env,
    "locate_psql": psql.locate_psql,
}
"""Every fix by its id. Each raises KnownError when it could not be done, and then did nothing."""
