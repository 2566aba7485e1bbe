"""The verbs that both faces use: check, fix, plan, apply, tables. Qt-free; every call may be slow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.finding import Finding
from setup_wizard.machine import Machine, Psql, Service
from setup_wizard.project import Project
from setup_wizard.scripts import Plan, Result
from setup_wizard.secret import Secret
from setup_wizard.target import Field, Settings


@dataclass(frozen=True)
class Job:
    """What to set up. ``typed`` are the values that the user typed over the settings."""

    project: Project | None
    settings: Settings
    scripts: tuple[Path, ...]
    typed: Mapping[Field, str | Secret] = field(default_factory=dict)
    psql: Psql | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the two always-visible cards show: the service and psql of this computer."""

    service: Service | None
    psql: Psql | None


@dataclass(frozen=True)
class SystemTable:
    """One of the tables of the finished system; ``by_server``: the app's server makes it."""

    name: str
    exists: bool
    by_server: bool


@dataclass(frozen=True)
class Listing:
    r"""The tables: ``text`` exactly as psql 17 prints ``\dt``; ``rows`` schema, name, type, owner."""

    text: str
    rows: tuple[tuple[str, str, str, str], ...]
    system_tables: tuple[SystemTable, ...] = ()


@dataclass(frozen=True)
class Applied:
    """What a run did: the statements in order, and the plan made afresh afterwards as the proof."""

    results: tuple[Result, ...]
    proof: Plan
    seconds: float


class Engine:
    """The verbs, on one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def projects(self, start: Path | None = None) -> tuple[Project, ...]:
        """All candidate projects, the likeliest first; ``start``: a dropped or given folder."""
        raise NotImplementedError

    def open(self, project: Project) -> Job:
        """Read a project's settings and choose its script. A broken .env is in the settings."""
        raise NotImplementedError

    def surroundings(self, job: Job) -> Surroundings:
        """Ask for the service and psql (their present state)."""
        raise NotImplementedError

    def check(
        self, job: Job, deadline: Deadline, on_finding: Callable[[Finding], None] = lambda _: None
    ) -> tuple[Finding, ...]:
        """Run all checks in causal order; ``on_finding`` is called with each as it is made."""
        raise NotImplementedError

    def fix(self, fix_id: str, job: Job, deadline: Deadline) -> Job:
        """Do one fix; return the job to go on with (re-read when the .env changed).

        Raises KnownError when it could not be done, Cancelled when the user cancelled.
        """
        raise NotImplementedError

    def plan(self, job: Job, deadline: Deadline) -> Plan:
        """Rehearse the scripts and compare with what is there; changes nothing. Raises KnownError."""
        raise NotImplementedError

    def apply(
        self,
        job: Job,
        plan: Plan,
        deadline: Deadline,
        on_result: Callable[[Result], None] = lambda _: None,
    ) -> Applied:
        """Run the plan's scripts in one transaction and prove the result. Raises KnownError."""
        raise NotImplementedError

    def tables(self, job: Job, deadline: Deadline, pattern: str | None = None) -> Listing:
        r"""List tables as ``\dt [PATTERN]``, with the system tables' states. Raises KnownError."""
        raise NotImplementedError
