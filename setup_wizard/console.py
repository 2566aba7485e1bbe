"""The terminal: for people, and as one JSON document for machines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from threading import Thread
from typing import Any, Final, TextIO

from setup_wizard import document
from setup_wizard.deadline import Cancelled
from setup_wizard.diagnosis.chain import crash
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.engine import Applied, Engine, Job, Listing, load_parser, open_engine
from setup_wizard.errors import KnownError
from setup_wizard.exit_codes import EXIT_OK, exit_code
from setup_wizard.flow import first_broken
from setup_wizard.i18n import Text, _, ngettext
from setup_wizard.options import Options
from setup_wizard.project import Project
from setup_wizard.scripts import Action, Plan, Result
from setup_wizard.secret import Secret

log = logging.getLogger(__name__)

_MARKS: Final = {Status.OK: "✓", Status.WARN: "!", Status.FAIL: "✗", Status.SKIP: "–"}
_WITHOUT_ASKING: Final = frozenset({"start_service", "create_database"})
"""What ``--yes`` covers: it changes nothing of the user's files and asks for no administrator."""


class Console:
    """Runs one command and shows it. Text for people goes to stdout, or to stderr under --json."""

    def __init__(
        self,
        options: Options,
        open_engine: Callable[[Options], Engine],
        *,
        out: TextIO,
        err: TextIO,
        keyboard: TextIO,
    ) -> None:
        self._options = options
        self._open_engine = open_engine
        self._out = out
        self._people = err if options.json else out
        self._keyboard = keyboard
        # On Windows the null device calls itself a terminal too; nobody reads along there.
        self._somebody_there = keyboard.isatty() and (out.isatty() or err.isatty())
        self._findings: tuple[Finding, ...] = ()
        self._shown: list[Finding] = []
        self._document: dict[str, Any] = {}
        self._job: Job | None = None

    @cached_property
    def _engine(self) -> Engine:
        return self._open_engine(self._options)

    def run(self) -> int:
        """Run the command that was asked for; return the exit code."""
        loading = Thread(target=load_parser)
        if self._options.command != "tables":
            loading.start()
        commands = {
            "check": self._check,
            "plan": self._plan,
            "apply": self._apply,
            "tables": self._tables,
            "report": self._report,
            None: self._wizard,
        }
        try:
            commands[self._options.command]()
        except (Cancelled, KeyboardInterrupt):
            cancelled = Cancelled()
            self._say(str(cancelled))
            self._findings = (Finding.from_error("wizard", cancelled), *self._findings)
        except KnownError as error:
            self._conclude(Finding.from_error(self._options.command or "wizard", error))
        except Exception as error:
            log.exception("crash")
            self._conclude(crash(self._options.command or "wizard", error))
        finally:
            if "_engine" in vars(self):
                self._engine.close()
            if loading.is_alive():  # a process that ends while it loads a library can hang
                loading.join()
        code = exit_code(self._findings)
        if self._options.json:
            self._write_json(code)
        return code

    # -- commands ---------------------------------------------------------------------------

    def _check(self) -> None:
        self._findings = self._engine.check(
            self._open(), self._engine.deadline("check"), self._show_finding
        )

    def _plan(self) -> None:
        if self._ready():
            self._show_plan(self._make_plan())

    def _apply(self) -> None:
        if not self._ready(mend=True):
            return
        plan = self._make_plan()
        self._show_plan(plan)
        if plan.differs:
            return
        if not plan.nothing_to_do:
            if not self._ask(_("Go ahead?")):
                raise Cancelled
            self._show_applied(self._run(plan))
        self._show_tables(self._engine.tables(self._open(), self._engine.deadline("tables")))

    def _tables(self) -> None:
        listing = self._engine.tables(
            self._open(), self._engine.deadline("tables"), self._options.pattern
        )
        self._document["tables"] = document.tables_of(listing)
        if not self._options.json:
            self._say(listing.text)

    def _report(self) -> None:
        job = self._open()
        self._findings = self._engine.check(job, self._engine.deadline("check"))
        text = self._engine.report(job, self._findings)
        if self._options.output is None:
            self._say(text)
            return
        if self._may_ask():  # a person sees it before it is saved
            self._say(text)
            if not self._ask(_("Save this to {path}?", path=self._options.output)):
                raise Cancelled
        try:
            self._options.output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise KnownError(
                "report_unwritable",
                _("The report could not be written to {path}", path=self._options.output),
                _("Choose another place with -o, one that you may write to."),
                evidence={"errno": error.errno},
            ) from None
        path = self._options.output
        self._say(_("The report is in {path}. Read it before you send it.", path=path))

    def _wizard(self) -> None:
        self._apply()
        if exit_code(self._findings) == EXIT_OK:
            self._say(
                _(
                    "What is next: start the project's server. "
                    "It makes its remaining tables by itself."
                )
            )

    # -- steps ------------------------------------------------------------------------------

    def _open(self) -> Job:
        if self._job is None:
            projects = self._engine.projects()
            if len(projects) > 1 and self._may_ask():
                projects = (self._choose(projects),)
            self._job = self._engine.open(projects[0] if projects else None)
        return self._job

    def _choose(self, projects: Sequence[Project]) -> Project:
        self._say(_("There are several projects:"))
        for number, project in enumerate(projects, 1):
            self._say(f"  {number}. {project.name}  {project.root}")
        answer = self._read(_("Which one? [1]"))
        if answer.isdecimal() and 1 <= int(answer) <= len(projects):
            return projects[int(answer) - 1]
        return projects[0]

    def _ready(self, *, mend: bool = False) -> bool:
        """Whether everything up to the rights is right; ``mend``: after the fixes agreed to."""
        tried: set[str] = set()
        while True:
            job = self._open()
            self._findings = self._engine.check(
                job, self._engine.deadline("check"), self._show_finding, tables=False
            )
            broken = first_broken(self._findings)
            doubts = (finding for finding in self._findings if finding.status is Status.WARN)
            subject = broken or next(doubts, None)
            if not (mend and subject and self._mend(job, subject, tried)):
                return broken is None

    def _mend(self, job: Job, finding: Finding, tried: set[str]) -> bool:
        """Do what the user agrees to; return whether the checks should run again."""
        for offer in finding.fixes:
            if offer.id not in tried and self._agrees(offer):
                tried.add(offer.id)
                self._job = self._engine.fix(offer.id, job, self._engine.deadline("fix"))
                return True
        if finding.code in ("login_rejected", "password_missing") and self._may_ask():
            import getpass

            question = _("Password (empty to stop)")
            password = getpass.getpass(f"{question}: ", self._people)
            if password:
                self._job = replace(job, typed={**job.typed, "password": Secret(password)})
            return bool(password)
        return False

    def _agrees(self, offer: FixOffer) -> bool:
        self._say(f"  → {offer.label}. {offer.effect}")
        if self._may_ask():
            return self._ask(_("Do it?"))
        return offer.id in _WITHOUT_ASKING and not offer.needs_admin

    def _make_plan(self) -> Plan:
        plan = self._engine.plan(self._open(), self._engine.deadline("plan"))
        self._document["plan"] = [document.item_of(item) for item in plan.items]
        if plan.differs:
            from setup_wizard.diagnosis.objects import differing

            self._findings = (*self._findings, differing(plan))
        return plan

    def _run(self, plan: Plan) -> Applied:
        self._document["results"] = results = []

        def note(result: Result) -> None:
            self._say(f"  {result.tag}  {result.file}:{result.line}  {result.ms:.0f} ms")
            results.append(document.result_of(result))

        try:
            return self._engine.apply(self._open(), plan, self._engine.deadline("apply"), note)
        except (KnownError, KeyboardInterrupt):
            results.clear()  # all of it was rolled back
            raise

    # -- what people see --------------------------------------------------------------------

    def _show_finding(self, finding: Finding) -> None:
        if finding in self._shown:
            return
        self._shown.append(finding)
        self._say(f"{_MARKS[finding.status]} {finding.title}  {finding.summary}".rstrip())
        if finding.status in (Status.WARN, Status.FAIL):
            self._say(f"    {finding.detail}")
            if finding.server_text:
                said = _("The server said: {text}", text=finding.server_text)
                self._say(f"    {said}")

    def _conclude(self, finding: Finding) -> None:
        self._findings = (*self._findings, finding)
        self._show_finding(finding)

    def _show_plan(self, plan: Plan) -> None:
        for script in plan.scripts:
            self._say(_("From {path}:", path=script.path))
        for item in plan.items:
            self._say(f"  {item.object}  {action_word(item.action)}  {item.about}".rstrip())
            for difference in item.differences:
                self._say(f"      {difference}")
        if plan.differs:
            self._show_finding(self._findings[-1])
        elif plan.nothing_to_do:
            self._say(_("Everything is there already, exactly as the script makes it."))

    def _show_applied(self, applied: Applied) -> None:
        self._say(
            ngettext(
                "Done: {count} statement in {seconds} s, all in one transaction.",
                "Done: {count} statements in {seconds} s, all in one transaction.",
                count=len(applied.results),
                seconds=f"{applied.seconds:.1f}",
            )
        )

    def _show_tables(self, listing: Listing) -> None:
        self._document["tables"] = document.tables_of(listing)
        self._say(listing.text)

    def _say(self, text: Text) -> None:
        print(text, file=self._people, flush=True)

    # -- what people answer -----------------------------------------------------------------

    def _may_ask(self) -> bool:
        return not self._options.yes and self._somebody_there

    def _ask(self, question: Text) -> bool:
        if not self._may_ask():
            return True
        return self._read(f"{question} [Y/n]").strip().lower() in ("", "y", "yes", "예", "네", "ㅛ")

    def _read(self, question: Text) -> str:
        print(question, end=" ", file=self._people, flush=True)
        answer = self._keyboard.readline()
        if not answer:
            raise Cancelled
        return answer.strip()

    # -- what machines see ------------------------------------------------------------------

    def _write_json(self, code: int) -> None:
        import json

        whole = {
            "schema": document.SCHEMA,
            "status": "ok" if code == EXIT_OK else "failed",
            "target": document.target_of(self._job),
            "findings": [document.finding_of(finding) for finding in self._findings],
            **self._document,
        }
        text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
        self._out.buffer.write(text.encode())
        self._out.flush()


def action_word(action: Action) -> Text:
    """Say what a plan does about an object."""
    return {
        Action.CREATE: _("will be created"),
        Action.SAME: _("is there already"),
        Action.DIFFERS: _("is there, but differs"),
        Action.RUN: _("will be run"),
    }[action]


def run(options: Options) -> int:
    """Run a command on the real machine; return the exit code."""
    return Console(options, open_engine, out=sys.stdout, err=sys.stderr, keyboard=sys.stdin).run()
