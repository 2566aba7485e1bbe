"""SQL files: reading, splitting, rehearsing, comparing, applying."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Action(StrEnum):
    """What applying a script will do about one object or statement."""

    CREATE = "create"
    SAME = "same"
    DIFFERS = "differs"
    RUN = "run"


@dataclass(frozen=True)
class Result:
    """One statement that ran: ``tag`` is the server's command tag, ``line`` counts from 1."""

    file: str
    line: int
    tag: str
    ms: float


__all__ = ["Action", "Path", "Result"]
