"""An engine without a server: it answers at once, or exactly as slowly as a test wants."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.diagnosis.installation import offer_start_service
from setup_wizard.engine import (
    SYSTEM_TABLES,
    Applied,
    Engine,
    Job,
    Listing,
    Surroundings,
    SystemTable,
)
from setup_wizard.errors import KnownError
from setup_wizard.fixes import Entry
from setup_wizard.machine import Psql, ServiceState
from setup_wizard.project import Project
from setup_wizard.resources import bundled
from setup_wizard.scripts import Action, Plan, PlanItem, Result, Script, Statement
from setup_wizard.secret import Secret
from setup_wizard.target import Origin, Settings, Target, with_typed
from tests.fakes import FakeMachine, windows_service

PASSWORD = "canary-7f3a!"
ENV = Path("/dev-folder/beta_v001/backend/.env")
PROJECT = Project(ENV.parent, "real_estate", ENV)
OTHER = Project(Path("/dev-folder/other"), "other", None)
SCRIPT = bundled("migrations/create_sessions_table.sql")
PSQL = Psql(Path("/opt/postgresql/17/bin/psql"), "17.6", "folder")
TEXT = (
    "          List of relations\n"
    " Schema |   Name   | Type  |  Owner   \n"
    "--------+----------+-------+----------\n"
    " public | sessions | table | postgres\n"
    "(1 row)\n\n"
)
CREATE = FixOffer("create_database", "Create real_estate", "Creates an empty database.")


def settings() -> Settings:
    """What the project's .env says: a good URL in its third line."""
    origin = Origin("file", "DATABASE_URL", ENV, 3)
    target = Target("localhost", 5432, "real_estate", "postgres", Secret(PASSWORD))
    values = {
        "host": "localhost",
        "port": "5432",
        "database": "real_estate",
        "user": "postgres",
        "password": Secret(PASSWORD),
    }
    return Settings(target, values, dict.fromkeys(values, origin))  # type: ignore[arg-type]


def make_plan(action: Action = Action.CREATE) -> Plan:
    """The plan of the bundled script, each object with the same action."""
    text = SCRIPT.read_text(encoding="utf-8")
    statements = tuple(Statement("CREATE …", line) for line in (3, 13, 15))
    differences = ("user_id is text here, and integer in the script",)
    items = (
        PlanItem("sessions", "table", action, "7 columns"),
        PlanItem("idx_expires_at", "index", action, "on expires_at"),
        PlanItem("idx_session_id", "index", action, "on session_id"),
    )
    if action is Action.DIFFERS:
        items = (replace(items[0], differences=differences), *items[1:])
    return Plan((Script(SCRIPT, text, "utf-8", statements),), items)


def ok(check: str, title: str, summary: str = "") -> Finding:
    """A check that found everything right."""
    return Finding(check, Status.OK, "ready", title, summary=summary)


def skipped(check: str, title: str) -> Finding:
    """A check that waits for another one."""
    return Finding(check, Status.SKIP, "not_checked", title, summary="waits for the service")


