"""The window answers all the time, however slow or busy the work is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QPlainTextEdit

from setup_wizard.engine import Applied, Listing
from setup_wizard.flow import Step
from setup_wizard.scripts import Action, Result, Statement
from tests.gui.driver import Driver
from tests.gui.fake_engine import FakeEngine, make_plan
from tests.gui.pulse import Pulse, steady

MANY = 20_000


@pytest.mark.parametrize(
    ("verb", "step"),
    [
        ("check", Step.CONNECTION),
        ("surroundings", Step.CONNECTION),
        ("fix start_service", Step.CONNECTION),
        ("plan", Step.PLAN),
        ("apply", Step.RUN),
        ("tables", Step.DONE),
    ],
)
def test_a_slow_verb_does_not_stop_the_window(drive: Driver, verb: str, step: Step) -> None:
    def attempt() -> float:
        started = not verb.startswith("fix")
        engine = FakeEngine(service_runs=started, database_exists=True, seconds={verb: 0.5})
        drive.open(engine)
        with Pulse() as pulse:
            drive.go_to(step)
            if not started:
                drive.enter()
        assert verb in engine.calls
        return pulse.longest_ms

    assert steady(attempt)


class Flood(FakeEngine):
    """A script of 20,000 statements, and as many tables afterwards."""

    def plan(self, *_arguments: object) -> object:  # type: ignore[override]
        plan = make_plan()
        statements = tuple(Statement("SELECT 1", line + 1) for line in range(MANY))
        script = replace(plan.scripts[0], statements=statements, text="SELECT 1;\n" * MANY)
        items = tuple(replace(plan.items[0], object=f"t{n}") for n in range(MANY))
        return replace(plan, scripts=(script,), items=items)

    def apply(self, _job, _plan, _deadline, on_result) -> Applied:  # type: ignore[no-untyped-def, override]
        results = tuple(Result("big.sql", line + 1, "SELECT 1", 0.0) for line in range(MANY))
        for result in results:
            on_result(result)
        return Applied(results, make_plan(Action.SAME), 1.0)

    def tables(self, *_arguments: object) -> Listing:
        rows = tuple(("public", f"t{n}", "table", "postgres") for n in range(MANY))
        return Listing("".join(f" public | t{n}\n" for n in range(MANY)), rows)


@pytest.mark.parametrize("step", [Step.PLAN, Step.RUN, Step.DONE])
def test_a_flood_of_news_does_not_stop_the_window(drive: Driver, step: Step) -> None:
    def attempt() -> float:
        drive.open(Flood(service_runs=True, database_exists=True))
        drive.go_to(Step(step - 1))
        with Pulse() as pulse:
            drive.enter()
            drive.qtbot.wait(300)
        assert drive.step is step
        if step is Step.RUN:
            assert drive.find(QPlainTextEdit, "runLog").blockCount() == MANY
        return pulse.longest_ms

    assert steady(attempt)
