"""Refusals of real servers through the whole chain of checks: one finding, the right one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.engine import Engine, Job
from setup_wizard.machine import ServiceState
from setup_wizard.secret import Secret
from setup_wizard.target import Target, read_settings
from tests.database.test_decoding import LANGUAGES, SPEECHES
from tests.fake_server import Answer, fake_server
from tests.fakes import FakeMachine, windows_service
from tests.projects import url_of
from tests.recordings import RECORDINGS, recordings

ATTEMPTS: Final = {"3D000": 3, "42704": 2}
"""Which databases there are is asked in two others; for 42704 see tests/database."""

CHECKS: Final = {
    "login_rejected": "login",
    "login_not_allowed": "login",
    "database_missing": "database",
    "database_closed": "database",
    "connect_not_allowed": "database",
}
"""The others are the check of the server's."""


MACHINE: Final = FakeMachine(refuses_at_once=True)


def broken(port: int, database: str, machine: FakeMachine = MACHINE) -> Finding:
    target = Target("127.0.0.1", port, database, "app", Secret("canary"))
    settings = read_settings(None, {"DATABASE_URL": url_of(target)})
    job = Job(project=None, saved=settings, scripts=())
    findings = Engine(machine, environ={}).check(job, Deadline(20))
    [failed] = [finding for finding in findings if finding.status is Status.FAIL]
    waiting = findings[findings.index(failed) + 1 : -1]
    assert {finding.evidence.get("because") for finding in waiting} <= {failed.check}
    assert "canary" not in repr(findings)
    return failed


@contextmanager
def replaying(answers: list[tuple[str, Answer]]) -> Iterator[int]:
    repeated = [a for state, a in answers for _attempt in range(ATTEMPTS.get(state, 1))]
    with fake_server(*repeated) as port:
        yield port


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recorded(path: Path) -> None:
    cases = recordings(path)
    with replaying([(case.sqlstate, case.answer) for case in cases]) as port:
        findings = [broken(port, case.database) for case in cases]
    for case, finding in zip(cases, findings, strict=True):
        check = CHECKS.get(case.cause, "server")
        assert (case.name, finding.code, finding.check) == (case.name, case.cause, check)
        assert finding.evidence["sqlstate"] == case.sqlstate
        assert "\ufffd" not in finding.server_text


@pytest.mark.parametrize(
    ("state", "code"),
    [(ServiceState.STOPPING, "server_stopping"), (ServiceState.STARTING, "server_starting")],
)
def test_a_server_that_stops_is_known_by_its_service(state: ServiceState, code: str) -> None:
    [shutting_down] = [r for r in recordings(RECORDINGS[0]) if r.name == "shutting_down"]
    with fake_server(shutting_down.answer) as port:
        machine = FakeMachine([windows_service(state, port=port)], refuses_at_once=True)
        assert broken(port, "any", machine).code == code


MEANINGS: Final = {
    "28P01": "login_rejected",
    "28000": "login_not_allowed",
    "3D000": "database_missing",
    "55000": "database_closed",
    "42501": "connect_not_allowed",
    "53300": "too_many_connections",
    "57P03": "server_starting",
    "42704": "connection_failed",
}


@pytest.mark.parametrize(("language", "encoding"), SPEECHES)
def test_translated(language: str, encoding: str) -> None:
    spoken = LANGUAGES[language]
    texts = {
        message["sqlstate"]: message["text"].replace("{database}", "no_such_db")
        for message in spoken["messages"].values()
    }
    answers = [
        (state, Answer(error(spoken["severity"], state, text, encoding).hex()))
        for state, text in texts.items()
    ]
    with replaying(answers) as port:
        findings = [broken(port, "no_such_db") for _state in texts]
    for (state, text), finding in zip(texts.items(), findings, strict=True):
        assert (finding.code, finding.server_text) == (MEANINGS[state], text)


def error(severity: str, sqlstate: str, text: str, encoding: str) -> bytes:
    """Write an ErrorResponse as a server does."""
    fields = [
        b"S" + severity.encode(encoding),
        b"VFATAL",
        b"C" + sqlstate.encode(),
        b"M" + text.encode(encoding),
        b"Fpostinit.c",
        b"L948",
        b"RInitPostgres",
    ]
    body = b"\0".join(fields) + b"\0\0"
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body
