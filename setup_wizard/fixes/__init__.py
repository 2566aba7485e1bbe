"""Fixes: each does one thing that it announced; afterwards the check that it repairs runs again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from setup_wizard.diagnosis.case import Case
from setup_wizard.fixes import database, env, installing, psql, service
from setup_wizard.fixes.journal import Change, Entry, entries, journaled
from setup_wizard.fixes.undo import undo

__all__ = ["FIXES", "Entry", "entries", "undo"]

_FIXES: Final[Mapping[str, Callable[[Case], Change]]] = {
    "start_service": service.start_service,
    "set_service_automatic": service.set_service_automatic,
    "open_services": service.open_services,
    "install_postgresql": installing.install_postgresql,
    "create_database": database.create_database,
    "encode_password": env.encode_password,
    "save_env": env.save_env,
    "use_ipv4": env.use_ipv4,
    "locate_psql": psql.locate_psql,
    "add_psql_to_path": psql.add_psql_to_path,
}

FIXES: Final[Mapping[str, Callable[[Case], Entry]]] = {
    fix_id: journaled(fix_id, fix) for fix_id, fix in _FIXES.items()
}
"""Every fix by its id. Each raises KnownError when it could not be done, and then did nothing;
either way the journal has it; the entry that is returned is what can be undone."""
