"""The tests of Linux and macOS use shell scripts in place of the system's tools."""

from __future__ import annotations

import sys

collect_ignore = ["test_posix.py"] if sys.platform == "win32" else []
