"""SQL files: reading, splitting, rehearsing, comparing, applying."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from setup_wizard.i18n import Text


class Action(StrEnum):
    """What applying a script will do about one object or statement."""

    CREATE = "create"
    SAME = "same"
    DIFFERS = "differs"
    RUN = "run"


@dataclass(frozen=True)
class Statement:
    """One SQL statement; ``text`` without semicolon, ``line`` and ``column`` from 1."""

    text: str
    line: int
    column: int = 1


@dataclass(frozen=True)
class Script:
    """An SQL file that was read and split; ``encoding`` is a Python codec name."""

    path: Path
    text: str
    encoding: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class PlanItem:
    """One object that the scripts make, or one statement that they run.

    ``kind``: table, index, sequence, view, type, function, trigger, schema, extension, database,
    or statement. ``about``: a few words beside the name ('7 columns', 'on expires_at').
    ``differences``: for ``differs``, each difference in words.
    """

    object: str
    kind: str
    action: Action
    about: Text = ""
    differences: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What applying the scripts would do, and the scripts it was made from.

    ``same``: the statements that would make only what is there already; they are not run.
    ``expected``: relations (written as in SQL), and whether each existed when the plan was made.
    """

    scripts: tuple[Script, ...]
    items: tuple[PlanItem, ...]
    same: frozenset[Statement] = frozenset()
    expected: tuple[tuple[str, bool], ...] = ()

    @property
    def differs(self) -> tuple[PlanItem, ...]:
        """The objects that exist in another shape; while there are any, nothing is run."""
        return tuple(item for item in self.items if item.action is Action.DIFFERS)

    @property
    def todo(self) -> tuple[tuple[Script, Statement], ...]:
        """The statements that applying the plan will run, in order."""
        return tuple(
            (script, statement)
            for script in self.scripts
            for statement in script.statements
            if statement not in self.same
        )

    @property
    def nothing_to_do(self) -> bool:
        """Whether everything is there already, exactly as the scripts make it."""
        return all(item.action is Action.SAME for item in self.items)


@dataclass(frozen=True)
class Result:
    """One statement that ran: ``tag`` is the server's command tag, ``line`` counts from 1."""

    file: str
    line: int
    tag: str
    ms: float
