"""The program: the window where there is a display, else the terminal."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from setup_wizard import logfile
from setup_wizard.i18n import _
from setup_wizard.options import Options, parse

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``setup-wizard``; return its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    logfile.install()
    try:
        return _run(argv, parse(argv))
    except KeyboardInterrupt:
        return 130
    except SystemExit as stop:  # argparse has said all there is to say
        return stop.code if isinstance(stop.code, int) else 0
    except Exception as error:
        log.exception("crash")
        return _last_resort(error)


def program() -> NoReturn:
    """Be the program: run :func:`main` and end the process with its exit code.

    Everything is closed by then. Python's own farewell, which frees each object by itself, would
    cost a command another 45 ms.
    """
    code = main()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody may be reading any more
            if stream:  # a windowed program has none
                stream.flush()
    os._exit(code)


def _run(argv: Sequence[str], options: Options) -> int:
    if options.command is None and not options.json:
        if reason := _no_window():
            print(reason, file=sys.stderr)
        else:
            return _show_window(argv)
    # A command is over before there is garbage worth collecting, and the collector, at work while
    # modules are imported, costs it 8 % of its time.
    gc.disable()
    from setup_wizard import console

    return console.run(options)


def _no_window() -> str:
    """Say why no window can be shown here; empty where it can."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM")
    ):
        return str(_("There is no display here, so the wizard goes on in this terminal."))
    try:
        import PySide6.QtWidgets  # noqa: F401 - whether it can be loaded is the question
    except ImportError:
        return str(
            _(
                "Qt needs libraries that are not on this system, so the wizard goes on in this "
                "terminal. On Debian and Ubuntu this installs them: {command}",
                command="sudo apt-get install libegl1 libxcb-cursor0 libxkbcommon-x11-0",
            )
        )
    return ""


def _show_window(argv: Sequence[str]) -> int:
    from PySide6.QtWidgets import QApplication

    from setup_wizard.gui import build_wizard

    application = QApplication.instance() or QApplication(sys.argv[:1])
    wizard = build_wizard(argv)
    wizard.show()
    return application.exec()


def _last_resort(error: Exception) -> int:
    """Report a bug of ours without its text, which may quote anything, a password included."""
    from setup_wizard.diagnosis.chain import crash

    finding = crash("program", error)
    if sys.stderr:
        where = finding.evidence
        print(f"{finding.title}. {finding.detail}", file=sys.stderr)
        print(f"crash: {where['exception']} {where['where']}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    program()
