"""The text of Windows' PATH: entries between semicolons, with variables and stray quotes."""

from __future__ import annotations

import ntpath
from pathlib import PurePath
from typing import Final

LONGEST: Final = 2047
"""Characters that Windows' own dialog for environment variables keeps; it cuts what is longer."""


def has(path: str, folder: PurePath) -> bool:
    """Whether a PATH names a folder, however it is spelled."""
    wanted = _normal(str(folder))
    return any(_normal(entry) == wanted for entry in path.split(";") if entry.strip())


def appended(path: str, folder: PurePath) -> str:
    """Return a PATH with one more folder; what stood there before stays byte for byte."""
    return f"{path}{';' if path and not path.endswith(';') else ''}{folder}"


def _normal(entry: str) -> str:
    plain = ntpath.expandvars(entry.strip().strip('"'))
    return ntpath.normcase(ntpath.normpath(plain))
