"""Run all tests and static checks: ``python tools/test.py [PYTEST ARGUMENT …]``.

Makes its own virtual environment first. On Debian and Ubuntu, run as root, it installs what Qt
needs of the system; elsewhere it names the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import environment


def main(arguments: list[str]) -> int:
    """Run the static checks and the tests; return 0 only when everything passed."""
    python = environment.prepare("dev")
    if not environment.qt_works(python):
        _install_qt_libraries(python)
    commands = [["-m", "pytest", *arguments]]
    if not arguments:
        commands = [
            ["-m", "ruff", "check"],
            ["-m", "ruff", "format", "--check"],
            ["-m", "mypy"],
            *commands,
        ]
    surroundings = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}
    results = [
        subprocess.run(
            [str(python), *command], cwd=environment.ROOT, env=surroundings, check=False
        ).returncode
        for command in commands
    ]
    return int(any(results))


def _install_qt_libraries(python: Path) -> None:
    packages = environment.QT_PACKAGES
    if environment.may_install_packages():
        environment.install_packages(packages)
    if not environment.qt_works(python):
        sys.exit(
            "Qt cannot start here because libraries of the system are missing.\n"
            "On Debian and Ubuntu this installs them:\n"
            f"    sudo apt-get install {' '.join(packages)}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
