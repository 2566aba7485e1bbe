"""The window."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Qt and the engine wait until a window is wanted
    from PySide6.QtWidgets import QWizard

    from setup_wizard.engine import Engine


def build_wizard(argv: Sequence[str], *, engine: Engine | None = None) -> QWizard:
    """Return the wizard's window, ready to be shown; a QApplication exists.

    Args:
        argv: the arguments after the program's name. Raises SystemExit 2 when they make no sense.
        engine: the engine to drive; None: the real one, put together after the window is shown.
    """
    from PySide6.QtWidgets import QApplication

    from setup_wizard.gui.session import Session
    from setup_wizard.gui.window import Wizard
    from setup_wizard.options import parse

    options = parse(argv)

    def open_engine() -> Engine:
        from setup_wizard import engine as parts

        return engine or parts.open_engine(options)

    if sys.platform != "linux":  # there it is Fusion already, the same and dark everywhere
        QApplication.setStyle("Fusion")
    return Wizard(Session(open_engine))
