"""The wizard's brain, fed with states and asked for the next step; no Qt anywhere."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from setup_wizard import flow
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.engine import Applied, Job
from setup_wizard.flow import Outcome, Step, Task, WizardState
from setup_wizard.scripts import Action
from setup_wizard.secret import Secret
from tests.gui.fake_engine import CREATE, PROJECT, SCRIPT, make_plan, ok, settings, skipped

JOB = Job(PROJECT, settings(), (SCRIPT,))
OPENED = WizardState(projects=(PROJECT,), project=PROJECT, job=JOB)
BROKEN = Finding("database", Status.FAIL, "database_missing", "It is missing", fixes=(CREATE,))
CHECKED = replace(OPENED, findings=(ok("env", "The file"), ok("login", "Login")), checked=True)
APPLIED = Applied((), make_plan(Action.SAME), 1.0)


def test_the_state_is_never_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        OPENED.checked = True  # type: ignore[misc]


def test_the_steps_follow_each_other() -> None:
    state = replace(CHECKED, plan=make_plan())
    following = [flow.next_step(step, state) for step in Step]
    assert following == [Step.CONNECTION, Step.PLAN, Step.RUN, Step.DONE, None]


@pytest.mark.parametrize("action", [Action.SAME, Action.DIFFERS])
def test_nothing_to_run_leads_past_the_run(action: Action) -> None:
    assert flow.next_step(Step.PLAN, replace(CHECKED, plan=make_plan(action))) is Step.DONE


def test_no_project_yet_stops_on_the_first_page() -> None:
    assert not flow.may_go_on(Step.PROJECT, WizardState())
    assert flow.may_go_on(Step.PROJECT, OPENED)
    assert not flow.may_go_on(Step.PROJECT, OPENED.started(Task.OPEN))


def test_an_environment_without_project_may_go_on_when_it_says_everything() -> None:
    state = replace(OPENED, project=None, job=replace(JOB, project=None))
    assert flow.may_go_on(Step.PROJECT, state)
    nothing = replace(settings(), target=None)
    state = replace(state, job=Job(None, nothing, (SCRIPT,)))
    assert not flow.may_go_on(Step.PROJECT, state)
    assert str(flow.status_line(Step.PROJECT, state)) == "Please choose the folder of your project"


@pytest.mark.parametrize(
    ("state", "may", "line"),
    [
        (OPENED.started(Task.CHECK), False, "Checking …"),
        (CHECKED, True, "localhost:5432 · real_estate"),
        (replace(CHECKED, findings=(BROKEN,)), False, "One thing left to solve"),
        (replace(CHECKED, findings=(skipped("login", "Login"),)), True, "localhost:5432"),
        (CHECKED.started(Task.FIX), False, "localhost:5432"),
        (replace(CHECKED, fix=CREATE).started(Task.FIX), False, "Create real_estate …"),
    ],
)
def test_the_connection_lets_on_when_nothing_is_broken(
    state: WizardState, may: bool, line: str
) -> None:
    assert flow.may_go_on(Step.CONNECTION, state) is may
    assert str(flow.status_line(Step.CONNECTION, state)).startswith(line)


def test_a_run_ends_the_way_back() -> None:
    assert flow.may_go_back(Step.RUN, CHECKED)
    assert not flow.may_go_back(Step.RUN, CHECKED.started(Task.APPLY))
    assert not flow.may_go_back(Step.RUN, replace(CHECKED, applied=APPLIED))
    assert not flow.may_go_back(Step.PROJECT, CHECKED)


@pytest.mark.parametrize(
    ("action", "label"),
    [
        (Action.CREATE, "Create the &tables"),
        (Action.RUN, "&Run the script"),
        (Action.SAME, "&Next"),
        (Action.DIFFERS, "Show the &tables"),
    ],
)
def test_the_primary_button_names_the_action(action: Action, label: str) -> None:
    assert str(flow.primary_label(Step.PLAN, replace(CHECKED, plan=make_plan(action)))) == label


def test_enter_presses_the_first_fix_of_the_first_broken_link() -> None:
    second = replace(BROKEN, fixes=())
    assert flow.next_fix(replace(CHECKED, findings=(BROKEN, second))) is CREATE
    assert flow.next_fix(replace(OPENED, findings=(BROKEN,))) is None
    assert flow.next_fix(CHECKED) is None


def test_typing_makes_everything_unchecked_and_typing_it_back_forgets_it() -> None:
    state = CHECKED.with_typed("host", "db.example.com")
    assert state.job is not None
    assert state.job.typed == {"host": "db.example.com"}
    assert not state.checked
    assert flow.value_of(state.job, "host") == "db.example.com"
    back = state.with_typed("host", "localhost")
    assert back.job is not None
    assert back.job.typed == {}


def test_a_typed_password_is_a_secret() -> None:
    state = CHECKED.with_typed("password", "sesame")
    assert state.job is not None
    assert state.job.typed["password"] == Secret("sesame")
    assert "sesame" not in repr(state)


def test_another_project_forgets_what_was_found_out() -> None:
    done = (FixOffer("start_service", "Start x", ""),)
    state = replace(CHECKED, plan=make_plan(), changed=done).with_project(None)
    assert state == WizardState(projects=(PROJECT,), changed=done)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (replace(CHECKED, plan=make_plan(), applied=APPLIED), Outcome.CREATED),
        (replace(CHECKED, plan=make_plan(Action.SAME)), Outcome.ALREADY_THERE),
        (replace(CHECKED, plan=make_plan(Action.DIFFERS)), Outcome.DIFFERS),
        (
            replace(CHECKED, applied=replace(APPLIED, proof=make_plan(Action.DIFFERS))),
            Outcome.DIFFERS,
        ),
    ],
)
def test_the_outcome(state: WizardState, expected: Outcome) -> None:
    assert flow.outcome(state) is expected


def test_a_skipped_run_is_not_shown_as_done() -> None:
    state = replace(CHECKED, plan=make_plan(Action.SAME))
    shown = [flow.progress(step, Step.DONE, state) for step in Step]
    assert shown == ["done", "done", "done", "skipped", "finished"]
    state = replace(CHECKED, plan=make_plan(Action.DIFFERS))
    assert flow.progress(Step.DONE, Step.DONE, state) == "now"
    assert [flow.progress(step, Step.CONNECTION, CHECKED) for step in Step] == [
        "done",
        "now",
        "to_come",
        "to_come",
        "to_come",
    ]


def test_stopping_says_what_stays() -> None:
    done = tuple(FixOffer("any", label, "") for label in ("&Start x", "Create y"))
    running = replace(CHECKED, changed=done).started(Task.APPLY)
    assert str(flow.stop_note(running)) == (
        "The script runs in one piece, so everything it has done is taken back. "
        "This is done already, and stays: Start x, Create y."
    )


def test_every_step_has_a_title_and_a_lead_in_every_state() -> None:
    states = [
        WizardState(),
        OPENED,
        CHECKED,
        replace(CHECKED, trouble=BROKEN),
        *(replace(CHECKED, plan=make_plan(action)) for action in Action),
        replace(CHECKED, plan=make_plan(), applied=APPLIED),
    ]
    for state in states:
        for step in Step:
            for sentence in (flow.title(step, state), flow.lead(step, state)):
                assert str(sentence)
            assert str(flow.primary_label(step, state))
