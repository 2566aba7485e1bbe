"""Some of these tests cannot be made everywhere.

Those that start postgres itself are not for Windows, where a service has to do that; a disk that is
full needs a Linux that lets root mount one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_CAP_SYS_ADMIN = 1 << 21  # linux/capability.h

collect_ignore = ["test_service.py"] if sys.platform == "win32" else []


def _may_mount() -> bool:
    if sys.platform != "linux":
        return False
    held = re.search(r"^CapEff:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return bool(held and int(held[1], 16) & _CAP_SYS_ADMIN)


if not _may_mount():
    collect_ignore.append("test_full_disk.py")