@dataclass
class FakeEngine(Engine):
    """The newcomer's computer: the service is stopped, then the database is missing.

    ``seconds`` says how long each verb takes, in steps that honour Cancel; ``trouble`` what a verb
    raises; ``calls`` what was asked for, in order.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    trouble: dict[str, Exception] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    service_runs: bool = False
    database_exists: bool = False
    action: Action = Action.CREATE
    found: tuple[Project, ...] = (PROJECT, OTHER)
    broken: Finding | None = None
    psql: Psql | None = PSQL
    before: Settings = field(default_factory=settings)

    def __post_init__(self) -> None:
        super().__init__(FakeMachine())

    def _work(self, verb: str, deadline: Deadline | None = None) -> None:
        self.calls.append(verb)
        waiting = deadline or Deadline(60)
        end = time.monotonic() + self.seconds.get(verb, 0)
        while time.monotonic() < end:
            waiting.sleep(min(Deadline.STEP, max(0.0, end - time.monotonic())))
        if error := self.trouble.get(verb):
            raise error

    def projects(self) -> tuple[Project, ...]:
        self._work("projects")
        return self.found

    def project_at(self, folder: Path) -> Project:
        self._work("project_at")
        return Project(folder, folder.name, folder / ".env")

    def open(self, project: Project | None) -> Job:
        self._work("open")
        return Job(project, settings(), (SCRIPT,))

    def surroundings(self, job: Job) -> Surroundings:
        self._work("surroundings")
        state = ServiceState.RUNNING if self.service_runs else ServiceState.STOPPED
        return Surroundings(windows_service(state), job.psql or self.psql)

    def check(
        self,
        job: Job,
        deadline: Deadline,
        on_finding: Callable[[Finding], None] = lambda _finding: None,
        *,
        tables: bool = True,
    ) -> tuple[Finding, ...]:
        self._work("check", deadline)
        self.jobs.append(job)
        findings = tuple(self._findings())
        for finding in findings:
            on_finding(finding)
            self._work("finding", deadline)
        return findings

    def _findings(self) -> list[Finding]:
        env = ok("env", "The settings file .env", str(ENV))
        if self.broken:
            return [env, self.broken]
        if not self.service_runs:
            broken = Finding(
                "service",
                Status.FAIL,
                "service_stopped",
                "The PostgreSQL server is switched off",
                "PostgreSQL is installed on this computer, but postgresql-x64-17 is not running, "
                "so nothing can connect to it. The button below starts it; the system asks for "
                "permission once.",
                evidence={"service": "postgresql-x64-17", "state": "stopped"},
                fixes=(offer_start_service(windows_service()),),
            )
            return [env, broken, skipped("login", "Login"), skipped("database", "The database")]
        running = ok("service", "The PostgreSQL service", "postgresql-x64-17 is running")
        login = ok("login", "Login", "as postgres")
        if not self.database_exists:
            broken = Finding(
                "database",
                Status.FAIL,
                "database_missing",
                "The database real_estate does not exist yet",
                "The server is there and lets you in; only the database has to be created.",
                fixes=(CREATE,),
                server_text='database "real_estate" does not exist',
            )
            return [env, running, login, broken]
        return [env, running, login, ok("database", "The database real_estate", "PostgreSQL 17.6")]

    def fix(self, fix_id: str, job: Job, deadline: Deadline) -> Job:
        self._work(f"fix {fix_id}", deadline)
        self.service_runs |= fix_id == "start_service"
        self.database_exists |= fix_id == "create_database"
        if fix_id == "save_env":
            saved = with_typed(job.saved, job.typed)
            self.before = job.saved
            how = {"kind": "file", "path": str(ENV)}
            return replace(
                job,
                saved=replace(saved, origins=job.saved.origins),
                typed={},
                undoable=Entry("", fix_id, "done", undo=how),
            )
        return job

    def undo(self, job: Job, deadline: Deadline) -> Job:
        assert job.undoable
        self._work(f"undo {job.undoable.fix}", deadline)
        return replace(job, saved=self.before, undoable=None)

    def choose_psql(self, job: Job, path: Path) -> Job:
        self._work("choose_psql")
        return replace(job, psql=Psql(path, "17.6", "chosen"))

    def plan(self, job: Job, deadline: Deadline) -> Plan:
        self._work("plan", deadline)
        return make_plan(self.action)

    def apply(
        self,
        job: Job,
        plan: Plan,
        deadline: Deadline,
        on_result: Callable[[Result], None] = lambda _result: None,
    ) -> Applied:
        self._work("apply", deadline)
        tags = (("CREATE TABLE", 3), ("CREATE INDEX", 13), ("CREATE INDEX", 15))
        results = tuple(Result(SCRIPT.name, line, tag, 4.0) for tag, line in tags)
        for result in results:
            on_result(result)
            self._work("result", deadline)
        return Applied(results, make_plan(Action.SAME), 1.2)

    def tables(self, job: Job, deadline: Deadline, pattern: str | None = None) -> Listing:
        self._work("tables", deadline)
        system = tuple(
            SystemTable(name, name == "sessions", by_server=name != "sessions")
            for name in SYSTEM_TABLES
        )
        return Listing(TEXT, (("public", "sessions", "table", "postgres"),), system)

    def report(self, job: Job, findings: tuple[Finding, ...]) -> str:
        self._work("report")
        return "report\n" + "\n".join(f"{finding.check}: {finding.code}" for finding in findings)


def out_of_order(code: str = "script_failed") -> KnownError:
    """Something that a verb may raise."""
    return KnownError(
        code,
        "The script stopped at line 13",
        "Everything it had done was taken back.",
        evidence={"sqlstate": "42501", "line": 13},
        server_text="permission denied for schema public",
    )
