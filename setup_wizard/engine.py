"""The verbs of both faces: check, fix, undo, plan, apply, tables, report. Any of them may be slow.

Heavy imports (psycopg 130 ms, postgast 60 ms) wait inside the verbs that need them, so that the
window can show itself first.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding
from setup_wizard.errors import KnownError
from setup_wizard.machine import Machine, Psql, Service, this_machine
from setup_wizard.options import Options
from setup_wizard.project import (
    Project,
    find_projects,
    last_used,
    project_at,
    project_with_env,
    remember,
)
from setup_wizard.resources import bundled
from setup_wizard.scripts import Plan, Result
from setup_wizard.secret import Secret
from setup_wizard.target import Field, Settings, read_settings, with_typed

if TYPE_CHECKING:
    from setup_wizard.fixes import Entry
    from setup_wizard.practice import Practice

BUNDLED_SCRIPT: Final = "migrations/create_sessions_table.sql"

SYSTEM_TABLES: Final = ("sessions", "checkpoints", "checkpoint_blobs", "checkpoint_writes")
"""The finished system's tables. All but the first are made by the app's server when it first
starts: LangGraph's PostgresSaver.setup(), which keeps its own record in checkpoint_migrations."""

_SECONDS: Final = {"check": 10.0, "plan": 60.0, "fix": 120.0, "apply": 600.0, "tables": 30.0}
"""How long each verb may take where ``--timeout`` does not say: a connection that takes longer
than 10 s is broken, while a service may need a minute to start and a script may move data."""


def load_parser() -> None:
    """Import what rehearsing needs (60 ms); on a thread of its own, while files are read."""
    from setup_wizard.scripts import planning

    planning.load_parser()


