"""The wizard's brain: its steps and its state, without Qt and without input or output.

The window asks these functions where it stands, whether it may go on, and what the buttons are
called. The state is replaced and never changed, so every picture of it stays true.

The window shows itself before it knows a project, so what describes one is imported where it is
needed: together these modules cost 35 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from setup_wizard.errors import Text
from setup_wizard.i18n import _, ngettext
from setup_wizard.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from setup_wizard.diagnosis.finding import Finding, FixOffer
    from setup_wizard.engine import Applied, Job, Listing, Surroundings
    from setup_wizard.project import Project
    from setup_wizard.scripts import Plan, Result
    from setup_wizard.target import Field


class Step(IntEnum):
    """The pages in their order."""

    PROJECT = 0
    CONNECTION = 1
    PLAN = 2
    RUN = 3
    DONE = 4


class Task(StrEnum):
    """What can be under way."""

    START = "start"
    PROJECTS = "projects"
    OPEN = "open"
    SURROUNDINGS = "surroundings"
    CHECK = "check"
    FIX = "fix"
    PLAN = "plan"
    APPLY = "apply"
    TABLES = "tables"
    REPORT = "report"


class Outcome(StrEnum):
    """How it ended, for the last page."""

    CREATED = "created"
    ALREADY_THERE = "already_there"
    DIFFERS = "differs"


@dataclass(frozen=True)
class WizardState:
    """Everything that the window shows.

    ``projects`` is None until they were looked for. ``findings`` are complete, and those of
    ``job``, when ``checked``; until then they may be of the job before. ``trouble`` is what stands
    in the way of the current step outside the checks. ``fix`` is the fix under way, ``changed``
    those that were done so far and not undone.
    """

    projects: tuple[Project, ...] | None = None
    project: Project | None = None
    job: Job | None = None
    surroundings: Surroundings | None = None
    findings: tuple[Finding, ...] = ()
    checked: bool = False
    plan: Plan | None = None
    results: tuple[Result, ...] = ()
    applied: Applied | None = None
    listing: Listing | None = None
    trouble: Finding | None = None
    fix: FixOffer | None = None
    changed: tuple[FixOffer, ...] = ()
    busy: frozenset[Task] = frozenset()

    def with_project(self, project: Project | None) -> WizardState:
        """Return the state after another project was chosen; nothing is known about it yet."""
        return WizardState(
            projects=self.projects, project=project, changed=self.changed, busy=self.busy
        )

    def with_job(self, job: Job) -> WizardState:
        """Return the state with another job; what was found out about the former one is gone."""
        return replace(
            self, job=job, findings=(), checked=False, plan=None, results=(), applied=None,
            listing=None, trouble=None,
        )  # fmt: skip

    def with_typed(self, name: Field, text: str) -> WizardState:
        """Return the state after the user typed ``text`` into a field."""
        assert self.job is not None
        value: str | Secret = Secret(text) if name == "password" else text
        typed = dict(self.job.typed)
        if value == self.job.saved.values.get(name, Secret("") if name == "password" else ""):
            typed.pop(name, None)
        else:
            typed[name] = value
        fresh = self.with_job(replace(self.job, typed=typed))
        return replace(fresh, findings=self.findings)

    def started(self, task: Task) -> WizardState:
        """Return the state while a task is under way."""
        keeps_trouble = task in (Task.SURROUNDINGS, Task.REPORT)
        return replace(
            self, busy=self.busy | {task}, trouble=self.trouble if keeps_trouble else None
        )

    def ended(self, task: Task) -> WizardState:
        """Return the state after a task has ended, well or not."""
        return replace(self, busy=self.busy - {task}, fix=None if task is Task.FIX else self.fix)


def first_broken(findings: tuple[Finding, ...]) -> Finding | None:
    """Return the first broken link of the chain: the one that is shown open."""
    from setup_wizard.diagnosis.finding import Status

    return next((finding for finding in findings if finding.status is Status.FAIL), None)


def next_fix(state: WizardState) -> FixOffer | None:
    """Return the fix that Enter presses: the first one of the first broken link."""
    broken = first_broken(state.findings) if state.checked else None
    return broken.fixes[0] if broken and broken.fixes else None


def broken_field(finding: Finding) -> Field | None:
    """Return the field that the user can correct a finding in, where there is one."""
    fields: Mapping[str, Field] = {
        "env_missing": "host",
        "host_unknown": "host",
        "no_answer": "host",
        "url_missing": "host",
        "url_invalid": "host",
        "url_not_postgresql": "host",
        "connection_refused": "port",
        "not_postgresql": "port",
        "database_missing": "database",
        "login_rejected": "password",
        "password_missing": "password",
        "placeholder_value": "password",
    }
    return fields.get(finding.code)


def value_of(job: Job, name: Field) -> str | Secret:
    """Return what a field shows: what was typed, else what the settings say."""
    return job.typed.get(name, job.saved.values.get(name, ""))


def outcome(state: WizardState) -> Outcome:
    """Return how it ended."""
    if state.applied is not None:
        return Outcome.DIFFERS if state.applied.proof.differs else Outcome.CREATED
    if state.plan is not None and state.plan.differs:
        return Outcome.DIFFERS
    return Outcome.ALREADY_THERE


def progress(step: Step, current: Step, state: WizardState) -> str:
    """Return how a step stands: done, now, to_come, skipped, or finished: now and done."""
    if step is Step.RUN and current is Step.DONE and state.applied is None:
        return "skipped"
    if step is current:
        finished = step is Step.DONE and outcome(state) is not Outcome.DIFFERS
        return "finished" if finished else "now"
    return "done" if step < current else "to_come"


def next_step(step: Step, state: WizardState) -> Step | None:
    """Return the step after this one; None after the last."""
    if step is Step.PLAN and state.plan is not None and not _has_work(state.plan):
        return Step.DONE
    return None if step is Step.DONE else Step(step + 1)


def _has_work(plan: Plan) -> bool:
    return not plan.nothing_to_do and not plan.differs


def may_go_on(step: Step, state: WizardState) -> bool:
    """Whether the primary button works."""
    if step is Step.PROJECT:
        return (
            state.job is not None
            and (state.job.project is not None or state.job.settings.target is not None)
            and not state.busy & {Task.PROJECTS, Task.OPEN}
        )
    if step is Step.CONNECTION:
        return state.checked and first_broken(state.findings) is None and Task.FIX not in state.busy
    if step is Step.PLAN:
        return state.plan is not None
    if step is Step.RUN:
        return state.applied is not None
    return True


def may_go_back(step: Step, state: WizardState) -> bool:
    """Whether there is a way back: not while something is being changed, nor after it was."""
    return step is not Step.PROJECT and not changes(state) and state.applied is None


def changes(state: WizardState) -> bool:
    """Whether something that changes the computer or the database is under way."""
    return bool(state.busy & {Task.FIX, Task.APPLY})


def stop_note(state: WizardState) -> Text:
    """Return what stopping now would mean, and what stays changed."""
    if Task.APPLY in state.busy:
        note: Text = _("The script runs in one piece, so everything it has done is taken back.")
    else:
        note = _("What is under way will be left where it is.")
    if not state.changed:
        return note
    done = ", ".join(_plain(fix.label) for fix in state.changed)
    return _("{note} This is done already, and stays: {done}.", note=note, done=done)


def new_tables(plan: Plan) -> tuple[str, ...]:
    """Return the names of the tables that a run creates."""
    from setup_wizard.scripts import Action

    return tuple(
        item.object for item in plan.items if item.kind == "table" and item.action is Action.CREATE
    )


def statement_count(plan: Plan) -> int:
    """Return how many statements a run has."""
    return sum(len(script.statements) for script in plan.scripts)


def primary_label(step: Step, state: WizardState) -> Text:
    """Return what the primary button is called; it names the action."""
    if step is Step.DONE:
        return _("&Finish")
    if step is Step.PLAN and state.plan is not None:
        if state.plan.differs:
            return _("Show the &tables")
        if _has_work(state.plan):
            return _("Create the &tables") if new_tables(state.plan) else _("&Run the script")
    return _("&Next")


def title(step: Step, state: WizardState) -> Text:
    """Return what the page settles, in one line."""
    if step is Step.PROJECT:
        return _("Let us set up your project")
    if step is Step.CONNECTION:
        return _("Connect to the database")
    if step is Step.PLAN:
        return _plan_title(state)
    if step is Step.RUN:
        return _run_title(state)
    return {
        Outcome.CREATED: _("Everything is ready"),
        Outcome.ALREADY_THERE: _("Everything was ready already"),
        Outcome.DIFFERS: _("The database looks different from the script"),
    }[outcome(state)]


def _plan_title(state: WizardState) -> Text:
    if state.plan is not None and state.plan.differs:
        return _("Something is there already, in another shape")
    if state.plan is not None and state.plan.nothing_to_do:
        return _("Everything is there already")
    return _("What will be created")


def _run_title(state: WizardState) -> Text:
    if state.applied is not None:
        return _("The script has run")
    if Task.APPLY in state.busy or state.trouble is None:
        return _("Running the script")
    return _("The script has not run")


def lead(step: Step, state: WizardState) -> Text:
    """Return the line under the title."""
    if step is Step.PROJECT:
        return _("It takes a minute. Pressing Enter is enough.")
    if step is Step.CONNECTION:
        return _("Here you see whether the values of your .env reach the server.")
    if step is Step.PLAN:
        return _plan_lead(state)
    if step is Step.RUN:
        return _run_lead(state)
    return {
        Outcome.CREATED: _("You can start working on this project now."),
        Outcome.ALREADY_THERE: _("Nothing had to be changed. You can start working right away."),
        Outcome.DIFFERS: _("Nothing was run, so that no data is put at risk."),
    }[outcome(state)]


def _plan_lead(state: WizardState) -> Text:
    from setup_wizard.scripts import Action

    plan = state.plan
    if plan is None:
        if state.trouble:
            return _("Nothing was changed.")
        return _("The script is being rehearsed; the rehearsal changes nothing.")
    if plan.differs:
        return ngettext(
            "{count} object differs from what the script makes. Nothing will be run.",
            "{count} objects differ from what the script makes. Nothing will be run.",
            count=len(plan.differs),
        )
    if plan.nothing_to_do:
        return _("It was compared with the script, column by column. There is nothing left to do.")
    steps = [item.action for item in plan.items if item.action is not Action.SAME]
    if Action.RUN in steps:  # a statement of the team's own, which may delete
        return ngettext(
            "{count} step in the database {database}. Please look at it first.",
            "{count} steps in the database {database}. Please look at them first.",
            count=len(steps),
            database=_database(state),
        )
    return ngettext(
        "{count} step in the database {database}. Nothing is deleted.",
        "{count} steps in the database {database}. Nothing is deleted.",
        count=len(steps),
        database=_database(state),
    )


def _run_lead(state: WizardState) -> Text:
    if state.applied is not None:
        return _("The result was compared with the script once more.")
    if state.trouble is not None:
        return _("Everything is as it was before: nothing was changed.")
    return _("If you cancel or close the window, all changes are taken back.")


def status_line(step: Step, state: WizardState) -> Text:
    """Return the few words at the left of the button bar: where one stands, or why it waits."""
    if state.fix is not None:
        return _("{fix} …", fix=_plain(state.fix.label))
    if step is Step.PROJECT:
        return _project_status(state)
    if step is Step.CONNECTION:
        return _connection_status(state)
    if Task.PLAN in state.busy:
        return _("Rehearsing the script …")
    if Task.TABLES in state.busy:
        return _("Asking for the tables …")
    return destination(state)


def _project_status(state: WizardState) -> Text:
    if state.projects is None and not state.trouble and Task.PROJECTS not in state.busy:
        return _("Getting ready …")
    if state.busy & {Task.PROJECTS, Task.OPEN}:
        return _("Looking for projects …")
    if not may_go_on(Step.PROJECT, state):
        return _("Please choose the folder of your project")
    return ""


def _connection_status(state: WizardState) -> Text:
    if not state.checked:
        return _("Checking …") if Task.CHECK in state.busy else ""
    if first_broken(state.findings) is None:
        return destination(state)
    return _("One thing left to solve")


def destination(state: WizardState) -> Text:
    """Return where the job goes, such as ``localhost:5432 · real_estate``; empty when unknown."""
    if state.job is None:
        return ""
    host, port = (value_of(state.job, name) for name in ("host", "port"))
    return f"{host}:{port} · {_database(state)}" if host else ""


def _database(state: WizardState) -> str:
    return str(value_of(state.job, "database")) if state.job else ""


def _plain(label: Text) -> str:
    return str(label).replace("&", "")
