"""What a server's data folder says about it, as far as the folder may be read."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

# postgresql.conf: 'port = 5433', 'port 5433' or "port = '5433'"; the last one counts.
_PORT: Final = re.compile(rb"^[ \t]*port[ \t]*[= \t][ \t]*'?(\d+)", re.IGNORECASE | re.MULTILINE)
_DEFAULT_PORT: Final = 5432


def configured_port(folder: Path) -> int | None:
    """Return the port of a data folder's configuration; None where it cannot be read."""
    try:
        configuration = (folder / "postgresql.conf").read_bytes()
    except OSError:
        return None
    with suppress(OSError):  # what ALTER SYSTEM wrote is read last
        configuration += b"\n" + (folder / "postgresql.auto.conf").read_bytes()
    ports = _PORT.findall(configuration)
    return int(ports[-1]) if ports else _DEFAULT_PORT


def major_version(folder: Path) -> str:
    """Return the major version that a data folder is of, empty where it cannot be read."""
    try:
        return (folder / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
