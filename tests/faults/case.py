"""A case: something that goes wrong while the wizard works, and the finding that it ends in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Literal

import psycopg

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.engine import Engine, Job
from setup_wizard.errors import KnownError
from setup_wizard.machine import this_machine
from setup_wizard.scripts import Result
from setup_wizard.target import Target, read_settings
from tests.projects import url_of
from tests.servers import Victim, conninfo

SCRIPT: Final = """\
CREATE TABLE one (id integer PRIMARY KEY, note text);
INSERT INTO one SELECT n, 'note' FROM generate_series(1, 100) AS n ON CONFLICT DO NOTHING;
CREATE INDEX one_note ON one (note);
"""

_numbers = count(1)


class Scene:
    """A wizard, a server of its own and a fresh database; cases change what they like.

    ``script`` is what is applied; ``meanwhile`` is called when its first statement has run.
    """

    def __init__(self, victim: Victim, folder: Path) -> None:
        self.victim = victim
        self.folder = folder
        self.script = SCRIPT
        self.meanwhile: Callable[[], None] = lambda: None
        self.database = victim.database(f"fault_{next(_numbers)}")
        self.engine = Engine(this_machine(), environ={})
        victim.run(f"CREATE DATABASE {self.database.database}")
        victim.run("CREATE TABLE held (n integer)", database=self.database.database)

    def run(self, verb: str, target: Target, seconds: float) -> Finding:
        """Let the wizard do ``verb``; return the first finding that is not good."""
        job, deadline = self._job(target), Deadline(seconds)
        try:
            if verb == "check":
                return self._check(job, deadline)
            plan = self.engine.plan(self._job(self.database), Deadline(20))
            self.engine.apply(job, plan, deadline, self._noting())
        except KnownError as error:
            return Finding.from_error(verb, error)
        return Finding(verb, Status.OK, "ready", verb)

    def goes_on(self) -> None:
        """The same engine must now do everything, on the server as it should be."""
        self.script, self.meanwhile = SCRIPT, lambda: None
        for verb in ("apply", "check"):
            finding = self.run(verb, self.database, 20)
            assert finding.code == "ready", finding

    @property
    def password(self) -> str:
        assert self.database.password
        return self.database.password.reveal()

    def snapshot(self) -> list[tuple[object, ...]]:
        """What the database holds."""
        with psycopg.connect(**conninfo(self.database)) as connection:
            return connection.execute(
                "SELECT nspname, relname, relkind, relnatts, (SELECT count(*) FROM held) "
                "FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1, 2"
            ).fetchall()

    def _check(self, job: Job, deadline: Deadline) -> Finding:
        findings = self.engine.check(job, deadline)
        broken = (finding for finding in findings if finding.status is Status.FAIL)
        return next(broken, findings[-1])

    def _job(self, target: Target) -> Job:
        script = self.folder / "script.sql"
        script.write_text(self.script, encoding="utf-8")
        options = "&".join(f"{name}={value}" for name, value in target.options.items())
        url = f"{url_of(target)}?{options}" if options else url_of(target)
        return Job(None, read_settings(None, {"DATABASE_URL": url}), (script,))

    def _noting(self) -> Callable[[Result], None]:
        waiting = [self.meanwhile]

        def note(_result: Result) -> None:
            if waiting:
                waiting.pop()()

        return note


Inject = Callable[[Scene], AbstractContextManager[Target]]


@dataclass(frozen=True)
class Case:
    """``inject`` makes the trouble and says where to connect to; afterwards it has gone.

    ``seconds`` is the wizard's time limit; ``told``: what the user must be told; ``saved``: the
    trouble comes after the commit was sent, so the changes may have been saved, but only as a
    whole.
    """

    name: str
    verb: Literal["check", "apply"]
    code: str
    inject: Inject
    seconds: float = 10
    saved: bool = False
    told: str = ""


def adding_to(
    cases: list[Case],
) -> Callable[..., Callable[[Inject], Inject]]:
    """Return a decorator that adds a case to a list, in the order in which they are written."""

    def case(
        name: str,
        code: str,
        verb: Literal["check", "apply"] = "check",
        *,
        seconds: float = 10,
        saved: bool = False,
        told: str = "",
    ) -> Callable[[Inject], Inject]:
        def add(inject: Inject) -> Inject:
            cases.append(Case(name, verb, code, inject, seconds, saved, told))
            return inject

        return add

    return case


def table(cases: Iterable[Case]) -> str:
    """Write the cases as a table in Markdown."""
    rows = [
        ("What happens", "While", "Finding", "At the latest after", "The database afterwards"),
        ("---", "---", "---", "--:", "---"),
        *(
            (
                case.name,
                f"`{case.verb}`",
                f"`{case.code}`",
                f"{case.seconds:g} s",
                "saved whole or not at all, and says so" if case.saved else "unchanged",
            )
            for case in cases
        ),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
