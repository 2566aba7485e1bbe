"""A project on disk: its folder, its .env, its scripts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """A folder that the wizard can set up.

    ``root`` is the folder that has the .env (``backend`` where it lies there), ``name`` what people
    call the project; ``env`` is None where there is no .env yet. ``script`` is the project's own
    ``migrations/create_sessions_table.sql``, None where the bundled one serves.
    """

    root: Path
    name: str
    env: Path | None
    script: Path | None = None
