"""How long it takes until the wizard names the one cause, and until Cancel is honoured."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import environment

if TYPE_CHECKING:
    from setup_wizard.engine import Engine, Job
    from setup_wizard.practice import PostgresServer
    from setup_wizard.target import Target

LIMIT = 3.0
"""Seconds: ``--timeout`` for addresses that never answer."""


@dataclass(frozen=True)
class Verdict:
    """``code``: the finding that it must end in; ``aim`` in ms; ``slow``: it takes the limit.

    ``command``: the same as a command of its own, Python's start included; None where the machine
    is not this one.
    """

    name: str
    code: str
    aim: float
    ask: Callable[[], tuple[str, float]]
    command: Callable[[], float] | None = None
    slow: bool = False

    def run(self, runs: int) -> bool:
        """Print the times; return whether the aim was met."""
        runs = 2 if self.slow else runs
        answers = [self.ask() for _ in range(runs + 1)][1:]
        codes = sorted({code for code, _ms in answers})
        median = statistics.median(ms for _code, ms in answers)
        worst = max(ms for _code, ms in answers)
        whole = statistics.median(self.command() for _ in range(runs)) if self.command else None
        met = median <= self.aim and codes == [self.code]
        command = "" if whole is None else f"  as a command {whole:5.0f}"
        print(
            f"{self.name:28} {median:5.0f} ms  worst {worst:5.0f}  aim {self.aim:5.0f} "
            f"{'met' if met else 'MISSED':6}  {', '.join(codes):18}{command}",
            flush=True,
        )
        return met


def main(runs: int, only: list[str]) -> int:
    """Print the table; return 1 when an aim was missed."""
    with _verdicts() as verdicts:
        chosen = [verdict for verdict in verdicts if all(word in verdict.name for word in only)]
        met = [verdict.run(runs) for verdict in chosen]
    return int(not all(met))


@contextmanager
def _verdicts() -> Iterator[list[Verdict]]:
    sys.path.insert(0, str(environment.ROOT))
    from setup_wizard.deadline import Deadline
    from setup_wizard.practice import PostgresServer, postgres_binaries, throwaway_folder
    from tests.relay import black_hole

    with throwaway_folder() as folder:
        server = PostgresServer(postgres_binaries(), folder / "server")
        server.initialize(Deadline(120))
        server.start(Deadline(120))
        try:
            with black_hole() as port:
                yield list(_list_verdicts(folder, server, port))
        finally:
            server.stop()


def _list_verdicts(folder: Path, server: PostgresServer, black_hole: int) -> Iterator[Verdict]:
    from setup_wizard.engine import Engine
    from setup_wizard.machine import this_machine
    from setup_wizard.secret import Secret
    from setup_wizard.target import Target
    from tests.fakes import FakeMachine, windows_service

    good = Target("127.0.0.1", server.port, "postgres", "postgres", server.password)
    windows = Engine(FakeMachine([windows_service(port=1)]), environ={})
    here = Engine(this_machine(), environ={})

    def verdict(name: str, code: str, aim: float, target: Target, *, slow: bool = False) -> Verdict:
        return Verdict(
            name,
            code,
            aim,
            lambda: _check(here, _job(target)),
            lambda: _command(folder, target),
            slow,
        )

    closed = replace(good, port=1)
    nowhere = replace(good, port=black_hole)
    stopped = "stopped service (Windows)"
    yield Verdict(stopped, "service_stopped", 300, lambda: _check(windows, _job(closed)))
    yield verdict("nobody listens", "connection_refused", 300, closed)
    wrong = replace(good, password=Secret("wrong"))
    yield verdict("wrong password", "login_rejected", 1000, wrong)
    yield verdict("missing database", "database_missing", 1000, replace(good, database="missing"))
    limit = LIMIT * 1000 + 200
    unknown = replace(good, host="no-such-host.invalid")
    yield verdict("unknown host", "host_unknown", limit, unknown)
    yield verdict("blackholed address", "no_answer", limit, nowhere, slow=True)
    yield Verdict("Cancel while connecting", "cancelled", 200, lambda: _cancel(here, _job(nowhere)))


def _command(folder: Path, target: Target) -> float:
    from setup_wizard.target import new_url

    surroundings = {**os.environ, "DATABASE_URL": new_url(target).reveal()}
    wizard = str(Path(sys.executable).with_name("setup-wizard"))
    start = time.perf_counter()
    subprocess.run(
        [wizard, "check", "--timeout", f"{LIMIT:g}"],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        check=False,
    )
    return (time.perf_counter() - start) * 1000


def _job(target: Target) -> Job:
    from setup_wizard.engine import BUNDLED_SCRIPT, Job
    from setup_wizard.target import new_url, read_settings

    settings = read_settings(None, {"DATABASE_URL": new_url(target).reveal()})
    return Job(None, settings, (environment.ROOT / BUNDLED_SCRIPT,))


def _check(engine: Engine, job: Job) -> tuple[str, float]:
    """Return the verdict, and the milliseconds until it was said."""
    from setup_wizard.deadline import Deadline
    from setup_wizard.diagnosis.finding import Finding, Status

    said: list[tuple[str, float]] = []

    def note(finding: Finding) -> None:
        if finding.status is Status.FAIL and not said:
            said.append((finding.code, (time.perf_counter() - start) * 1000))

    start = time.perf_counter()
    engine.check(job, Deadline(LIMIT), note)
    return said[0] if said else ("ready", (time.perf_counter() - start) * 1000)


def _cancel(engine: Engine, job: Job) -> tuple[str, float]:
    from setup_wizard.deadline import Cancelled, Deadline

    deadline = Deadline(20)
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.perf_counter())
        deadline.cancel()

    timer = Timer(0.5, press)
    timer.start()
    try:
        engine.check(job, deadline)
    except Cancelled:
        return "cancelled", (time.perf_counter() - pressed[0]) * 1000
    finally:
        timer.join()
    return "ready", 0
