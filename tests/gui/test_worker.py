"""The worker: results by signal, in the thread of the window, and only those still wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from pytestqt.qtbot import QtBot

from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.gui.worker import Report, Worker


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def until_cancelled(deadline: Deadline) -> None:
    while True:
        deadline.sleep(Deadline.STEP)


def test_results_arrive_in_the_thread_of_the_window(qtbot: QtBot, worker: Worker) -> None:
    reports: list[threading.Thread] = []
    failed: list[Exception] = []
    heard: list[tuple[threading.Thread, threading.Thread]] = []

    def work(report: Report[threading.Thread]) -> threading.Thread:
        report(threading.current_thread())
        return threading.current_thread()

    def done(thread: threading.Thread) -> None:
        heard.append((thread, threading.current_thread()))

    worker.run("a", work, done=done, failed=failed.append, reported=reports.extend)
    qtbot.waitUntil(lambda: bool(heard))
    thread, here = heard[0]
    assert reports == [thread]
    assert thread is not here
    assert here is threading.current_thread()


def test_what_goes_wrong_is_delivered(qtbot: QtBot, worker: Worker) -> None:
    heard: list[Exception] = []
    worker.run("a", lambda _report: 1 / 0, done=lambda _: None, failed=heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    assert isinstance(heard[0], ZeroDivisionError)


def test_a_new_run_replaces_the_former_one(qtbot: QtBot, worker: Worker) -> None:
    heard: list[str] = []
    failed: list[Exception] = []
    first = Deadline(30)

    def stubborn(_report: object) -> str:
        with suppress(Cancelled):
            until_cancelled(first)
        return "late"

    worker.run("a", stubborn, done=heard.append, failed=failed.append, deadline=first)
    worker.run("a", lambda _report: "new", done=heard.append, failed=failed.append)
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(200)
    assert heard == ["new"]
    assert failed == []


def test_cancel_is_delivered_as_how_it_ended(qtbot: QtBot, worker: Worker) -> None:
    failed: list[Exception] = []
    deadline = Deadline(30)
    worker.run(
        "a",
        lambda _report: until_cancelled(deadline),
        done=lambda _: None,
        failed=failed.append,
        deadline=deadline,
    )
    worker.cancel("a")
    qtbot.waitUntil(lambda: bool(failed))
    assert isinstance(failed[0], Cancelled)


def test_closing_ends_what_obeys_and_does_not_wait_for_what_does_not(worker: Worker) -> None:
    deadline = Deadline(30)
    gate = threading.Event()
    obedient = [deadline]
    worker.run(
        "a",
        lambda _report: until_cancelled(obedient[0]),
        done=lambda _: None,
        failed=lambda _: None,
        deadline=deadline,
    )
    started = time.monotonic()
    worker.close()
    assert time.monotonic() - started < 1
    assert deadline.cancelled
    worker.run("b", lambda _report: gate.wait(30), done=lambda _: None, failed=lambda _: None)
    started = time.monotonic()
    worker.close()
    assert 2 < time.monotonic() - started < 5
    gate.set()
