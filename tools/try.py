"""Try the wizard on a throw-away project and server: ``python tools/try.py [OPTION …]``.

Makes its own virtual environment first. Without a display, or without what Qt needs of the system,
the wizard goes on in the terminal.
"""

from __future__ import annotations

import subprocess
import sys

import environment


def main(arguments: list[str]) -> int:
    """Run ``setup-wizard --practice`` with further options; return its exit code."""
    python = environment.prepare("practice")
    command = [str(python), "-m", "setup_wizard", "--practice", *arguments]
    try:
        return subprocess.run(command, cwd=environment.ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
