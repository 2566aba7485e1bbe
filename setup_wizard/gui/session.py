"""What the pages share: the state, and the engine's verbs, started here and shown when they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, Signal

from setup_wizard.errors import KnownError
from setup_wizard.flow import Task, WizardState
from setup_wizard.gui.worker import Report, Worker
from setup_wizard.i18n import _

if TYPE_CHECKING:  # the worker's thread imports the engine while the window is there already
    from setup_wizard.deadline import Deadline
    from setup_wizard.diagnosis.finding import Finding, FixOffer
    from setup_wizard.engine import Applied, Engine, Job
    from setup_wizard.project import Project
    from setup_wizard.scripts import Result
    from setup_wizard.target import Field

T = TypeVar("T")

_VERBS: Final[Mapping[Task, str]] = {
    Task.FIX: "fix",
    Task.PLAN: "plan",
    Task.APPLY: "apply",
    Task.TABLES: "tables",
}
"""Which of the engine's time limits a task has; the others have that of a check."""


class Session(QObject):
    """The state and its verbs. Every verb returns at once; ``changed`` tells what came of it.

    Args:
        open_engine: puts the engine together; slow, so it is called in the worker's thread.
    """

    changed = Signal()
    psql_wanted = Signal()
    """The search for psql found none: somebody has to choose it."""

    def __init__(self, open_engine: Callable[[], Engine], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = WizardState()
        self._open_engine = open_engine
        self._engine: Engine | None = None
        self._worker = Worker(self)

    # -- verbs ------------------------------------------------------------------------------

    def start(self) -> None:
        """Put the engine together, then look for projects."""
        if self._engine is not None:
            self.find_projects()
            return

        def opened(engine: Engine) -> None:
            self._engine = engine
            self._end(Task.START)
            self.find_projects()

        self._set(self.state.started(Task.START))
        self._worker.run(
            Task.START,
            lambda _report: self._open_engine(),
            done=opened,
            failed=partial(self._stop, Task.START),
        )

    def find_projects(self) -> None:
        """Look for projects and take the likeliest."""

        def found(projects: tuple[Project, ...]) -> None:
            self._end(Task.PROJECTS, projects=projects)
            self.choose_project(projects[0] if projects else None)

        self._run(Task.PROJECTS, lambda engine, _deadline, _report: engine.projects(), found)

    def look_at(self, folder: Path) -> None:
        """Take the project of a folder that the user chose, typed or dropped."""

        def found(project: Project) -> None:
            others = tuple(known for known in self.state.projects or () if known != project)
            self._end(Task.PROJECTS, projects=(project, *others))
            self.choose_project(project)

        self._run(
            Task.PROJECTS, lambda engine, _deadline, _report: engine.project_at(folder), found
        )

    def choose_project(self, project: Project | None) -> None:
        """Read a project's settings; None: the environment's."""

        def opened(job: Job) -> None:
            self._set(self.state.with_job(job).ended(Task.OPEN))

        self._drop(Task.CHECK, Task.PLAN, Task.TABLES)
        self._set(self.state.with_project(project))
        self._run(Task.OPEN, lambda engine, _deadline, _report: engine.open(project), opened)

    def type(self, name: Field, text: str) -> None:
        """Take what the user typed into a field; nothing is known about it until it is checked."""
        self._drop(Task.CHECK)
        self._set(self.state.with_typed(name, text))

    def check(self) -> None:
        """Run the checks up to the tables, and look at the service and psql at the same time."""
        job = self._job
        found: list[Finding] = []

        def live(findings: list[Finding]) -> None:
            found.extend(findings)
            self._set(replace(self.state, findings=tuple(found)))

        def checked(findings: tuple[Finding, ...]) -> None:
            self._end(Task.CHECK, findings=findings, checked=True)

        self._set(replace(self.state, checked=False))
        self._run(
            Task.CHECK,
            lambda engine, deadline, report: engine.check(job, deadline, report, tables=False),
            checked,
            reported=live,
        )
        self._run(
            Task.SURROUNDINGS,
            lambda engine, _deadline, _report: engine.surroundings(job),
            lambda surroundings: self._end(Task.SURROUNDINGS, surroundings=surroundings),
        )

    def fix(self, offer: FixOffer) -> None:
        """Do a fix, then check again: a fix never declares victory itself."""

        def failed(error: Exception) -> None:
            self._stop(Task.FIX, error)
            if offer.id == "locate_psql" and isinstance(error, KnownError):
                self.psql_wanted.emit()

        def fixed(job: Job) -> None:
            changed = (*self.state.changed, offer)
            self._set(replace(self.state.with_job(job).ended(Task.FIX), changed=changed))
            self.check()

        job = self._job
        self._drop(Task.CHECK)
        self._set(replace(self.state, fix=offer))
        self._run(
            Task.FIX,
            lambda engine, deadline, _report: engine.fix(offer.id, job, deadline),
            fixed,
            failed=failed,
        )

    def undo(self) -> None:
        """Undo the last fix that can be undone, then check again."""
        from setup_wizard.diagnosis.finding import FixOffer

        job = self._job
        assert job.undoable is not None
        fix_id = job.undoable.fix

        def undone(fresh: Job) -> None:
            changed = [offer.id for offer in self.state.changed]
            last = len(changed) - 1 - changed[::-1].index(fix_id)
            kept = (*self.state.changed[:last], *self.state.changed[last + 1 :])
            self._set(replace(self.state.with_job(fresh).ended(Task.FIX), changed=kept))
            self.check()

        self._drop(Task.CHECK)
        self._set(replace(self.state, fix=FixOffer("undo", _("Und&o"), "")))
        self._run(Task.FIX, lambda engine, deadline, _report: engine.undo(job, deadline), undone)

    def choose_psql(self, path: Path) -> None:
        """Take the psql that the user chose, if it is one."""

        def chosen(job: Job) -> None:
            self._set(self.state.with_job(job).ended(Task.FIX))
            self.check()

        job = self._job
        self._drop(Task.CHECK)
        self._run(
            Task.FIX, lambda engine, _deadline, _report: engine.choose_psql(job, path), chosen
        )

    def make_plan(self) -> None:
        """Rehearse the scripts; changes nothing."""
        job = self._job
        self._set(replace(self.state, plan=None, results=(), applied=None, listing=None))
        self._run(
            Task.PLAN,
            lambda engine, deadline, _report: engine.plan(job, deadline),
            lambda plan: self._end(Task.PLAN, plan=plan),
        )

    def apply(self) -> None:
        """Run the plan's scripts, all or nothing."""
        job, plan = self._job, self.state.plan
        assert plan is not None

        def live(results: list[Result]) -> None:
            self._set(replace(self.state, results=(*self.state.results, *results)))

        def applied(what: Applied) -> None:
            self._end(Task.APPLY, applied=what, results=what.results)

        self._set(replace(self.state, results=(), applied=None))
        self._run(
            Task.APPLY,
            lambda engine, deadline, report: engine.apply(job, plan, deadline, report),
            applied,
            reported=live,
        )

    def list_tables(self) -> None:
        """Ask for the tables."""
        job = self._job
        self._run(
            Task.TABLES,
            lambda engine, deadline, _report: engine.tables(job, deadline),
            lambda listing: self._end(Task.TABLES, listing=listing),
        )

    def report(self, done: Callable[[str], None]) -> None:
        """Write the diagnosis and hand it over; it has no secret in it."""
        job, state = self._job, self.state
        findings = state.findings + ((state.trouble,) if state.trouble else ())

        def written(text: str) -> None:
            self._end(Task.REPORT)
            done(text)

        self._run(
            Task.REPORT, lambda engine, _deadline, _report: engine.report(job, findings), written
        )

    # -- ends -------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Ask what changes something to stop; it takes back what it can and then says so."""
        for task in (Task.APPLY, Task.FIX):
            self._worker.cancel(task)

    def leave(self) -> None:
        """Give up what only looks, because its page is left."""
        self._drop(Task.CHECK, Task.PLAN, Task.TABLES)
        self._set(replace(self.state, trouble=None))

    def close(self) -> None:
        """End everything under way, and the engine that was opened here."""
        self._worker.close()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def crashed(self, error: BaseException) -> None:
        """Log a bug of ours and show it as one sentence; everything else goes on."""
        import logging

        from setup_wizard.diagnosis.chain import crash

        trouble = crash("wizard", error)
        if trouble == self.state.trouble:
            return  # it comes with every picture of the window: once is enough
        logging.getLogger(__name__).error("crash", exc_info=error)
        self._set(replace(self.state, trouble=trouble))

    # -- bookkeeping ------------------------------------------------------------------------

    @property
    def _job(self) -> Job:
        assert self.state.job is not None
        return self.state.job

    def _run(
        self,
        task: Task,
        work: Callable[[Engine, Deadline, Report[Any]], T],
        done: Callable[[T], None],
        *,
        reported: Callable[[list[Any]], None] = lambda _items: None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        engine = self._engine
        assert engine is not None
        deadline = engine.deadline(_VERBS.get(task, "check"))
        self._set(self.state.started(task))
        self._worker.run(
            task,
            lambda report: work(engine, deadline, report),
            done=done,
            failed=failed or partial(self._stop, task),
            reported=reported,
            deadline=deadline,
        )

    def _end(self, task: Task, **found: Any) -> None:
        self._set(replace(self.state.ended(task), **found))

    def _stop(self, task: Task, error: Exception) -> None:
        self.state = self.state.ended(task)
        if isinstance(error, KnownError):
            from setup_wizard.diagnosis.finding import Finding, Status

            status = Status.WARN if error.code == "cancelled" else Status.FAIL
            trouble = Finding.from_error(task, error, status=status)
            self._set(replace(self.state, trouble=trouble))
        else:
            self.crashed(error)

    def _drop(self, *tasks: Task) -> None:
        """Give up tasks. The caller sets the state that follows: between the two none is shown."""
        for task in tasks:
            self._worker.drop(task)
        self.state = replace(self.state, busy=self.state.busy - set(tasks))

    def _set(self, state: WizardState) -> None:
        self.state = state
        self.changed.emit()
