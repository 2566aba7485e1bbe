"""The fix for a computer without PostgreSQL."""

from __future__ import annotations

from setup_wizard.diagnosis.case import Case
from setup_wizard.fixes.journal import Change


def install_postgresql(case: Case) -> Change:
    """Run the installer in a window of its own, where the user answers its questions."""
    assert case.machine.repairs, "offered on Windows only"
    case.machine.repairs.install_postgresql(case.deadline)
    return Change(case.machine.install_command())
