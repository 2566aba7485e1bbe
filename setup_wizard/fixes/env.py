"""Fixes of the project's .env: only the value's own bytes, and a dated copy is kept."""

from __future__ import annotations

from setup_wizard.diagnosis.case import Case
from setup_wizard.envfile import new_env, read_env, save
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.target import Settings, updates_for


def encode_password(case: Case) -> None:
    """Percent-encode what breaks the URL, the password above all."""
    _write(case, case.saved)


def save_env(case: Case) -> None:
    """Write the values that the user typed."""
    _write(case, case.settings)


def _write(case: Case, settings: Settings) -> None:
    if case.project is None:
        raise KnownError(
            "env_missing",
            _("There is no project to save to"),
            _("Choose the project's folder first."),
        )
    env = read_env(case.project.env) if case.project.env else new_env(case.project.root / ".env")
    changed = env
    for key, value in updates_for(env, settings):
        changed = changed.with_value(key, value)
    if changed.data != env.data:
        save(env, changed)