@dataclass(frozen=True)
class Job:
    """What to set up. ``typed`` are the values that the user typed over the settings.

    ``undoable`` is the last fix of this job that can be undone.
    """

    project: Project | None
    saved: Settings
    scripts: tuple[Path, ...]
    typed: Mapping[Field, str | Secret] = field(default_factory=dict)
    psql: Psql | None = None
    undoable: Entry | None = None

    @property
    def settings(self) -> Settings:
        """What the project says, with what the user typed over it."""
        return with_typed(self.saved, self.typed) if self.typed else self.saved


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
    r"""``text`` is exactly what psql 17 prints for ``\dt``; ``rows`` schema, name, type, owner."""

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
    """The verbs, on one machine, as the command line asked. Close it when the program ends."""

    def __init__(
        self,
        machine: Machine,
        options: Options | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        practice: Practice | None = None,
    ) -> None:
        self.machine = machine
        self.options = options or Options()
        self._environ = environ
        self._practice = practice

    def close(self) -> None:
        """End the practice mode, where there is one."""
        if self._practice:
            self._practice.close()

    def deadline(self, verb: str) -> Deadline:
        """Start the time limit of ``check``, ``plan``, ``fix``, ``apply`` or ``tables``."""
        return Deadline(self.options.timeout or _SECONDS[verb])

    def projects(self) -> tuple[Project, ...]:
        """All candidate projects, the likeliest first; just one where the user named it.

        Raises KnownError when the named one cannot be used.
        """
        if self._practice:
            return (project_at(self._practice.project),)
        if self.options.env:
            return (project_with_env(self.options.env),)
        if self.options.project:
            return (project_at(self.options.project),)
        program = Path(sys.executable if getattr(sys, "frozen", False) else sys.argv[0])
        starts = (program.resolve().parent, Path.cwd())
        found = find_projects(starts)
        if self.options.command and found:
            return found  # a command takes the nearest project and asks nobody which
        return find_projects(starts, last_used())

    def project_at(self, folder: Path) -> Project:
        """Look at a folder that the user chose or dropped. Raises KnownError."""
        return project_at(folder)

    def open(self, project: Project | None) -> Job:
        """Read a project's settings and choose its scripts; what is wrong is in the settings.

        Without a project the environment must say everything.
        """
        scripts = self.options.sql or ((project and project.script) or bundled(BUNDLED_SCRIPT),)
        return Job(project, self._settings(project), tuple(scripts))

    def _settings(self, project: Project | None) -> Settings:
        from setup_wizard.envfile import read_env

        if project is None or (project.env is None and "DATABASE_URL" in self._environ):
            return read_settings(None, self._environ)
        try:
            env = read_env(project.env or project.root / ".env", self._environ)
        except KnownError as error:
            return Settings(None, {}, {}, (error,))
        return read_settings(env, self._environ)

    def _case(self, job: Job, deadline: Deadline) -> Case:
        return Case(
            project=job.project,
            settings=job.settings,
            saved=job.saved,
            scripts=job.scripts,
            machine=self.machine,
            deadline=deadline,
            psql=job.psql,
        )

    def surroundings(self, job: Job) -> Surroundings:
        """Ask for the service and psql (their present state)."""
        with self._case(job, self.deadline("check")) as case:
            return Surroundings(case.service or next(iter(case.services), None), case.psql)

    def check(
        self,
        job: Job,
        deadline: Deadline,
        on_finding: Callable[[Finding], None] = lambda _finding: None,
        *,
        tables: bool = True,
    ) -> tuple[Finding, ...]:
        """Run the checks in causal order; ``on_finding`` is called with each finding as it is made.

        ``tables`` False leaves out the last question, whether the tables are there: the plan's.
        """
        from setup_wizard.diagnosis.chain import CHECKS, CONNECTION_CHECKS, run_checks

        with self._case(job, deadline) as case:
            return run_checks(case, on_finding, CHECKS if tables else CONNECTION_CHECKS)

    def fix(self, fix_id: str, job: Job, deadline: Deadline) -> Job:
        """Do one fix; return the job to go on with (read again when the .env changed).

        Raises KnownError when it could not be done, Cancelled when the user cancelled.
        """
        from setup_wizard.fixes import FIXES

        with self._case(job, deadline) as case:
            entry = FIXES[fix_id](case)
            project = job.project
            if project and project.env is None:
                project = project_at(project.root)
            return replace(
                job,
                project=project,
                saved=self._settings(project),
                typed={} if fix_id == "save_env" else job.typed,
                psql=case.chosen_psql,
                undoable=entry if entry.undo else job.undoable,
            )

    def undo(self, job: Job, deadline: Deadline) -> Job:
        """Undo the job's last fix that can be undone; return the job to go on with.

        Raises KnownError cannot_undo where it is not possible any more, else why it did not work.
        """
        from setup_wizard.fixes import undo

        assert job.undoable, "offered where there is one"
        undo(job.undoable, self.machine, deadline)
        return replace(job, saved=self._settings(job.project), undoable=None)

    def choose_psql(self, job: Job, path: Path) -> Job:
        """Take the psql that the user chose. Raises KnownError psql_missing when it is none."""
        return replace(job, psql=self.machine.try_psql(path))

    def plan(self, job: Job, deadline: Deadline) -> Plan:
        """Rehearse the scripts and compare; changes nothing. Raises KnownError."""
        from setup_wizard.scripts.planning import make_plan
        from setup_wizard.scripts.reading import read_script

        scripts = [read_script(path) for path in job.scripts]
        with self._case(job, deadline) as case:
            return make_plan(case.connection, scripts)

    def apply(
        self,
        job: Job,
        plan: Plan,
        deadline: Deadline,
        on_result: Callable[[Result], None] = lambda _result: None,
    ) -> Applied:
        """Run the plan's scripts in one transaction and prove the result. Raises KnownError."""
        from setup_wizard.scripts import applying, planning

        started = time.monotonic()
        with self._case(job, deadline) as case:
            results = applying.apply(case.connection, plan, on_result)
            proof = planning.make_plan(case.connection, plan.scripts)
        if job.project and not self._practice:
            remember(job.project)
        return Applied(tuple(results), proof, time.monotonic() - started)

    def tables(self, job: Job, deadline: Deadline, pattern: str | None = None) -> Listing:
        r"""List tables as ``\dt [PATTERN]``, with the system tables' states. Raises KnownError."""
        from setup_wizard.database.listing import format_listing, list_tables

        with self._case(job, deadline) as case:
            rows = list_tables(case.connection, pattern)
        return Listing(format_listing(rows, pattern), tuple(rows), _system_tables(rows))

    def report(self, job: Job, findings: tuple[Finding, ...]) -> str:
        """Write the diagnosis for somebody who helps: no secret in it."""
        from setup_wizard.report import render

        return render(job.project, job.settings, job.scripts, findings)


def _system_tables(rows: Sequence[tuple[str, str, str, str]]) -> tuple[SystemTable, ...]:
    names = {name for _schema, name, _type, _owner in rows}
    return tuple(
        SystemTable(name, name in names, by_server=name != SYSTEM_TABLES[0])
        for name in SYSTEM_TABLES
    )


def open_engine(options: Options) -> Engine:
    """Put the real parts together. Raises KnownError when the practice mode is not installed."""
    machine = this_machine()
    if not options.practice:
        return Engine(machine, options)
    from setup_wizard.practice import start_practice

    practice = start_practice()
    return Engine(practice.machine(machine), options, practice=practice)
