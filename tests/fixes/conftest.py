"""The tests that start postgres itself are not for Windows, where a service has to do that."""

from __future__ import annotations

import sys

collect_ignore = ["test_service.py"] if sys.platform == "win32" else []
