"""A file or folder that may not be read, really: also for tests that run as root."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def as_stranger(path: Path) -> Iterator[None]:
    """Take away the right to read and write ``path``; root becomes nobody meanwhile."""
    if sys.platform == "win32":
        user = getpass.getuser()
        subprocess.run(["icacls", path, "/deny", f"{user}:(R,W)"], check=True, capture_output=True)
        try:
            yield
        finally:
            subprocess.run(["icacls", path, "/remove:d", user], check=True, capture_output=True)
        return
    mode = path.stat().st_mode
    root = os.geteuid() == 0
    path.chmod(0)
    if root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        path.chmod(mode)
