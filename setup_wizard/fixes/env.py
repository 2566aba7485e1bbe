"""Fixes of the project's .env: only the value's own bytes, and a dated copy is kept."""

from __future__ import annotations

from setup_wizard.diagnosis.case import Case
from setup_wizard.envfile import new_env, read_env, save
from setup_wizard.errors import KnownError
from setup_wizard.fixes.journal import Change
from setup_wizard.fixes.undo import saved_file
from setup_wizard.i18n import _
from setup_wizard.target import Settings, updates_for, with_typed


def encode_password(case: Case) -> Change:
    """Percent-encode what breaks the URL, the password above all."""
    return _write(case, case.saved)


def save_env(case: Case) -> Change:
    """Write the values that the user typed."""
    return _write(case, case.settings)


def use_ipv4(case: Case) -> Change:
    """Write the one address of this computer that is meant, in place of a name with two."""
    return _write(case, with_typed(case.saved, {"host": "127.0.0.1"}))


def _write(case: Case, settings: Settings) -> Change:
    if case.project is None:
        raise KnownError(
            "env_missing",
            _("There is no project to save to"),
            _("Choose the project's folder first."),
        )
    env = read_env(case.project.env) if case.project.env else new_env(case.project.root / ".env")
    updates = updates_for(env, settings)
    changed = env
    for key, value in updates:
        changed = changed.with_value(key, value)
    backup = save(env, changed) if changed.data != env.data else None
    keys = ", ".join(key for key, _value in updates)
    before = str(backup) if backup else None
    return Change(f"{env.path}: {keys}", before, undo=saved_file(env.path, backup))
