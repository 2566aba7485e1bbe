"""psql: which of the places where it may lie hold one that runs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.machine import Psql
from setup_wizard.machine.processes import run

SECONDS: Final = 5.0
"""How long one psql may take to say its version; a cold antivirus takes up to two seconds."""


def program(name: str) -> str:
    """Return a program's file name on this system: ``psql`` or ``psql.exe``."""
    return f"{name}.exe" if sys.platform == "win32" else name


def on_path() -> Iterator[tuple[Path, str]]:
    """Name psql in each folder of PATH (not in the working folder, as Windows itself would)."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder.strip('"')) / program("psql"), "PATH"


def first_on_path() -> Path | None:
    """Return the psql that a terminal would start now; None where it would find none."""
    return next((path for path, _source in on_path() if os.access(path, os.X_OK)), None)


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def newest_first(folders: Iterable[Path]) -> list[Path]:
    """Sort folders such as ``…/PostgreSQL/17/bin`` by the version in their path, newest first."""
    return sorted(folders, key=lambda folder: -as_number(str(folder)))


def as_number(text: str) -> float:
    """Return the last number in a version or a path (``17.6``, ``…/9.6/bin``), 0 without one."""
    numbers: list[str] = re.findall(r"\d+(?:\.\d+)?", text)
    return float(numbers[-1]) if numbers else 0.0


def working(candidates: Iterable[tuple[Path, str]]) -> Iterator[Psql]:
    """Give those of the (path, source) candidates that run, in order, each file once."""
    seen: set[Path] = set()
    for path, source in candidates:
        if not os.access(path, os.X_OK):  # unlike is_file, no exception for a closed folder
            continue
        real = path.resolve()
        if real not in seen and (version := _version(path)):
            seen.add(real)
            yield Psql(path, version, source)


def chosen(path: Path) -> Psql:
    """Return the psql that the user pointed at, a file or the folder that has it.

    Raises KnownError psql_missing when it is none.
    """
    candidates = (path, path / program("psql"), path / "bin" / program("psql"))
    for psql in working((candidate, "chosen") for candidate in candidates):
        return psql
    raise KnownError(
        "psql_missing",
        _("There is no psql that runs at {path}", path=path),
        _(
            "psql comes with PostgreSQL, in the folder bin below its own, such as "
            "PostgreSQL\\17\\bin. Please choose the file psql there."
        ),
        evidence={"path": str(path), "exists": os.access(path, os.F_OK)},
    )


def _version(path: Path) -> str | None:
    try:
        outcome = run([path, "--version"], Deadline(SECONDS))
    except (OSError, TimedOut):
        return None
    # 'psql (PostgreSQL) 17.6 (Debian …)', never translated; other programs of the name fall out.
    words = outcome.output.split()
    return words[2] if not outcome.code and words[:2] == ["psql", "(PostgreSQL)"] else None
